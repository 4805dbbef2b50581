package org.edgeprune.model.architecture;

import java.util.List;
import org.edgeprune.model.Architecture;
import org.edgeprune.model.Decoder;
import org.edgeprune.model.Embedding;
import org.edgeprune.model.HeadMap;
import org.edgeprune.model.HeadProjection;
import org.edgeprune.model.Linear;
import org.edgeprune.model.Linear.Bias;
import org.edgeprune.model.Mlp;
import org.edgeprune.model.ModelConfig;
import org.edgeprune.model.ModelSizes;
import org.edgeprune.model.Norm;
import org.edgeprune.model.Parameters;
import org.edgeprune.model.SelfAttention;
import org.edgeprune.model.Unembedding;
import org.edgeprune.torch.Tensor;

/**
 * GPT-NeoX (Black et al. 2022) and Pythia, from HuggingFace checkpoints: attention and MLP side by side, rotary
 * positions in a part of each head.
 */
public final class GptNeoX implements Architecture {
    /** For {@link java.util.ServiceLoader}. */
    public GptNeoX() {}

    @Override
    public List<String> modelTypes() {
        return List.of("gpt_neox");
    }

    @Override
    public Decoder decoder(ModelConfig config) {
        return new Parts(GptNeoXConfig.of(config));
    }

    private record Parts(GptNeoXConfig config) implements Decoder {
        @Override
        public ModelSizes sizes() {
            return config.sizes();
        }

        private int hidden() {
            return sizes().hidden();
        }

        private static String layer(int layer) {
            return "gpt_neox.layers." + layer + ".";
        }

        private Tensor tokenEmbedding(Parameters p) {
            return p.get("gpt_neox.embed_in.weight", sizes().vocabulary(), hidden());
        }

        @Override
        public Embedding embedding(Parameters p) {
            return Embedding.tokens(tokenEmbedding(p));
        }

        @Override
        public SelfAttention attention(Parameters p, int layer) {
            String name = layer(layer);
            Bias bias = Bias.of(config.attentionBias());
            Linear fused = Linear.rows(p, name + "attention.query_key_value", hidden(), 3L * hidden(), bias);
            Linear output = Linear.rows(p, name + "attention.dense", hidden(), hidden(), bias);
            return SelfAttention.of(
                            norm(p, name + "input_layernorm"), part(p, fused, 0), part(p, fused, 1), part(p, fused, 2))
                    .headMap(HeadMap.rotary(config.rotary(), p))
                    .output(p, output);
        }

        private HeadProjection part(Parameters p, Linear fused, int part) {
            return HeadProjection.interleaved(p, fused, sizes().graph().heads(), part, 3);
        }

        @Override
        public Mlp mlp(Parameters p, int layer) {
            String name = layer(layer);
            int inner = sizes().inner();
            return Mlp.plain(
                    norm(p, name + "post_attention_layernorm"),
                    Linear.rows(p, name + "mlp.dense_h_to_4h", hidden(), inner, Bias.PRESENT),
                    config.activation(),
                    Linear.rows(p, name + "mlp.dense_4h_to_h", inner, hidden(), Bias.PRESENT));
        }

        @Override
        public Unembedding unembedding(Parameters p) {
            Norm norm = norm(p, "gpt_neox.final_layer_norm");
            Linear words = Linear.ofRows(
                    p,
                    p.unembedding(
                            config.tiedHead(),
                            "embed_out.weight",
                            "gpt_neox.embed_in.weight",
                            sizes().vocabulary(),
                            hidden()));
            return Unembedding.of(norm, words);
        }

        private Norm norm(Parameters p, String name) {
            return config.norm().of(p, name, hidden());
        }
    }
}
