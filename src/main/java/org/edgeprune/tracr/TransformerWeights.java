package org.edgeprune.tracr;

import java.util.List;

/**
 * The weights of a compiled transformer, for {@code y = x @ w + b} (rows are inputs). Head h has the columns {@code h *
 * keySize ..} of the query, key and value weights and the same rows of the output weights. The arrays are not copied
 * and must not be changed.
 *
 * @param tokenEmbed [vocab, model]
 * @param posEmbed [positions, model]
 * @param unembed [model, outputs]
 * @param layers from the first to the last
 */
public record TransformerWeights(double[][] tokenEmbed, double[][] posEmbed, double[][] unembed, List<Layer> layers) {

    /** Copies the list, not the arrays. */
    public TransformerWeights {
        layers = List.copyOf(layers);
    }

    /**
     * A layer: all heads read the same residual stream, then the MLP reads it with their outputs added.
     *
     * @param attention the heads
     * @param mlp the MLP
     */
    public record Layer(Attention attention, Mlp mlp) {}

    /**
     * The attention of a layer, all heads together.
     *
     * @param wQ query weights, [model, heads * keySize]
     * @param bQ query bias, [heads * keySize]
     * @param wK key weights, [model, heads * keySize]
     * @param bK key bias, [heads * keySize]
     * @param wV value weights, [model, heads * keySize]
     * @param bV value bias, [heads * keySize]
     * @param wO output weights, [heads * keySize, model]
     * @param bO output bias, [model]
     */
    public record Attention(
            double[][] wQ,
            double[] bQ,
            double[][] wK,
            double[] bK,
            double[][] wV,
            double[] bV,
            double[][] wO,
            double[] bO) {}

    /**
     * The MLP of a layer: {@code relu(x @ wUp + bUp) @ wDown + bDown}.
     *
     * @param wUp [model, hidden]
     * @param bUp [hidden]
     * @param wDown [hidden, model]
     * @param bDown [model]
     */
    public record Mlp(double[][] wUp, double[] bUp, double[][] wDown, double[] bDown) {}
}
