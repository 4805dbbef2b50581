package org.edgeprune.model;

/**
 * How one architecture turns a checkpoint's parameters into a transformer: embeddings, layers of attention and MLP,
 * unembedding. Each part is made by itself, so that a model can have only some of them in memory.
 */
public interface Architecture {
    ModelSizes sizes();

    /** How many numbers the model gives at each position: normally a logit a token of the vocabulary. */
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

    Embedding embedding(Parameters parameters);

    SelfAttention attention(Parameters parameters, int layer);

    Mlp mlp(Parameters parameters, int layer);

    Unembedding unembedding(Parameters parameters);
}
