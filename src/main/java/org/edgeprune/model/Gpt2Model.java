package org.edgeprune.model;

import java.util.ArrayList;
import java.util.List;
import org.edgeprune.graph.GraphShape;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.Tensor;

/** GPT-2 (Radford et al. 2019) from HuggingFace checkpoints, with or without the {@code transformer.} prefix in parameter names. */
public final class Gpt2Model implements TransformerModel {
    private final Gpt2Config config;
    private final Device device;
    private final Parameters parameters;
    private final Tensor tokenEmbedding;
    private final Tensor positionEmbedding;
    private final List<SelfAttention> attention = new ArrayList<>();
    private final List<Mlp> mlps = new ArrayList<>();
    private final Norm finalNorm;
    private final Tensor unembedding;

    /** Takes ownership of the weights. */
    public Gpt2Model(Gpt2Config config, Weights weights, Device device) {
        this.config = config;
        this.device = device;
        this.parameters = new Parameters(weights);
        try {
            String prefix = parameters.has("transformer.wte.weight") ? "transformer." : "";
            int hidden = config.hiddenSize();
            this.tokenEmbedding = parameters.get(prefix + "wte.weight", config.vocabSize(), hidden);
            this.positionEmbedding = parameters.get(prefix + "wpe.weight", config.maxPositions(), hidden);
            for (int layer = 0; layer < config.layers(); layer++) {
                String name = prefix + "h." + layer + ".";
                attention.add(attention(name, layer));
                mlps.add(mlp(name));
            }
            this.finalNorm = norm(prefix + "ln_f");
            this.unembedding = config.tiedHead()
                    ? tokenEmbedding
                    : parameters.get("lm_head.weight", config.vocabSize(), hidden);
        } catch (RuntimeException e) {
            parameters.close();
            throw e;
        }
    }

    private Norm norm(String name) {
        return new Norm.LayerNorm(
                parameters.get(name + ".weight", config.hiddenSize()),
                parameters.get(name + ".bias", config.hiddenSize()),
                config.layerNormEpsilon());
    }

    private SelfAttention attention(String name, int layer) {
        int hidden = config.hiddenSize();
        Tensor weight = parameters.get(name + "attn.c_attn.weight", hidden, 3L * hidden);
        Tensor bias = parameters.get(name + "attn.c_attn.bias", 3L * hidden);
        Tensor output = parameters.get(name + "attn.c_proj.weight", hidden, hidden);
        Tensor outputBias = parameters.get(name + "attn.c_proj.bias", hidden);
        double scale = config.scaleAttention() ? 1 / Math.sqrt((double) hidden / config.heads()) : 1;
        if (config.scaleByInverseLayer()) {
            scale /= layer + 1;
        }
        return new SelfAttention(
                norm(name + "ln_1"),
                columns(weight, bias, 0),
                columns(weight, bias, 1),
                columns(weight, bias, 2),
                parameters.own(() -> output.view(config.heads(), -1, hidden)),
                outputBias,
                scale,
                true);
    }

    /** c_attn holds query, key and value side by side. */
    private HeadProjection columns(Tensor weight, Tensor bias, int part) {
        long hidden = config.hiddenSize();
        return new HeadProjection(
                parameters.own(() -> weight.narrow(1, part * hidden, hidden)),
                parameters.own(() -> bias.narrow(0, part * hidden, hidden)),
                config.heads());
    }

    private Mlp mlp(String name) {
        int hidden = config.hiddenSize();
        int inner = config.innerSize();
        Norm norm = norm(name + "ln_2");
        Tensor up = parameters.get(name + "mlp.c_fc.weight", hidden, inner);
        Tensor upBias = parameters.get(name + "mlp.c_fc.bias", inner);
        Tensor down = parameters.get(name + "mlp.c_proj.weight", inner, hidden);
        Tensor downBias = parameters.get(name + "mlp.c_proj.bias", hidden);
        return x -> Tensor.addmm(downBias, config.activation().apply(Tensor.addmm(upBias, norm.apply(x), up)), down);
    }

    @Override
    public String architecture() {
        return "gpt2";
    }

    @Override
    public GraphShape graphShape() {
        return config.graphShape();
    }

    @Override
    public int hiddenSize() {
        return config.hiddenSize();
    }

    @Override
    public int vocabSize() {
        return config.vocabSize();
    }

    @Override
    public int maxPositions() {
        return config.maxPositions();
    }

    @Override
    public Device device() {
        return device;
    }

    @Override
    public List<Tensor> embeddings(TokenBatch batch) {
        batch.requireAtMost(config.maxPositions());
        return List.of(
                tokenEmbedding.indexSelect(0, batch.ids()), positionEmbedding.indexSelect(0, batch.positions()));
    }

    @Override
    public SelfAttention attention(int layer) {
        return attention.get(layer);
    }

    @Override
    public Mlp mlp(int layer) {
        return mlps.get(layer);
    }

    @Override
    public Tensor logits(Tensor residual) {
        return finalNorm.apply(residual).linear(unembedding, null);
    }

    @Override
    public void close() {
        parameters.close();
    }
}
