package org.edgeprune.model;

import java.util.ArrayList;
import java.util.List;
import org.edgeprune.graph.GraphShape;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.Tensor;

/**
 * Transformers compiled by Tracr (Lindner et al. 2023): no norms, ReLU MLPs, bidirectional or causal attention, token and position
 * embeddings. Outputs are the residual stream times the unembedding, or the residual stream itself where there is none.
 */
public final class TracrModel implements TransformerModel {
    private final TracrConfig config;
    private final Device device;
    private final Parameters parameters;
    private final Tensor tokenEmbedding;
    private final Tensor positionEmbedding;
    private final Tensor unembedding;
    private final List<SelfAttention> attention = new ArrayList<>();
    private final List<Mlp> mlps = new ArrayList<>();

    /** Takes ownership of the weights. */
    public TracrModel(TracrConfig config, Weights weights, Device device) {
        this.config = config;
        this.device = device;
        this.parameters = new Parameters(weights);
        try {
            this.tokenEmbedding = parameters.get("token_embed", config.vocabSize(), config.modelSize());
            this.positionEmbedding = parameters.get("pos_embed", config.maxPositions(), config.modelSize());
            this.unembedding = config.unembedSize() == 0
                    ? null
                    : parameters.get("unembed", config.modelSize(), config.unembedSize());
            for (int layer = 0; layer < config.layers(); layer++) {
                attention.add(attention("layer_" + layer + ".attn."));
                mlps.add(mlp("layer_" + layer + ".mlp."));
            }
        } catch (RuntimeException e) {
            parameters.close();
            throw e;
        }
    }

    private SelfAttention attention(String name) {
        int model = config.modelSize();
        Tensor output = parameters.get(name + "w_o", (long) config.heads() * config.keySize(), model);
        return new SelfAttention(
                new Norm.Identity(),
                projection(name, "q"),
                projection(name, "k"),
                projection(name, "v"),
                parameters.own(() -> output.view(config.heads(), config.keySize(), model)),
                parameters.get(name + "b_o", model),
                1 / Math.sqrt(config.keySize()),
                config.causal());
    }

    private HeadProjection projection(String name, String which) {
        long width = (long) config.heads() * config.keySize();
        return new HeadProjection(
                parameters.get(name + "w_" + which, config.modelSize(), width),
                parameters.get(name + "b_" + which, width),
                config.heads());
    }

    private Mlp mlp(String name) {
        Tensor up = parameters.get(name + "w_up", config.modelSize(), config.mlpSize());
        Tensor upBias = parameters.get(name + "b_up", config.mlpSize());
        Tensor down = parameters.get(name + "w_down", config.mlpSize(), config.modelSize());
        Tensor downBias = parameters.get(name + "b_down", config.modelSize());
        return x -> Tensor.addmm(downBias, Tensor.addmm(upBias, x, up).relu(), down);
    }

    @Override
    public String architecture() {
        return "erazr";
    }

    @Override
    public GraphShape graphShape() {
        return config.graphShape();
    }

    @Override
    public int hiddenSize() {
        return config.modelSize();
    }

    @Override
    public int vocabSize() {
        return unembedding == null ? config.modelSize() : config.unembedSize();
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
        return unembedding == null ? residual : residual.matmul(unembedding);
    }

    @Override
    public void close() {
        parameters.close();
    }
}
