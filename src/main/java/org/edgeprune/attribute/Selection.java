package org.edgeprune.attribute;

import java.util.BitSet;
import org.edgeprune.graph.Circuit;
import org.edgeprune.io.InputException;

/**
 * How edges are chosen by their scores: EAP-IG's {@code apply_topn}, {@code apply_greedy} and {@code apply_threshold}
 * before its {@code prune}, which is {@link Circuit#connected}.
 */
public sealed interface Selection {
    /**
     * The chosen edges, also those that lie on no path to the output.
     *
     * @param scores of every edge
     * @param by what makes an edge the better one
     * @return a circuit of the scores' graph
     * @throws InputException if the graph has fewer edges than are asked for
     */
    Circuit from(EdgeScores scores, Ranking by);

    /**
     * The edges with the best scores, wherever they are.
     *
     * @param edges how many
     */
    record Top(int edges) implements Selection {
        @Override
        public Circuit from(EdgeScores scores, Ranking by) {
            return scores.top(requireCount(edges, scores), by);
        }
    }

    /**
     * The edges with the best scores, as many as leave an edge sparsity: (1 - sparsity) of all, rounded.
     *
     * @param edgeSparsity the share of edges that are cut, 0 to 1
     */
    record Sparsity(double edgeSparsity) implements Selection {
        @Override
        public Circuit from(EdgeScores scores, Ranking by) {
            return scores.top((int) Math.round((1 - edgeSparsity) * scores.size()), by);
        }
    }

    /**
     * From the output upwards: always the best edge among those into nodes that the circuit has already, whose writer
     * then belongs to it too.
     *
     * @param edges how many
     */
    record Greedy(int edges) implements Selection {
        @Override
        public Circuit from(EdgeScores scores, Ranking by) {
            return new GreedySelection(scores, by).take(requireCount(edges, scores));
        }
    }

    /**
     * All edges whose score is at least a threshold.
     *
     * @param least the threshold
     */
    record Threshold(double least) implements Selection {
        @Override
        public Circuit from(EdgeScores scores, Ranking by) {
            BitSet kept = new BitSet(scores.size());
            for (int i = 0; i < scores.size(); i++) {
                kept.set(i, by.key(scores.at(i)) >= least);
            }
            return Circuit.of(scores.graph(), kept);
        }
    }

    private static int requireCount(int edges, EdgeScores scores) {
        if (edges < 0 || edges > scores.size()) {
            throw new InputException(edges + " edges are asked for, and the graph has " + scores.size()
                    + ": ask for 0 to " + scores.size());
        }
        return edges;
    }
}
