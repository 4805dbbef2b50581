package org.edgeprune.attribute;

import java.util.BitSet;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.graph.Jaccard;

/**
 * Scores of every edge on each of some prompts, and how far a circuit depends on which prompts they are.
 *
 * @param graph the graph that they are of
 * @param scores by prompt, then by edge number, {@code [prompts][edges]}
 */
public record PromptScores(ComputationGraph graph, float[][] scores) {
    /** Checks the shape. */
    public PromptScores {
        if (scores.length == 0) {
            throw new IllegalArgumentException("scores of no prompt");
        }
    }

    /**
     * The scores of all prompts together.
     *
     * @return their mean
     * @throws org.edgeprune.io.InputException if one is not finite
     */
    public EdgeScores mean() {
        return mean(IntStream.range(0, scores.length).toArray());
    }

    private EdgeScores mean(int[] prompts) {
        ScoreSum sum = new ScoreSum(graph.edgeCount());
        for (int prompt : prompts) {
            sum.add(scores[prompt], 1);
        }
        return EdgeScores.of(graph, sum.mean());
    }

    /**
     * Bootstrap stability: the prompts are drawn anew, with replacement, and the best edges are taken of each draw's
     * mean scores.
     *
     * @param resamples number of draws, at least 2
     * @param top how many edges are taken, at least 1
     * @param by what makes an edge the better one
     * @param seed of the draws
     * @return the mean over all pairs of draws of {@code |A and B| / |A or B|} (Jaccard), from 0 to 1
     */
    public double stability(int resamples, int top, Ranking by, long seed) {
        if (resamples < 2 || top < 1) {
            throw new IllegalArgumentException(resamples + " resamples of " + top + " edges");
        }
        SplittableRandom random = new SplittableRandom(seed);
        BitSet[] circuits = new BitSet[resamples];
        for (int i = 0; i < resamples; i++) {
            int[] drawn = random.ints(scores.length, 0, scores.length).toArray();
            circuits[i] = mean(drawn).top(top, by).edgeSet();
        }
        double sum = 0;
        for (int i = 0; i < resamples; i++) {
            for (int j = 0; j < i; j++) {
                sum += Jaccard.of(circuits[i], circuits[j]);
            }
        }
        return sum / (resamples * (resamples - 1) / 2.0);
    }
}
