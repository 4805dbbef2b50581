package org.edgeprune.model;

import java.util.ArrayList;
import java.util.List;
import org.edgeprune.graph.GraphShape;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.Tensor;

/**
 * GPT-NeoX (Black et al. 2022) and Pythia, from HuggingFace checkpoints: attention and MLP side by side, rotary positions in a part of
 * each head.
 */
public final class GptNeoXModel implements TransformerModel {
    private final GptNeoXConfig config;
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
    public GptNeoXModel(GptNeoXConfig config, Weights weights, Device device) {
        this.config = config;
        this.sizes = config.sizes();
        this.device = device;
        this.parameters = new Parameters(weights);
        try {
            int hidden = sizes.hidden();
            this.tokenEmbedding = parameters.get("gpt_neox.embed_in.weight", sizes.vocabulary(), hidden);
            this.rotary = new RotaryEmbedding(config.rotary(), parameters, device);
            for (int layer = 0; layer < sizes.graph().layers(); layer++) {
                String name = "gpt_neox.layers." + layer + ".";
                attention.add(attention(name));
                mlps.add(mlp(name));
            }
            this.finalNorm = norm("gpt_neox.final_layer_norm");
            this.unembedding =
                    config.tiedHead() ? tokenEmbedding : parameters.get("embed_out.weight", sizes.vocabulary(), hidden);
        } catch (RuntimeException e) {
            parameters.close();
            throw e;
        }
    }

    private Norm norm(String name) {
        return new Norm.LayerNorm(
                parameters.get(name + ".weight", sizes.hidden()),
                parameters.get(name + ".bias", sizes.hidden()),
                config.normEpsilon());
    }

    private SelfAttention attention(String name) {
        int hidden = sizes.hidden();
        int heads = sizes.graph().heads();
        String input = name + "attention.query_key_value.";
        Tensor weight = parameters.get(input + "weight", 3L * hidden, hidden);
        Tensor bias = config.attentionBias() ? parameters.get(input + "bias", 3L * hidden) : null;
        String output = name + "attention.dense.";
        Tensor outputWeight = parameters.get(output + "weight", hidden, hidden);
        return new SelfAttention(
                norm(name + "input_layernorm"),
                part(weight, bias, 0),
                part(weight, bias, 1),
                part(weight, bias, 2),
                rotary,
                rotary,
                new DotProductAttention(1 / Math.sqrt((double) hidden / heads), true, 0, 0),
                parameters.own(() -> outputWeight.t().view(heads, -1, hidden)),
                config.attentionBias() ? parameters.get(output + "bias", hidden) : null,
                null);
    }

    /** Query, key and value rows of one head lie together, head after head: a copy takes them apart. */
    private HeadProjection part(Tensor weight, Tensor bias, int part) {
        int hidden = sizes.hidden();
        int heads = sizes.graph().heads();
        return new HeadProjection(
                parameters.own(() -> weight.view(heads, 3, -1, hidden).select(1, part).reshape(hidden, hidden).t()),
                bias == null ? null : parameters.own(() -> bias.view(heads, 3, -1).select(1, part).reshape(hidden)),
                heads);
    }

    private Mlp mlp(String name) {
        int hidden = sizes.hidden();
        int inner = sizes.inner();
        Norm norm = norm(name + "post_attention_layernorm");
        Tensor up = parameters.get(name + "mlp.dense_h_to_4h.weight", inner, hidden);
        Tensor upBias = parameters.get(name + "mlp.dense_h_to_4h.bias", inner);
        Tensor down = parameters.get(name + "mlp.dense_4h_to_h.weight", hidden, inner);
        Tensor downBias = parameters.get(name + "mlp.dense_4h_to_h.bias", hidden);
        return x -> config.activation().apply(norm.apply(x).linear(up, upBias)).linear(down, downBias);
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
        return List.of(tokenEmbedding.indexSelect(0, batch.ids()));
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
