package org.edgeprune.tracr;

/**
 * The shape of a compiled transformer: no layer norm, ReLU MLPs, attention scores divided by sqrt(key size), token and
 * position embeddings added, logits = residual stream times the unembedding.
 *
 * @param modelSize the width of the residual stream
 * @param numLayers the number of layers
 * @param numHeads the number of attention heads in each layer
 * @param keySize the width of a head's queries, keys and values
 * @param mlpHiddenSize the number of hidden units of each MLP
 * @param vocabSize the number of tokens, BOS and padding included
 * @param maxPositions the number of positions, BOS included
 * @param unembedSize the number of outputs at each position
 * @param causal whether a position attends to earlier ones and itself only
 */
public record TransformerConfig(
        int modelSize,
        int numLayers,
        int numHeads,
        int keySize,
        int mlpHiddenSize,
        int vocabSize,
        int maxPositions,
        int unembedSize,
        boolean causal) {}
