package org.edgeprune.tracr;

import java.util.List;

/**
 * The weights of a compiled transformer, for {@code y = x @ w + b} (rows are inputs). Head h owns the columns {@code h
 * * keySize ..} of the query, key and value weights and the same rows of the output weights. The arrays are not copied:
 * they must not be changed.
 *
 * @param tokenEmbed [vocab, model]
 * @param posEmbed [positions, model]
 * @param unembed [model, outputs]
 */
public record TransformerWeights(double[][] tokenEmbed, double[][] posEmbed, double[][] unembed, List<Layer> layers) {

    public TransformerWeights {
        layers = List.copyOf(layers);
    }

    /** A layer: all heads read the same residual stream, then the MLP reads it with their outputs added. */
    public record Layer(Attention attention, Mlp mlp) {}

    /**
     * @param wQ [model, heads * keySize], like {@code wK} and {@code wV}
     * @param wO [heads * keySize, model]
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
     * @param wUp [model, hidden]
     * @param wDown [hidden, model]
     */
    public record Mlp(double[][] wUp, double[] bUp, double[][] wDown, double[] bDown) {}
}
