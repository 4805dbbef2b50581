package org.edgeprune.model;

import java.util.ArrayList;
import java.util.List;
import org.edgeprune.graph.GraphShape;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.Tensor;

/** Llama (Touvron et al. 2023) and its relatives, from HuggingFace checkpoints; {@link LlamaConfig} says in what they differ. */
public final class LlamaModel implements TransformerModel {
    private final LlamaConfig config;
    private final ModelSizes sizes;
    private final Device device;
    private final Parameters parameters;
    private final Tensor tokenEmbedding;
    private final RotaryEmbedding rotary;
    private final List<SelfAttention> attention = new ArrayList<>();
    private final List<Mlp> mlps = new ArrayList<>();
    private final Norm finalNorm;
    private final Tensor unembedding;

    /** Takes ownership of the weights. */
    public LlamaModel(LlamaConfig config, Weights weights, Device device) {
        this.config = config;
        this.sizes = config.sizes();
        this.device = device;
        this.parameters = new Parameters(weights);
        try {
            this.tokenEmbedding = parameters.get("model.embed_tokens.weight", sizes.vocabulary(), sizes.hidden());
            this.rotary = new RotaryEmbedding(config.attention().rotary(), parameters, device);
            for (int layer = 0; layer < sizes.graph().layers(); layer++) {
                String name = "model.layers." + layer + ".";
                attention.add(attention(name, config.attention().windows().get(layer)));
                mlps.add(mlp(name));
            }
            this.finalNorm = norm("model.norm", sizes.hidden());
            this.unembedding = config.tiedHead()
                    ? tokenEmbedding
                    : parameters.get("lm_head.weight", sizes.vocabulary(), sizes.hidden());
        } catch (RuntimeException e) {
            parameters.close();
            throw e;
        }
    }

    private Norm norm(String name, int width) {
        return new Norm.RmsNorm(normWeight(name, width), config.normEpsilon());
    }

    private Tensor normWeight(String name, int width) {
        Tensor weight = parameters.get(name + ".weight", width);
        double offset = config.normOffset();
        return offset == 0 ? weight : parameters.own(() -> weight.add(offset));
    }

    private SelfAttention attention(String name, int window) {
        LlamaConfig.Attention a = config.attention();
        Projections projections = config.fused() ? fused(name) : separate(name);
        String output = name + "self_attn.o_proj.";
        Tensor stored = parameters.get(output + "weight", sizes.hidden(), (long) heads() * a.headDim());
        Tensor outputWeight = parameters.own(stored::t);
        HeadSumNorm sumNorm = null;
        if (config.postNorms()) {
            sumNorm = new HeadSumNorm(outputWeight, config.normEpsilon());
            Tensor scale = normWeight(name + "post_attention_layernorm", sizes.hidden());
            outputWeight = parameters.own(() -> stored.t().mul(scale));
        }
        Tensor joined = outputWeight;
        return new SelfAttention(
                norm(name + "input_layernorm", sizes.hidden()),
                projections.query(),
                projections.key(),
                projections.value(),
                headMap(name + "self_attn.q_norm"),
                headMap(name + "self_attn.k_norm"),
                new DotProductAttention(a.scale(), true, window, a.scoreCap()),
                parameters.own(() -> joined.view(heads(), a.headDim(), sizes.hidden())),
                a.outputBias() ? parameters.get(output + "bias", sizes.hidden()) : null,
                sumNorm);
    }

    private HeadMap headMap(String norm) {
        if (!config.attention().headNorms()) {
            return rotary;
        }
        Norm headNorm = norm(norm, config.attention().headDim());
        return (heads, batch) -> rotary.apply(headNorm.apply(heads), batch);
    }

    private record Projections(HeadProjection query, HeadProjection key, HeadProjection value) {}

    private Projections separate(String name) {
        return new Projections(
                projection(name + "self_attn.q_proj.", heads()),
                projection(name + "self_attn.k_proj.", kvHeads()),
                projection(name + "self_attn.v_proj.", kvHeads()));
    }

