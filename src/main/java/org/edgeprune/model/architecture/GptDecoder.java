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
import org.edgeprune.model.architecture.GptConfig.Scheme;
import org.edgeprune.torch.Tensor;

/** The parts of a decoder of GPT's kind; {@link GptConfig} says in what they differ. */
record GptDecoder(GptConfig config) implements Decoder {
    @Override
    public ModelSizes sizes() {
        return config.sizes();
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

    private GptNames.Layer names() {
        return config.names().layer();
    }

    private Norm norm(Parameters p, String name) {
        return config.norm().of(p, name, hidden());
    }

    private String tokensName(Parameters p) {
        return config.names().base(p) + config.names().tokens() + ".weight";
    }

    @Override
    public Embedding embedding(Parameters p) {
        Tensor tokens = p.get(tokensName(p), sizes().vocabulary(), hidden());
        String base = config.names().base(p);
        if (config.scheme() instanceof Scheme.Table table) {
            int count = sizes().maxPositions();
            Tensor stored = p.get(base + table.name() + ".weight", table.unused() + count, hidden());
            return Embedding.tokensAndPositions(tokens, p.own(() -> stored.narrow(0, table.unused(), count)));
        }
        return config.embeddingNorm()
                .map(name -> Embedding.normalised(tokens, norm(p, base + name)))
                .orElseGet(() -> Embedding.tokens(tokens));
    }

    @Override
    public SelfAttention attention(Parameters p, int layer) {
        String name = config.names().layer(p, layer);
        GptConfig.Attention a = config.attention();
        Linear output = Linear.rows(p, name + names().output(), hidden(), hidden(), a.outputBias());
        DotProductAttention scores =
                DotProductAttention.causal(a.scale()).withWindow(a.windows().of(layer));
        HeadMap turned =
                switch (config.scheme()) {
                    case Scheme.Rotary r -> HeadMap.rotary(r.rotary(), p);
                    case Scheme.InterleavedRotary r -> HeadMap.interleavedRotary(r.rotary(), p);
                    case Scheme.Table t -> HeadMap.NONE;
                    case Scheme.LinearBiases b -> HeadMap.NONE;
                };
        return attention(p, name)
                .headMaps(
                        headMap(p, name + "self_attn.q_layernorm", turned),
                        headMap(p, name + "self_attn.k_layernorm", turned))
                .scores(config.scheme() instanceof Scheme.LinearBiases ? scores.withLinearBiases(heads()) : scores)
                .output(p, output);
    }

    private HeadMap headMap(Parameters p, String name, HeadMap turned) {
        return config.attention().headNorms()
                ? HeadMap.eachNorm(config.norm().of(p, name, sizes().headDim())).then(turned)
                : turned;
    }

    private SelfAttention.Builder attention(Parameters p, String layer) {
        Norm norm = norm(p, layer + names().attentionNorm());
        String name = layer + names().attention();
        Bias bias = config.attention().inputBias();
        if (config.attention().joined()) {
            Linear all = Linear.rows(p, name, hidden(), 3L * hidden(), bias);
            return SelfAttention.of(
                    norm,
                    HeadProjection.interleaved(p, all, heads(), 0, 3),
                    HeadProjection.interleaved(p, all, heads(), 1, 3),
                    HeadProjection.interleaved(p, all, heads(), 2, 3));
        }
        return SelfAttention.of(
                norm,
                projection(p, name + "q_proj", heads(), bias),
                projection(p, name + "k_proj", kvHeads(), bias),
                projection(p, name + "v_proj", kvHeads(), bias));
    }

    private HeadProjection projection(Parameters p, String name, int heads, Bias bias) {
        return new HeadProjection(Linear.rows(p, name, hidden(), (long) heads * sizes().headDim(), bias), heads);
    }

    @Override
    public Mlp mlp(Parameters p, int layer) {
        String name = config.names().layer(p, layer);
        int inner = sizes().inner();
        return Mlp.plain(
                norm(p, name + names().mlpNorm()),
                Linear.rows(p, name + names().up(), hidden(), inner, config.mlpBias()),
                config.activation(),
                Linear.rows(p, name + names().down(), inner, hidden(), config.mlpBias()));
    }

    @Override
    public Unembedding unembedding(Parameters p) {
        Norm norm =
                config.finalNorm().of(p, config.names().base(p) + config.names().finalNorm(), hidden());
        Linear words = Linear.ofRows(
                p, p.unembedding(config.tiedHead(), "lm_head.weight", tokensName(p), sizes().vocabulary(), hidden()));
        return Unembedding.of(norm, config.headBias() == Bias.PRESENT ? words.withBias(p, "lm_head") : words);
    }
}
