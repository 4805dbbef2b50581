package org.example;

import java.util.List;
import org.edgeprune.model.Activation;
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
import org.edgeprune.model.Parameters;
import org.edgeprune.model.SelfAttention;
import org.edgeprune.model.Unembedding;

/** An architecture: RMSNorm, rotary positions, grouped-query attention, an MLP with ReLU, a tied unembedding. */
public final class NanoRelu implements Architecture {
    @Override
    public List<String> modelTypes() {
        return List.of("nano_relu");
    }

    @Override
    public Decoder decoder(ModelConfig config) {
        return new Parts(NanoReluConfig.of(config));
    }

    /** Names and shapes of the checkpoint's tensors, and what is computed with them. */
    private record Parts(NanoReluConfig config) implements Decoder {
        @Override
        public ModelSizes sizes() {
            return config.sizes();
        }

        @Override
        public Embedding embedding(Parameters p) {
            return Embedding.tokens(p.get("embed.weight", sizes().vocabulary(), sizes().hidden()));
        }

        @Override
        public SelfAttention attention(Parameters p, int layer) {
            String name = "layers." + layer + ".";
            int heads = sizes().graph().heads();
            int kvHeads = sizes().graph().kvHeads();
            long width = (long) heads * sizes().headDim();
            return SelfAttention.of(
                            config.norm().of(p, name + "norm1", sizes().hidden()),
                            projection(p, name + "q", heads),
                            projection(p, name + "k", kvHeads),
                            projection(p, name + "v", kvHeads))
                    .headMap(HeadMap.rotary(config.rotary(), p))
                    .output(p, Linear.rows(p, name + "o", width, sizes().hidden(), Bias.NONE));
        }

        private HeadProjection projection(Parameters p, String name, int heads) {
            long width = (long) heads * sizes().headDim();
            return new HeadProjection(Linear.rows(p, name, sizes().hidden(), width, Bias.NONE), heads);
        }

        @Override
        public Mlp mlp(Parameters p, int layer) {
            String name = "layers." + layer + ".";
            return Mlp.plain(
                    config.norm().of(p, name + "norm2", sizes().hidden()),
                    Linear.rows(p, name + "up", sizes().hidden(), sizes().inner(), Bias.PRESENT),
                    Activation.RELU,
                    Linear.rows(p, name + "down", sizes().inner(), sizes().hidden(), Bias.PRESENT));
        }

        @Override
        public Unembedding unembedding(Parameters p) {
            return Unembedding.of(
                    config.norm().of(p, "norm", sizes().hidden()),
                    Linear.ofRows(p, p.get("embed.weight", sizes().vocabulary(), sizes().hidden())));
        }
    }
}