    private HeadProjection projection(String name, int heads) {
        long width = (long) heads * config.attention().headDim();
        Tensor weight = parameters.get(name + "weight", width, sizes.hidden());
        Tensor bias = config.attention().inputBias() ? parameters.get(name + "bias", width) : null;
        return new HeadProjection(parameters.own(weight::t), bias, heads);
    }

    /** All rows of the queries, then of the keys, then of the values. */
    private Projections fused(String name) {
        long headDim = config.attention().headDim();
        Tensor weight =
                parameters.get(name + "self_attn.qkv_proj.weight", (heads() + 2L * kvHeads()) * headDim, sizes.hidden());
        long q = heads() * headDim;
        long kv = kvHeads() * headDim;
        return new Projections(
                new HeadProjection(parameters.own(() -> weight.narrow(0, 0, q).t()), null, heads()),
                new HeadProjection(parameters.own(() -> weight.narrow(0, q, kv).t()), null, kvHeads()),
                new HeadProjection(parameters.own(() -> weight.narrow(0, q + kv, kv).t()), null, kvHeads()));
    }

    /** down(act(gate x) * up x). */
    private Mlp mlp(String name) {
        Norm norm = norm(name + (config.postNorms() ? "pre_feedforward_layernorm" : "post_attention_layernorm"), sizes.hidden());
        Norm after = config.postNorms() ? norm(name + "post_feedforward_layernorm", sizes.hidden()) : new Norm.Identity();
        int inner = sizes.inner();
        int hidden = sizes.hidden();
        Tensor gate;
        Tensor up;
        if (config.fused()) {
            Tensor both = parameters.get(name + "mlp.gate_up_proj.weight", 2L * inner, hidden);
            gate = parameters.own(() -> both.narrow(0, 0, inner));
            up = parameters.own(() -> both.narrow(0, inner, inner));
        } else {
            gate = parameters.get(name + "mlp.gate_proj.weight", inner, hidden);
            up = parameters.get(name + "mlp.up_proj.weight", inner, hidden);
        }
        Tensor down = parameters.get(name + "mlp.down_proj.weight", hidden, inner);
        Tensor gateBias = mlpBias(name + "mlp.gate_proj.bias", inner);
        Tensor upBias = mlpBias(name + "mlp.up_proj.bias", inner);
        Tensor downBias = mlpBias(name + "mlp.down_proj.bias", hidden);
        return residual -> {
            Tensor x = norm.apply(residual);
            Tensor gated = config.activation().apply(x.linear(gate, gateBias)).mul(x.linear(up, upBias));
            return after.apply(gated.linear(down, downBias));
        };
    }

    private Tensor mlpBias(String name, int width) {
        return config.mlpBias() ? parameters.get(name, width) : null;
    }

    private int heads() {
        return sizes.graph().heads();
    }

    private int kvHeads() {
        return sizes.graph().kvHeads();
    }

    @Override
    public String architecture() {
        return sizes.architecture();
    }

    @Override
    public GraphShape graphShape() {
        return sizes.graph();
    }

    @Override
    public int hiddenSize() {
        return sizes.hidden();
    }

    @Override
    public int vocabSize() {
        return sizes.vocabulary();
    }

    @Override
    public int maxPositions() {
        return sizes.maxPositions();
    }

    @Override
    public Device device() {
        return device;
    }

    @Override
    public List<Tensor> embeddings(TokenBatch batch) {
        batch.requireAtMost(sizes.maxPositions());
        Tensor embedded = tokenEmbedding.indexSelect(0, batch.ids());
        return List.of(config.embeddingScale() == 1 ? embedded : embedded.mul(config.embeddingScale()));
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
        Tensor logits = finalNorm.apply(residual).linear(unembedding, null);
        double cap = config.logitCap();
        return cap == 0 ? logits : logits.mul(1 / cap).tanh().mul(cap);
    }

    @Override
    public void close() {
        parameters.close();
    }
}
