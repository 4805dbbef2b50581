package org.edgeprune.model.architecture;

import java.util.List;
import java.util.stream.IntStream;
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
import org.edgeprune.model.NormKind;
import org.edgeprune.model.Parameters;
import org.edgeprune.model.SelfAttention;
import org.edgeprune.model.Unembedding;
import org.edgeprune.model.architecture.LlamaConfig.HeadNorms;
import org.edgeprune.model.architecture.LlamaConfig.Norms;
import org.edgeprune.torch.Tensor;

/** The parts of Llama (Touvron et al. 2023) and its relatives; {@link LlamaConfig} says in what they differ. */
record LlamaDecoder(LlamaConfig config) implements Decoder {
    private static final String TOKENS = "embed_tokens.weight";

    /**
     * What a checkpoint calls its parameters.
     *
     * @param base prefix of all but the unembedding
     * @param head the unembedding
     */
    private record Names(String base, String head) {}

    /**
     * Of a language model, of one saved without its head, and of the one in a multimodal model: as saved, and as
     * transformers 5 has it in memory.
     */
    private static final List<Names> NAMES = List.of(
            new Names("model.", "lm_head"),
            new Names("", "lm_head"),
            new Names("language_model.model.", "language_model.lm_head"),
            new Names("model.language_model.", "lm_head"));

    @Override
    public ModelSizes sizes() {
        return config.sizes();
    }

    @Override
    public boolean coupledHeads() {
        return !(config.norms() instanceof Norms.Before) || config.attention().headNorms() instanceof HeadNorms.Joint;
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

    /** The names that a checkpoint has; the usual ones if it has none of them. */
    private Names names(Parameters p) {
        return NAMES.stream()
                .filter(names -> p.has(names.base() + TOKENS))
                .findFirst()
                .orElse(NAMES.get(0));
    }

    private String layer(Parameters p, int layer) {
        return names(p).base() + "layers." + layer + ".";
    }

    private Tensor tokenEmbedding(Parameters p) {
        return p.get(names(p).base() + TOKENS, sizes().vocabulary(), hidden());
    }

    @Override
    public Embedding embedding(Parameters p) {
        return Embedding.tokens(tokenEmbedding(p), config.embeddingScale());
    }

    private Norm norm(Parameters p, String name) {
        return config.norms().kind().of(p, name, hidden());
    }

    @Override
    public SelfAttention attention(Parameters p, int layer) {
        String name = layer(p, layer);
        LlamaConfig.Attention a = config.attention();
        long width = (long) heads() * sizes().headDim();
        Projections projections = config.fused() ? fused(p, name) : separate(p, name);
        Linear output = Linear.rows(p, name + "self_attn.o_proj", width, hidden(), Bias.of(a.outputBias()));
        HeadMap rotary = a.rotary().headMap(layer, p);
        Norm before = config.norms() instanceof Norms.After ? new Norm.Identity() : norm(p, name + "input_layernorm");
        SelfAttention.Builder attention = SelfAttention.of(
                        before, projections.query(), projections.key(), projections.value())
                .headMaps(
                        headNorm(p, name, "q", heads()).then(rotary),
                        headNorm(p, name, "k", kvHeads()).then(rotary))
                .scores(DotProductAttention.causal(a.scale())
                        .withWindow(a.windows().of(layer))
                        .withScoreCap(a.scoreCap()))
                .outputScale(config.residualScale());
        return switch (config.norms()) {
            case Norms.Before norms -> attention.output(p, output);
            case Norms.Around norms -> normalised(p, attention, output, name, norms.kind());
            case Norms.After norms -> normalised(p, attention, output, name, norms.kind());
        };
    }

    private SelfAttention normalised(
            Parameters p, SelfAttention.Builder attention, Linear output, String layer, NormKind.Rms norm) {
        return attention.normalised(
                p, output, norm.weight(p, layer + "post_attention_layernorm", hidden()), norm.eps());
    }

    /** @param which q or k */
    private HeadMap headNorm(Parameters p, String layer, String which, int heads) {
        NormKind kind = config.norms().kind();
        String name = layer + "self_attn." + which + "_norm";
        int width = sizes().headDim();
        return switch (config.attention().headNorms()) {
            case HeadNorms.None n -> HeadMap.NONE;
            case HeadNorms.Each n -> HeadMap.eachNorm(kind.of(p, name, width));
            case HeadNorms.Joint n -> HeadMap.jointNorm(kind.of(p, name, heads * width), heads);
            case HeadNorms.Own own -> {
                String norms = layer + "self_attn." + which + "_layernorm.norms.";
                yield HeadMap.ownNorms(
                        p,
                        IntStream.range(0, heads)
                                .mapToObj(head -> p.get(norms + head + ".weight", width))
                                .toList(),
                        own.eps());
            }
        };
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
        String name = layer(p, layer);
        int inner = sizes().inner();
        Bias bias = Bias.of(config.mlpBias());
        Norm norm =
                switch (config.norms()) {
                    case Norms.Before norms ->
                        norm(
                                p,
                                name
                                        + (sizes().graph().parallelBlocks()
                                                ? "input_layernorm"
                                                : "post_attention_layernorm"));
                    case Norms.Around norms -> norm(p, name + "pre_feedforward_layernorm");
                    case Norms.After norms -> new Norm.Identity();
                };
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
        Mlp mlp = Mlp.gated(norm, gate, up, config.activation(), down).scaled(config.residualScale());
        return config.norms() instanceof Norms.Before ? mlp : mlp.then(norm(p, name + "post_feedforward_layernorm"));
    }

    @Override
    public Unembedding unembedding(Parameters p) {
        Norm norm = norm(p, names(p).base() + "norm");
        Linear words = Linear.ofRows(
                p,
                p.unembedding(
                        config.tiedHead(),
                        names(p).head() + ".weight",
                        names(p).base() + TOKENS,
                        sizes().vocabulary(),
                        hidden()));
        return Unembedding.of(norm, words).scaled(config.logitScale()).capped(config.logitCap());
    }
}
