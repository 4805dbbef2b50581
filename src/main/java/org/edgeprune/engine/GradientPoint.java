package org.edgeprune.engine;

/**
 * Where between the baseline and the clean prompts the full model is differentiated.
 *
 * <p>Every other state follows from what is set here by running the model.
 */
public sealed interface GradientPoint {
    /** The clean prompts themselves. */
    GradientPoint CLEAN = new Embeddings(1);

    /**
     * The embeddings are {@code share clean + (1 - share) baseline}.
     *
     * @param share from 0, the baseline's embeddings, to 1, the clean ones
     */
    record Embeddings(double share) implements GradientPoint {}

    /**
     * What all heads of a layer, or its MLP, add is {@code share clean + (1 - share) baseline}, a constant: its own
     * readers have no gradient.
     *
     * @param layer the layer
     * @param heads whether its heads; else its MLP
     * @param share from 0 to 1
     */
    record Output(int layer, boolean heads, double share) implements GradientPoint {}

    /**
     * The embeddings are {@code share clean + (1 - share) baseline}, a constant: readers of token embeddings and
     * nothing else have no gradient, as in EAP-IG's code. Readers of position embeddings, too, have one there.
     *
     * @param share from 0 to 1
     */
    record ConstantEmbeddings(double share) implements GradientPoint {}
}
