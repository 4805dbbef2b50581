package org.edgeprune.task;

/** How the KL loss is made of an example's scored positions; examples count alike in its mean. */
public enum Loss {
    /** Next-token distributions, the mean over positions: language models. */
    MEAN_OVER_POSITIONS,
    /** Distributions at each position, the sum over positions: Tracr's sequence programs. */
    SUM_OVER_POSITIONS,
    /**
     * One distribution over the scored positions, of the one column of the task's vocabulary: Tracr's numerical
     * programs. All examples of a batch have equally many scored positions.
     */
    ACROSS_POSITIONS
}
