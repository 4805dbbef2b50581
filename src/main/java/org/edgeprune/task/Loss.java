package org.edgeprune.task;

/**
 * How the KL loss of an example is computed from its scored positions. The loss of a batch is the mean over its
 * examples.
 */
public enum Loss {
    /** The mean of the KL divergences of the next-token distributions: language models. */
    MEAN_OVER_POSITIONS,
    /** The sum of the KL divergences of the distributions at the positions: Tracr's sequence programs. */
    SUM_OVER_POSITIONS,
    /**
     * The KL divergence of one distribution over the scored positions, the softmax of the single column of the task's
     * vocabulary: Tracr's numerical programs. All examples of a batch have the same number of scored positions.
     */
    ACROSS_POSITIONS
}
