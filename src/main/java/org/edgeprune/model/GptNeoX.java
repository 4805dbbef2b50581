package org.edgeprune.model;

import java.util.List;
import org.edgeprune.torch.Tensor;

/**
 * GPT-NeoX (Black et al. 2022) and Pythia, from HuggingFace checkpoints: attention and MLP side by side, rotary
 * positions in a part of each head.
 */
public record GptNeoX(GptNeoXConfig config) implements Architecture {
    @Override
    public ModelSizes sizes() {
        return config.sizes();
    }

    private int hidden() {
        return sizes().hidden();
    }

    private Tensor tokenEmbedding(Parameters p) {
        return p.get("gpt_neox.embed_in.weight", sizes().vocabulary(), hidden());
    }

    @Override
    public Embedding embedding(Parameters p) {
        Tensor tokens = tokenEmbedding(p);
        return batch -> List.of(tokens.indexSelect(0, batch.ids()));
    }

    @Override
    public SelfAttention attention(Parameters p, int layer) {
        String name = "gpt_neox.layers." + layer + ".";
        int heads = sizes().graph().heads();
        String input = name + "attention.query_key_value.";
        Tensor weight = p.get(input + "weight", 3L * hidden(), hidden());
        Tensor bias = config.attentionBias() ? p.get(input + "bias", 3L * hidden()) : null;
        String output = name + "attention.dense.";
        Tensor outputWeight = p.get(output + "weight", hidden(), hidden());
        RotaryEmbedding rotary = new RotaryEmbedding(config.rotary(), p);
        return new SelfAttention(
                norm(p, name + "input_layernorm"),
                part(p, weight, bias, 0),
                part(p, weight, bias, 1),
                part(p, weight, bias, 2),
                rotary,
                rotary,
                new DotProductAttention(1 / Math.sqrt((double) hidden() / heads), true, 0, 0),
                p.own(() -> outputWeight.t().view(heads, -1, hidden())),
                config.attentionBias() ? p.get(output + "bias", hidden()) : null,
                null);
    }

    /** Query, key and value rows of one head lie together, head after head: a copy takes them apart. */
    private HeadProjection part(Parameters p, Tensor weight, Tensor bias, int part) {
        int hidden = hidden();
        int heads = sizes().graph().heads();
        return new HeadProjection(
                p.own(() -> weight.view(heads, 3, -1, hidden)
                        .select(1, part)
                        .reshape(hidden, hidden)
                        .t()),
                bias == null
                        ? null
                        : p.own(() -> bias.view(heads, 3, -1).select(1, part).reshape(hidden)),
                heads);
    }

    @Override
    public Mlp mlp(Parameters p, int layer) {
        String name = "gpt_neox.layers." + layer + ".";
        int inner = sizes().inner();
        Norm norm = norm(p, name + "post_attention_layernorm");
        Tensor up = p.get(name + "mlp.dense_h_to_4h.weight", inner, hidden());
        Tensor upBias = p.get(name + "mlp.dense_h_to_4h.bias", inner);
        Tensor down = p.get(name + "mlp.dense_4h_to_h.weight", hidden(), inner);
        Tensor downBias = p.get(name + "mlp.dense_4h_to_h.bias", hidden());
        return x -> config.activation().apply(norm.apply(x).linear(up, upBias)).linear(down, downBias);
    }

    @Override
    public Unembedding unembedding(Parameters p) {
        Norm norm = norm(p, "gpt_neox.final_layer_norm");
        Tensor words =
                config.tiedHead() ? tokenEmbedding(p) : p.get("embed_out.weight", sizes().vocabulary(), hidden());
        return residual -> norm.apply(residual).linear(words, null);
    }

    private Norm norm(Parameters p, String name) {
        return new Norm.LayerNorm(
                p.get(name + ".weight", hidden()), p.get(name + ".bias", hidden()), config.normEpsilon());
    }
}
