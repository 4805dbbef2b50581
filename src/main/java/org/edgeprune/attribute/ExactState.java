package org.edgeprune.attribute;

import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.graph.Reader;

/** The sums of {@link ExactPatching} as they grow, reader by reader of one batch after the other. */
public final class ExactState {
    private final ComputationGraph graph;
    private final double[] sums;
    private final Keeper keeper;
    private long done;

    /** Keeps a state for a run that is cut off. */
    @FunctionalInterface
    public interface Keeper {
        /** Keeps nothing. */
        Keeper NONE = state -> {};

        /**
         * Called after each reader.
         *
         * @param state to be kept, or not yet
         */
        void changed(ExactState state);
    }

    /**
     * A state that another run may have left.
     *
     * @param graph whose edges are scored
     * @param sums of the examples' scores by edge number, {@code [edges]}; not copied
     * @param done how many readers are in them, over all batches
     * @param keeper keeps the state as it changes
     */
    public ExactState(ComputationGraph graph, double[] sums, long done, Keeper keeper) {
        if (sums.length != graph.edgeCount()) {
            throw new IllegalArgumentException(sums.length + " sums for " + graph.edgeCount() + " edges");
        }
        this.graph = graph;
        this.sums = sums;
        this.done = done;
        this.keeper = keeper;
    }

    /**
     * The state of a run that begins.
     *
     * @param graph whose edges are scored
     * @return zero sums, which nobody keeps
     */
    public static ExactState fresh(ComputationGraph graph) {
        return new ExactState(graph, new double[graph.edgeCount()], 0, Keeper.NONE);
    }

    /**
     * How many readers are done, over all batches.
     *
     * @return from 0 on
     */
    public long done() {
        return done;
    }

    /**
     * The sums of the examples' scores.
     *
     * @return a copy, by edge number, {@code [edges]}
     */
    public double[] sums() {
        return sums.clone();
    }

    /**
     * Adds the next reader of a batch.
     *
     * @param means the batch's mean scores of the edges into it
     * @param examples of the batch
     */
    void add(Reader reader, double[] means, int examples) {
        int first = means.length == 0 ? 0 : graph.edgeIndex(graph.writers().getFirst(), reader);
        for (int w = 0; w < means.length; w++) {
            sums[first + w] += means[w] * examples;
        }
        done++;
        keeper.changed(this);
    }

    EdgeScores mean(int examples) {
        float[] means = new float[sums.length];
        for (int i = 0; i < means.length; i++) {
            means[i] = (float) (sums[i] / examples);
        }
        return EdgeScores.of(graph, means);
    }
}
