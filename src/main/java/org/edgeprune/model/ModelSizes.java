package org.edgeprune.model;

import org.edgeprune.graph.GraphShape;

/**
 * A model's sizes as its {@code config.json} states them, without its weights.
 *
 * @param architecture HuggingFace's {@code model_type}
 * @param graph the computation graph's shape with embedding nodes
 * @param hidden width of the residual stream
 * @param headDim width of a head
 * @param inner width of the MLPs
 * @param gatedMlp whether the MLPs have a gate
 * @param vocabulary number of tokens
 * @param positions how long sequences may be
 */
public record ModelSizes(
        String architecture,
        GraphShape graph,
        int hidden,
        int headDim,
        int inner,
        boolean gatedMlp,
        int vocabulary,
        Positions positions) {
    /**
     * The longest sequence that the model can take.
     *
     * @return number of tokens
     */
    public int maxPositions() {
        return positions.limit();
    }

    /**
     * The number of parameters of a layer's matrices, which is the number of multiply-adds per token in the layer.
     *
     * @return at least 1
     */
    public long layerParameters() {
        long attention = (long) hidden * headDim * 2 * (graph.heads() + graph.kvHeads());
        long mlp = (long) hidden * inner * (gatedMlp ? 3 : 2);
        return Math.max(1, attention + mlp);
    }
}
