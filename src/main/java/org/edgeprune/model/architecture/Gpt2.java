package org.edgeprune.model.architecture;

import java.util.List;
import org.edgeprune.model.Architecture;
import org.edgeprune.model.Decoder;
import org.edgeprune.model.DotProductAttention;
import org.edgeprune.model.Embedding;
import org.edgeprune.model.HeadProjection;
import org.edgeprune.model.Linear;
import org.edgeprune.model.Linear.Bias;
import org.edgeprune.model.Mlp;
import org.edgeprune.model.ModelConfig;
import org.edgeprune.model.ModelSizes;
import org.edgeprune.model.Norm;
import org.edgeprune.model.NormKind;
import org.edgeprune.model.Parameters;
import org.edgeprune.model.SelfAttention;
import org.edgeprune.model.Unembedding;
import org.edgeprune.torch.Tensor;

/**
 * GPT-2 (Radford et al. 2019) from HuggingFace checkpoints, with or without the {@code transformer.} prefix in
 * parameter names.
 */
public final class Gpt2 implements Architecture {
    /** HuggingFace's {@code model_type}. */
    static final String MODEL_TYPE = "gpt2";

    /** For {@link java.util.ServiceLoader}. */
    public Gpt2() {}

    @Override
    public List<String> modelTypes() {
        return List.of(MODEL_TYPE);
    }

    @Override
    public Decoder decoder(ModelConfig config) {
        return decoder(Gpt2Config.of(config));
    }

    /**
     * The decoder that a configuration describes.
     *
     * @param config GPT-2's configuration
     * @return the model without weights
     */
    public static Decoder decoder(Gpt2Config config) {
        return new Parts(config);
    }

    private record Parts(Gpt2Config config) implements Decoder {
        @Override
        public ModelSizes sizes() {
            return config.sizes();
        }

        private static String prefix(Parameters p) {
            return p.has("transformer.wte.weight") ? "transformer." : "";
        }

        private static String layer(Parameters p, int layer) {
            return prefix(p) + "h." + layer + ".";
        }

        private Tensor tokenEmbedding(Parameters p) {
            return p.get(prefix(p) + "wte.weight", config.vocabSize(), config.hiddenSize());
        }

        @Override
        public Embedding embedding(Parameters p) {
            Tensor tokens = tokenEmbedding(p);
            return Embedding.tokensAndPositions(
                    tokens, p.get(prefix(p) + "wpe.weight", config.maxPositions(), config.hiddenSize()));
        }

        @Override
        public SelfAttention attention(Parameters p, int layer) {
            String name = layer(p, layer);
            int hidden = config.hiddenSize();
            // Query, key and value side by side.
            Linear fused = Linear.columns(p, name + "attn.c_attn", hidden, 3L * hidden, Bias.PRESENT);
            Linear output = Linear.columns(p, name + "attn.c_proj", hidden, hidden, Bias.PRESENT);
            double scale = config.scaleAttention() ? 1 / Math.sqrt((double) hidden / config.heads()) : 1;
            if (config.scaleByInverseLayer()) {
                scale /= layer + 1;
            }
            return SelfAttention.of(
                            norm(p, name + "ln_1"),
                            new HeadProjection(fused.outputs(p, 0, hidden), config.heads()),
                            new HeadProjection(fused.outputs(p, hidden, hidden), config.heads()),
                            new HeadProjection(fused.outputs(p, 2L * hidden, hidden), config.heads()))
                    .scores(DotProductAttention.causal(scale))
                    .output(p, output);
        }

        @Override
        public Mlp mlp(Parameters p, int layer) {
            String name = layer(p, layer);
            int hidden = config.hiddenSize();
            int inner = config.innerSize();
            return Mlp.plain(
                    norm(p, name + "ln_2"),
                    Linear.columns(p, name + "mlp.c_fc", hidden, inner, Bias.PRESENT),
                    config.activation(),
                    Linear.columns(p, name + "mlp.c_proj", inner, hidden, Bias.PRESENT));
        }

        @Override
        public Unembedding unembedding(Parameters p) {
            Norm norm = norm(p, prefix(p) + "ln_f");
            Linear words = Linear.ofRows(
                    p,
                    p.unembedding(
                            config.tiedHead(),
                            "lm_head.weight",
                            prefix(p) + "wte.weight",
                            config.vocabSize(),
                            config.hiddenSize()));
            return Unembedding.of(norm, words);
        }

        private Norm norm(Parameters p, String name) {
            return new NormKind.Layer(config.layerNormEpsilon()).of(p, name, config.hiddenSize());
        }
    }
}
