package org.edgeprune.model.architecture;

import org.edgeprune.model.Decoder;
import org.edgeprune.model.DotProductAttention;
import org.edgeprune.model.Embedding;
import org.edgeprune.model.HeadMap;
import org.edgeprune.model.HeadProjection;
import org.edgeprune.model.Linear;
import org.edgeprune.model.Linear.Bias;
import org.edgeprune.model.Mlp;
import org.edgeprune.model.ModelSizes;
import org.edgeprune.model.Norm;
import org.edgeprune.model.Parameters;
import org.edgeprune.model.SelfAttention;
import org.edgeprune.model.Unembedding;
import org.edgeprune.torch.Tensor;

/** The parts of Llama (Touvron et al. 2023) and its relatives; {@link LlamaConfig} says in what they differ. */
record LlamaDecoder(LlamaConfig config) implements Decoder {
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

    private static String layer(int layer) {
        return "model.layers." + layer + ".";
    }

    private Tensor tokenEmbedding(Parameters p) {
        return p.get("model.embed_tokens.weight", sizes().vocabulary(), hidden());
    }

    @Override
    public Embedding embedding(Parameters p) {
        return Embedding.tokens(tokenEmbedding(p), config.embeddingScale());
    }

    private Norm norm(Parameters p, String name) {
        return config.norm().of(p, name, hidden());
    }

    @Override
    public SelfAttention attention(Parameters p, int layer) {
        String name = layer(layer);
        LlamaConfig.Attention a = config.attention();
        long width = (long) heads() * sizes().headDim();
        Projections projections = config.fused() ? fused(p, name) : separate(p, name);
        Linear output = Linear.rows(p, name + "self_attn.o_proj", width, hidden(), Bias.of(a.outputBias()));
        HeadMap rotary = a.rotary().headMap(layer, p);
        SelfAttention.Builder attention = SelfAttention.of(
                        norm(p, name + "input_layernorm"), projections.query(), projections.key(), projections.value())
                .headMaps(headMap(p, name + "self_attn.q_norm", rotary), headMap(p, name + "self_attn.k_norm", rotary))
                .scores(DotProductAttention.causal(a.scale())
                        .withWindow(a.windows().of(layer))
                        .withScoreCap(a.scoreCap()));
        if (!config.postNorms()) {
            return attention.output(p, output);
        }
        Tensor weight = config.norm().weight(p, name + "post_attention_layernorm", hidden());
        return attention.normalised(p, output, weight, config.norm().eps());
    }

    private HeadMap headMap(Parameters p, String norm, HeadMap rotary) {
        return config.attention().headNorms()
                ? HeadMap.eachNorm(config.norm().of(p, norm, sizes().headDim())).then(rotary)
                : rotary;
    }

    private record Projections(HeadProjection query, HeadProjection key, HeadProjection value) {}

    private Projections separate(Parameters p, String name) {
        return new Projections(
                projection(p, name + "self_attn.q_proj", heads()),
                projection(p, name + "self_attn.k_proj", kvHeads()),
                projection(p, name + "self_attn.v_proj", kvHeads()));
    }

    private HeadProjection projection(Parameters p, String name, int heads) {
        long width = (long) heads * sizes().headDim();
        return new HeadProjection(
                Linear.rows(p, name, hidden(), width, Bias.of(config.attention().inputBias())), heads);
    }

    /** All rows of the queries, then of the keys, then of the values. */
    private Projections fused(Parameters p, String name) {
        long q = (long) heads() * sizes().headDim();
        long kv = (long) kvHeads() * sizes().headDim();
        Linear all = Linear.rows(p, name + "self_attn.qkv_proj", hidden(), q + 2 * kv, Bias.NONE);
        return new Projections(
                new HeadProjection(all.outputs(p, 0, q), heads()),
                new HeadProjection(all.outputs(p, q, kv), kvHeads()),
                new HeadProjection(all.outputs(p, q + kv, kv), kvHeads()));
    }

    @Override
    public Mlp mlp(Parameters p, int layer) {
        String name = layer(layer);
        int inner = sizes().inner();
        Bias bias = Bias.of(config.mlpBias());
        Norm norm = norm(p, name + (config.postNorms() ? "pre_feedforward_layernorm" : "post_attention_layernorm"));
        Linear gate;
        Linear up;
        if (config.fused()) {
            Linear both = Linear.rows(p, name + "mlp.gate_up_proj", hidden(), 2L * inner, bias);
            gate = both.outputs(p, 0, inner);
            up = both.outputs(p, inner, inner);
        } else {
            gate = Linear.rows(p, name + "mlp.gate_proj", hidden(), inner, bias);
            up = Linear.rows(p, name + "mlp.up_proj", hidden(), inner, bias);
        }
        Linear down = Linear.rows(p, name + "mlp.down_proj", inner, hidden(), bias);
        Mlp mlp = Mlp.gated(norm, gate, up, config.activation(), down);
        return config.postNorms() ? mlp.then(norm(p, name + "post_feedforward_layernorm")) : mlp;
    }

    @Override
    public Unembedding unembedding(Parameters p) {
        Norm norm = norm(p, "model.norm");
        Linear words = config.tiedHead()
                ? Linear.ofRows(p, tokenEmbedding(p))
                : Linear.rows(p, "lm_head", hidden(), sizes().vocabulary(), Bias.NONE);
        return Unembedding.of(norm, words).capped(config.logitCap());
    }
}
