package org.edgeprune.model;

import java.util.List;
import org.edgeprune.torch.Tensor;

/**
 * GPT-2 (Radford et al. 2019) from HuggingFace checkpoints, with or without the {@code transformer.} prefix in
 * parameter names.
 */
public record Gpt2(Gpt2Config config) implements Architecture {
    @Override
    public ModelSizes sizes() {
        return config.sizes();
    }

    private static String prefix(Parameters p) {
        return p.has("transformer.wte.weight") ? "transformer." : "";
    }

    private Tensor tokenEmbedding(Parameters p) {
        return p.get(prefix(p) + "wte.weight", config.vocabSize(), config.hiddenSize());
    }

    @Override
    public Embedding embedding(Parameters p) {
        Tensor tokens = tokenEmbedding(p);
        Tensor positions = p.get(prefix(p) + "wpe.weight", config.maxPositions(), config.hiddenSize());
        return batch -> List.of(tokens.indexSelect(0, batch.ids()), positions.indexSelect(0, batch.positions()));
    }

    @Override
    public SelfAttention attention(Parameters p, int layer) {
        String name = prefix(p) + "h." + layer + ".";
        int hidden = config.hiddenSize();
        Tensor weight = p.get(name + "attn.c_attn.weight", hidden, 3L * hidden);
        Tensor bias = p.get(name + "attn.c_attn.bias", 3L * hidden);
        Tensor output = p.get(name + "attn.c_proj.weight", hidden, hidden);
        Tensor outputBias = p.get(name + "attn.c_proj.bias", hidden);
        double scale = config.scaleAttention() ? 1 / Math.sqrt((double) hidden / config.heads()) : 1;
        if (config.scaleByInverseLayer()) {
            scale /= layer + 1;
        }
        return new SelfAttention(
                norm(p, name + "ln_1"),
                columns(p, weight, bias, 0),
                columns(p, weight, bias, 1),
                columns(p, weight, bias, 2),
                p.own(() -> output.view(config.heads(), -1, hidden)),
                outputBias,
                scale,
                true);
    }

    /** c_attn holds query, key and value side by side. */
    private HeadProjection columns(Parameters p, Tensor weight, Tensor bias, int part) {
        long hidden = config.hiddenSize();
        return new HeadProjection(
                p.own(() -> weight.narrow(1, part * hidden, hidden)),
                p.own(() -> bias.narrow(0, part * hidden, hidden)),
                config.heads());
    }

    @Override
    public Mlp mlp(Parameters p, int layer) {
        String name = prefix(p) + "h." + layer + ".";
        int hidden = config.hiddenSize();
        int inner = config.innerSize();
        Norm norm = norm(p, name + "ln_2");
        Tensor up = p.get(name + "mlp.c_fc.weight", hidden, inner);
        Tensor upBias = p.get(name + "mlp.c_fc.bias", inner);
        Tensor down = p.get(name + "mlp.c_proj.weight", inner, hidden);
        Tensor downBias = p.get(name + "mlp.c_proj.bias", hidden);
        return x -> Tensor.addmm(downBias, config.activation().apply(Tensor.addmm(upBias, norm.apply(x), up)), down);
    }

    @Override
    public Unembedding unembedding(Parameters p) {
        Norm norm = norm(p, prefix(p) + "ln_f");
        Tensor words = config.tiedHead()
                ? tokenEmbedding(p)
                : p.get("lm_head.weight", config.vocabSize(), config.hiddenSize());
        return residual -> norm.apply(residual).linear(words, null);
    }

    private Norm norm(Parameters p, String name) {
        return new Norm.LayerNorm(
                p.get(name + ".weight", config.hiddenSize()),
                p.get(name + ".bias", config.hiddenSize()),
                config.layerNormEpsilon());
    }
}
