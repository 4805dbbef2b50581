package org.edgeprune.attribute;

import org.edgeprune.graph.ComputationGraph;

/** Adds up scores over examples, batch by batch, in double precision. */
final class ScoreSum {
    private final ComputationGraph graph;
    private final double[] sums;
    private int examples;

    ScoreSum(ComputationGraph graph) {
        this.graph = graph;
        this.sums = new double[graph.edgeCount()];
    }

    /** Adds a batch's mean scores, by edge number. */
    void add(float[] means, int count) {
        for (int i = 0; i < sums.length; i++) {
            sums[i] += (double) means[i] * count;
        }
        examples += count;
    }

    /** The mean over all examples. */
    EdgeScores mean() {
        float[] means = new float[sums.length];
        for (int i = 0; i < means.length; i++) {
            means[i] = (float) (sums[i] / examples);
        }
        return EdgeScores.of(graph, means);
    }
}
