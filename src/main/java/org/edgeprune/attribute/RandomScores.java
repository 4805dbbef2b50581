package org.edgeprune.attribute;

import java.util.SplittableRandom;
import org.edgeprune.graph.ComputationGraph;

/** Scores that know nothing of the model: the base line of every comparison. */
public final class RandomScores {
    private RandomScores() {}

    /**
     * Draws a score for every edge, normally distributed with mean 0 and variance 1.
     *
     * @param graph whose edges are scored
     * @param seed the same gives the same scores
     * @return the scores, without a unit
     */
    public static EdgeScores of(ComputationGraph graph, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        float[] scores = new float[graph.edgeCount()];
        for (int i = 0; i < scores.length; i++) {
            scores[i] = (float) random.nextGaussian();
        }
        return EdgeScores.of(graph, scores);
    }
}
