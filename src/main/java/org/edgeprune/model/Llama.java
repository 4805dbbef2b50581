package org.edgeprune.model;

import java.util.List;
import org.edgeprune.torch.Tensor;

/**
 * Llama (Touvron et al. 2023) and its relatives, from HuggingFace checkpoints; {@link LlamaConfig} says in what they
 * differ.
 */
public record Llama(LlamaConfig config) implements Architecture {
    @Override
    public ModelSizes sizes() {
        return config.sizes();
    }

    @Override
    public boolean coupledHeads() {
        return config.postNorms();
    }

    private int hidden() {
        return sizes().hidden();
    }

    private int heads() {
        return sizes().graph().heads();
    }

    private int kvHeads() {
        return sizes().graph().kvHeads();
    }

    private static String name(int layer) {
        return "model.layers." + layer + ".";
    }

    private Tensor tokenEmbedding(Parameters p) {
        return p.get("model.embed_tokens.weight", sizes().vocabulary(), hidden());
    }

    @Override
    public Embedding embedding(Parameters p) {
        Tensor tokens = tokenEmbedding(p);
        double scale = config.embeddingScale();
        return batch -> {
            Tensor embedded = tokens.indexSelect(0, batch.ids());
            return List.of(scale == 1 ? embedded : embedded.mul(scale));
        };
    }

    private Norm norm(Parameters p, String name, int width) {
        return new Norm.RmsNorm(normWeight(p, name, width), config.normEpsilon());
    }

    private Tensor normWeight(Parameters p, String name, int width) {
        Tensor weight = p.get(name + ".weight", width);
        double offset = config.normOffset();
        return offset == 0 ? weight : p.own(() -> weight.add(offset));
    }

    @Override
    public SelfAttention attention(Parameters p, int layer) {
        String name = name(layer);
        LlamaConfig.Attention a = config.attention();
        Projections projections = config.fused() ? fused(p, name) : separate(p, name);
        String output = name + "self_attn.o_proj.";
        Tensor stored = p.get(output + "weight", hidden(), (long) heads() * a.headDim());
        Tensor outputWeight = p.own(stored::t);
        HeadSumNorm sumNorm = null;
        if (config.postNorms()) {
            sumNorm = new HeadSumNorm(outputWeight, config.normEpsilon());
            Tensor scale = normWeight(p, name + "post_attention_layernorm", hidden());
            outputWeight = p.own(() -> stored.t().mul(scale));
        }
        Tensor joined = outputWeight;
        RotaryEmbedding rotary = new RotaryEmbedding(a.rotary(), p);
        return new SelfAttention(
                norm(p, name + "input_layernorm", hidden()),
                projections.query(),
                projections.key(),
                projections.value(),
                headMap(p, name + "self_attn.q_norm", rotary),
                headMap(p, name + "self_attn.k_norm", rotary),
                new DotProductAttention(a.scale(), true, a.windows().get(layer), a.scoreCap()),
                p.own(() -> joined.view(heads(), a.headDim(), hidden())),
                a.outputBias() ? p.get(output + "bias", hidden()) : null,
                sumNorm);
    }

    private HeadMap headMap(Parameters p, String norm, RotaryEmbedding rotary) {
        if (!config.attention().headNorms()) {
            return rotary;
        }
        Norm headNorm = norm(p, norm, config.attention().headDim());
        return (heads, batch) -> rotary.apply(headNorm.apply(heads), batch);
    }

    private record Projections(HeadProjection query, HeadProjection key, HeadProjection value) {}

    private Projections separate(Parameters p, String name) {
        return new Projections(
                projection(p, name + "self_attn.q_proj.", heads()),
                projection(p, name + "self_attn.k_proj.", kvHeads()),
                projection(p, name + "self_attn.v_proj.", kvHeads()));
    }

    private HeadProjection projection(Parameters p, String name, int heads) {
        long width = (long) heads * config.attention().headDim();
        Tensor weight = p.get(name + "weight", width, hidden());
        Tensor bias = config.attention().inputBias() ? p.get(name + "bias", width) : null;
        return new HeadProjection(p.own(weight::t), bias, heads);
    }

    /** All rows of the queries, then of the keys, then of the values. */
    private Projections fused(Parameters p, String name) {
        long headDim = config.attention().headDim();
        Tensor weight = p.get(name + "self_attn.qkv_proj.weight", (heads() + 2L * kvHeads()) * headDim, hidden());
        long q = heads() * headDim;
        long kv = kvHeads() * headDim;
        return new Projections(
                new HeadProjection(p.own(() -> weight.narrow(0, 0, q).t()), null, heads()),
                new HeadProjection(p.own(() -> weight.narrow(0, q, kv).t()), null, kvHeads()),
                new HeadProjection(p.own(() -> weight.narrow(0, q + kv, kv).t()), null, kvHeads()));
    }

    /** down(act(gate x) * up x). */
    @Override
    public Mlp mlp(Parameters p, int layer) {
        String name = name(layer);
        int inner = sizes().inner();
        Norm norm = norm(
                p, name + (config.postNorms() ? "pre_feedforward_layernorm" : "post_attention_layernorm"), hidden());
        Norm after = config.postNorms() ? norm(p, name + "post_feedforward_layernorm", hidden()) : new Norm.Identity();
        Tensor gate;
        Tensor up;
        if (config.fused()) {
            Tensor both = p.get(name + "mlp.gate_up_proj.weight", 2L * inner, hidden());
            gate = p.own(() -> both.narrow(0, 0, inner));
            up = p.own(() -> both.narrow(0, inner, inner));
        } else {
            gate = p.get(name + "mlp.gate_proj.weight", inner, hidden());
            up = p.get(name + "mlp.up_proj.weight", inner, hidden());
        }
        Tensor down = p.get(name + "mlp.down_proj.weight", hidden(), inner);
        Tensor gateBias = mlpBias(p, name + "mlp.gate_proj.bias", inner);
        Tensor upBias = mlpBias(p, name + "mlp.up_proj.bias", inner);
        Tensor downBias = mlpBias(p, name + "mlp.down_proj.bias", hidden());
        return residual -> {
            Tensor x = norm.apply(residual);
            Tensor gated = config.activation().apply(x.linear(gate, gateBias)).mul(x.linear(up, upBias));
            return after.apply(gated.linear(down, downBias));
        };
    }

    private Tensor mlpBias(Parameters p, String name, int width) {
        return config.mlpBias() ? p.get(name, width) : null;
    }

    @Override
    public Unembedding unembedding(Parameters p) {
        Norm norm = norm(p, "model.norm", hidden());
        Tensor words = config.tiedHead() ? tokenEmbedding(p) : p.get("lm_head.weight", sizes().vocabulary(), hidden());
        double cap = config.logitCap();
        return residual -> {
            Tensor logits = norm.apply(residual).linear(words, null);
            return cap == 0 ? logits : logits.mul(1 / cap).tanh().mul(cap);
        };
    }
}
