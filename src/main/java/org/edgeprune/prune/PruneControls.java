package org.edgeprune.prune;

/**
 * What a run does beyond the published algorithm.
 *
 * @param holdTarget whether log_alphas are shifted together where the sampled masks are further from the edge
 *     sparsity's target than five points at the first step and half a point from the end of its warm-up on, and the
 *     circuit keeps as many edges as the target says. It makes short runs reach their target
 * @param earlyExit number of steps for which the thresholded circuit must have been stable for the run to end before
 *     its last step; 0 for never
 * @param freshData whether every epoch trains on newly generated prompts
 * @param warmStart what the edges' log_alphas start from: {@link #COLD}, or the name of a {@link WarmStart}
 * @param level what has masks; of a run without masks of edges, the edge constraint is not part of the loss
 * @param neuronSparsity target of the neurons' sparsity, which rises as that of the nodes does; it matters where
 *     neurons have masks
 * @param positions whether edges have a mask at each position, for prompts that all have as many tokens; the edge
 *     sparsity is then that of edges counted at each position
 */
public record PruneControls(
        boolean holdTarget,
        int earlyExit,
        boolean freshData,
        String warmStart,
        MaskLevel level,
        double neuronSparsity,
        boolean positions) {
    /** Half of the neurons are cut where nothing else is asked for. */
    private static final double HALF = 0.5;

    /** The value of {@code warmStart} of runs whose edges all start from the same log_alpha, up to noise. */
    public static final String COLD = "none";

    /** The value of {@code warmStart} of runs that start from Matryoshka attribution. */
    public static final String MATTR = "mattr";

    /** As published: none of it, and masks of edges and nodes. */
    public static final PruneControls PUBLISHED =
            new PruneControls(false, 0, false, COLD, MaskLevel.EDGES_AND_NODES, HALF, false);

    /**
     * Checks the ranges.
     *
     * @throws IllegalArgumentException if {@code earlyExit} is negative, or edges have no masks, which are to be held
     *     at the target or started from scores, or {@code neuronSparsity} is out of range, or masks of positions are
     *     asked for without masks of edges, with fresh data or with a warm start
     */
    public PruneControls {
        if (earlyExit < 0) {
            throw new IllegalArgumentException(
                    "the number of steps until an early exit must not be negative, like " + earlyExit);
        }
        if (!(neuronSparsity >= 0 && neuronSparsity < 1)) {
            throw new IllegalArgumentException(
                    "the neuron sparsity must be at least 0 and below 1, such as 0.9, not " + neuronSparsity);
        }
        if (!level.edges() && (holdTarget || !warmStart.equals(COLD))) {
            throw new IllegalArgumentException((holdTarget ? "holding the target" : "a warm start")
                    + " is for masks of edges, and level " + level.key() + " has none");
        }
        if (positions && !level.edges()) {
            throw new IllegalArgumentException(
                    "masks at each position are masks of edges, and level " + level.key() + " has none");
        }
        if (positions && !warmStart.equals(COLD)) {
            throw new IllegalArgumentException(
                    "a warm start ranks edges, and masks at each position would all start alike: leave one of them out");
        }
        if (positions && freshData) {
            throw new IllegalArgumentException("masks at each position need prompts that all have as many tokens, which"
                    + " fresh ones may not: leave one of them out");
        }
    }

    /**
     * Whether edges start from a ranking.
     *
     * @return whether there is a warm start
     */
    public boolean warm() {
        return !warmStart.equals(COLD);
    }

    /**
     * The same, holding the target or not.
     *
     * @param value whether log_alphas are shifted where masks are off the target
     * @return new controls
     */
    public PruneControls withHoldTarget(boolean value) {
        return new PruneControls(value, earlyExit, freshData, warmStart, level, neuronSparsity, positions);
    }

    /**
     * The same with another early exit.
     *
     * @param value number of steps; 0 for never
     * @return new controls
     */
    public PruneControls withEarlyExit(int value) {
        return new PruneControls(holdTarget, value, freshData, warmStart, level, neuronSparsity, positions);
    }

    /**
     * The same with or without fresh data.
     *
     * @param value whether every epoch trains on newly generated prompts
     * @return new controls
     */
    public PruneControls withFreshData(boolean value) {
        return new PruneControls(holdTarget, earlyExit, value, warmStart, level, neuronSparsity, positions);
    }

    /**
     * The same with another start.
     *
     * @param value {@link #COLD}, or the name of a {@link WarmStart}
     * @return new controls
     */
    public PruneControls withWarmStart(String value) {
        return new PruneControls(holdTarget, earlyExit, freshData, value, level, neuronSparsity, positions);
    }

    /**
     * The same with other masks.
     *
     * @param value what has masks
     * @return new controls
     */
    public PruneControls withLevel(MaskLevel value) {
        return new PruneControls(holdTarget, earlyExit, freshData, warmStart, value, neuronSparsity, positions);
    }

    /**
     * The same with another target of the neurons' sparsity.
     *
     * @param value share of the neurons to cut, from 0 on and below 1
     * @return new controls
     */
    public PruneControls withNeuronSparsity(double value) {
        return new PruneControls(holdTarget, earlyExit, freshData, warmStart, level, value, positions);
    }

    /**
     * The same with masks of edges at each position, or at all positions together.
     *
     * @param value whether every position has masks of its own
     * @return new controls
     */
    public PruneControls withPositions(boolean value) {
        return new PruneControls(holdTarget, earlyExit, freshData, warmStart, level, neuronSparsity, value);
    }
}
