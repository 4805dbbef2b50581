package org.edgeprune.model;

import java.util.List;
import org.edgeprune.torch.Tensor;

/**
 * Transformers compiled by Tracr (Lindner et al. 2023): no norms, ReLU MLPs, bidirectional or causal attention, token
 * and position embeddings. Outputs are the residual stream times the unembedding, or the residual stream itself where
 * there is none.
 */
public record Tracr(TracrConfig config) implements Architecture {
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
        Tensor positions = p.get("pos_embed", config.maxPositions(), config.modelSize());
        return batch -> List.of(tokens.indexSelect(0, batch.ids()), positions.indexSelect(0, batch.positions()));
    }

    @Override
    public SelfAttention attention(Parameters p, int layer) {
        String name = "layer_" + layer + ".attn.";
        int model = config.modelSize();
        Tensor output = p.get(name + "w_o", (long) config.heads() * config.keySize(), model);
        return new SelfAttention(
                new Norm.Identity(),
                projection(p, name, "q"),
                projection(p, name, "k"),
                projection(p, name, "v"),
                p.own(() -> output.view(config.heads(), config.keySize(), model)),
                p.get(name + "b_o", model),
                1 / Math.sqrt(config.keySize()),
                config.causal());
    }

    private HeadProjection projection(Parameters p, String name, String which) {
        long width = (long) config.heads() * config.keySize();
        return new HeadProjection(
                p.get(name + "w_" + which, config.modelSize(), width),
                p.get(name + "b_" + which, width),
                config.heads());
    }

    @Override
    public Mlp mlp(Parameters p, int layer) {
        String name = "layer_" + layer + ".mlp.";
        Tensor up = p.get(name + "w_up", config.modelSize(), config.mlpSize());
        Tensor upBias = p.get(name + "b_up", config.mlpSize());
        Tensor down = p.get(name + "w_down", config.mlpSize(), config.modelSize());
        Tensor downBias = p.get(name + "b_down", config.modelSize());
        return x -> Tensor.addmm(downBias, Tensor.addmm(upBias, x, up).relu(), down);
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
