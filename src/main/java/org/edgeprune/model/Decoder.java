package org.edgeprune.model;

/**
 * A decoder-only transformer of known sizes, without its weights: how parameters become embeddings, layers of attention
 * and MLP, and the unembedding. Every part is made by itself, so that a model can have only some of them in memory.
 *
 * <p>What a part asks its {@link Parameters} for is at the same time the list of the checkpoint's tensors, with their
 * shapes: memory predictions, {@code info} and random checkpoints ({@code init}) are made from it. So a part asks for
 * the same parameters each time, and reads no value of theirs while it is made.
 *
 * <p>Implementations are immutable. They are built from {@link Norm}, {@link Linear}, {@link SelfAttention},
 * {@link Mlp}, {@link Embedding} and {@link Unembedding}; the last three are interfaces that a decoder may also
 * implement by itself.
 */
public interface Decoder {
    /** Sizes and the shape of the computation graph. */
    ModelSizes sizes();

    /** Numbers that the model returns at each position: normally one logit for each token of the vocabulary. */
    default int outputs() {
        return sizes().vocabulary();
    }

    /** Whether a head's output depends on what its layer's other heads read, so that all must be computed if one is. */
    default boolean coupledHeads() {
        return false;
    }

    /** Whether a token's states depend on no later token. */
    default boolean causal() {
        return true;
    }

    /**
     * Whether the weights were compiled from a program, rather than trained on data: its circuit is exact, and pruning
     * starts from other hyper-parameters.
     */
    default boolean compiled() {
        return false;
    }

    /** The start of the residual stream: one tensor for each embedding node of the graph. */
    Embedding embedding(Parameters parameters);

    /** @param layer from 0 */
    SelfAttention attention(Parameters parameters, int layer);

    /** @param layer from 0 */
    Mlp mlp(Parameters parameters, int layer);

    /** From the end of the residual stream to logits, final norm included. */
    Unembedding unembedding(Parameters parameters);
}
