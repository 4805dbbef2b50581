package org.edgeprune.model.architecture;

import java.util.List;
import java.util.Optional;
import org.edgeprune.model.Activation;
import org.edgeprune.model.Architecture;
import org.edgeprune.model.Decoder;
import org.edgeprune.model.DotProductAttention;
import org.edgeprune.model.Embedding;
import org.edgeprune.model.HeadProjection;
import org.edgeprune.model.Linear;
import org.edgeprune.model.Mlp;
import org.edgeprune.model.ModelConfig;
import org.edgeprune.model.ModelSizes;
import org.edgeprune.model.Norm;
import org.edgeprune.model.Parameters;
import org.edgeprune.model.SelfAttention;
import org.edgeprune.model.Unembedding;
import org.edgeprune.torch.Tensor;
import org.edgeprune.tracr.files.CompiledModelFiles;

/**
 * Transformers compiled by Tracr (Lindner et al. 2023): no norms, ReLU MLPs, bidirectional or causal attention, token
 * and position embeddings. Outputs are the residual stream times the unembedding, or the residual stream itself where
 * there is none.
 */
public final class Tracr implements Architecture {
    /** For {@link java.util.ServiceLoader}. */
    public Tracr() {}

    @Override
    public List<String> modelTypes() {
        return List.of(CompiledModelFiles.MODEL_TYPE);
    }

    @Override
    public Decoder decoder(ModelConfig config) {
        return new Parts(TracrConfig.of(config));
    }

    private record Parts(TracrConfig config) implements Decoder {
        @Override
        public ModelSizes sizes() {
            return config.sizes();
        }

        @Override
        public int outputs() {
            return config.unembedSize() == 0 ? config.modelSize() : config.unembedSize();
        }

        @Override
        public boolean causal() {
            return config.causal();
        }

        @Override
        public boolean compiled() {
            return true;
        }

        @Override
        public Embedding embedding(Parameters p) {
            Tensor tokens = p.get("token_embed", config.vocabSize(), config.modelSize());
            return Embedding.tokensAndPositions(tokens, p.get("pos_embed", config.maxPositions(), config.modelSize()));
        }

        @Override
        public SelfAttention attention(Parameters p, int layer) {
            String name = "layer_" + layer + ".attn.";
            long width = (long) config.heads() * config.keySize();
            Linear output = linear(p, name, "o", width, config.modelSize());
            double scale = 1 / Math.sqrt(config.keySize());
            return SelfAttention.of(
                            new Norm.Identity(),
                            projection(p, name, "q"),
                            projection(p, name, "k"),
                            projection(p, name, "v"))
                    .scores(
                            config.causal()
                                    ? DotProductAttention.causal(scale)
                                    : DotProductAttention.bidirectional(scale))
                    .output(p, output);
        }

        private HeadProjection projection(Parameters p, String name, String which) {
            long width = (long) config.heads() * config.keySize();
            return new HeadProjection(linear(p, name, which, config.modelSize(), width), config.heads());
        }

        @Override
        public Mlp mlp(Parameters p, int layer) {
            String name = "layer_" + layer + ".mlp.";
            return Mlp.plain(
                    new Norm.Identity(),
                    linear(p, name, "up", config.modelSize(), config.mlpSize()),
                    Activation.RELU,
                    linear(p, name, "down", config.mlpSize(), config.modelSize()));
        }

        /** Weights are stored {@code [in, out]}. */
        private static Linear linear(Parameters p, String name, String which, long in, long out) {
            return new Linear(p.get(name + "w_" + which, in, out), Optional.of(p.get(name + "b_" + which, out)));
        }

        @Override
        public Unembedding unembedding(Parameters p) {
            if (config.unembedSize() == 0) {
                return residual -> residual;
            }
            Tensor words = p.get("unembed", config.modelSize(), config.unembedSize());
            return residual -> residual.matmul(words);
        }
    }
}
