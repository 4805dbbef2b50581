package org.edgeprune.model;

/**
 * A decoder-only transformer of known sizes, without its weights: how parameters become embeddings, layers of attention
 * and MLP, and the unembedding. Each part is made separately, so that a model can have only some of them in memory.
 *
 * <p>The parameters that a part asks {@link Parameters} for are also the list of the checkpoint's tensors, with their
 * shapes: memory predictions, {@code info} and random checkpoints ({@code init}) are made from it. A part must
 * therefore ask for the same parameters every time, and must not read their values while it is made.
 *
 * <p>Implementations are immutable. They are built from {@link Norm}, {@link Linear}, {@link SelfAttention},
 * {@link Mlp}, {@link Embedding} and {@link Unembedding}; the last three are interfaces that a decoder may also
 * implement itself.
 */
public interface Decoder {
    /**
     * Sizes and the shape of the computation graph.
     *
     * @return the sizes
     */
    ModelSizes sizes();

    /**
     * The number of values that the model returns at each position: normally one logit for each token of the
     * vocabulary.
     *
     * @return number of columns of the logits
     */
    default int outputs() {
        return sizes().vocabulary();
    }

    /**
     * Whether a head's output depends on what its layer's other heads read, so that all must be computed if one is.
     *
     * @return false unless overridden
     */
    default boolean coupledHeads() {
        return false;
    }

    /**
     * Whether a token's states do not depend on later tokens.
     *
     * @return true unless overridden
     */
    default boolean causal() {
        return true;
    }

    /**
     * Whether the weights were compiled from a program instead of being trained: its circuit is then exact, and pruning
     * starts from other hyper-parameters.
     *
     * @return false unless overridden
     */
    default boolean compiled() {
        return false;
    }

    /**
     * Makes the start of the residual stream: one tensor for each embedding node of the graph.
     *
     * @param parameters where to take parameters from
     * @return the embedding
     */
    Embedding embedding(Parameters parameters);

    /**
     * Makes a layer's attention, including its norm.
     *
     * @param parameters where to take parameters from
     * @param layer from 0
     * @return the attention
     */
    SelfAttention attention(Parameters parameters, int layer);

    /**
     * Makes a layer's MLP, including its norm.
     *
     * @param parameters where to take parameters from
     * @param layer from 0
     * @return the MLP
     */
    Mlp mlp(Parameters parameters, int layer);

    /**
     * Makes what turns the final residual stream into logits, including the final norm.
     *
     * @param parameters where to take parameters from
     * @return the unembedding
     */
    Unembedding unembedding(Parameters parameters);
}
