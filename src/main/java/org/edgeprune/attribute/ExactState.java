package org.edgeprune.attribute;

/** The sums of {@link ExactPatching} as they grow, piece by piece of one batch after the other. */
public final class ExactState {
    private final double[] sums;
    private final Keeper keeper;
    private long done;

    /** Keeps a state for a run that is cut off. */
    @FunctionalInterface
    public interface Keeper {
        /** Keeps nothing. */
        Keeper NONE = state -> {};

        /**
         * Called after each piece.
         *
         * @param state to be kept, or not yet
         */
        void changed(ExactState state);
    }

    /**
     * A state that another run may have left.
     *
     * @param sums of the examples' scores, {@link ExactPatching#sums} many; not copied
     * @param done how many pieces (the edges into a reader, the nodes of a block, the neurons of an MLP) are in them,
     *     over all batches
     * @param keeper keeps the state as it changes
     */
    public ExactState(double[] sums, long done, Keeper keeper) {
        this.sums = sums;
        this.done = done;
        this.keeper = keeper;
    }

    /**
     * The state of a run that begins.
     *
     * @param patching what is run
     * @return zero sums, which nobody keeps
     */
    public static ExactState fresh(ExactPatching patching) {
        return new ExactState(new double[patching.sums()], 0, Keeper.NONE);
    }

    /**
     * How many pieces are done, over all batches.
     *
     * @return from 0 on
     */
    public long done() {
        return done;
    }

    /**
     * The sums of the examples' scores.
     *
     * @return a copy: edges by number, then nodes, then neurons layer by layer
     */
    public double[] sums() {
        return sums.clone();
    }

    /**
     * Adds the next piece of a batch.
     *
     * @param first where its sums begin
     * @param means the batch's mean scores
     * @param examples of the batch
     */
    void add(int first, double[] means, int examples) {
        for (int i = 0; i < means.length; i++) {
            sums[first + i] += means[i] * examples;
        }
        done++;
        keeper.changed(this);
    }

    float[] mean(int examples) {
        float[] means = new float[sums.length];
        for (int i = 0; i < means.length; i++) {
            means[i] = (float) (sums[i] / examples);
        }
        return means;
    }
}
