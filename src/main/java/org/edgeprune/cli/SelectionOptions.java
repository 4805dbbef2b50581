package org.edgeprune.cli;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.edgeprune.attribute.CircuitInput;
import org.edgeprune.attribute.Ranking;
import org.edgeprune.attribute.Selection;
import org.edgeprune.io.InputException;
import picocli.CommandLine.Option;

/** {@code --edges-kept}, {@code --edge-sparsity}, {@code --threshold}: which edges, by their scores. */
final class SelectionOptions {
    @Option(names = "--edges-kept", paramLabel = "N", description = "The N edges with the best scores.")
    private Optional<Integer> edgesKept = Optional.empty();

    @Option(
            names = "--edge-sparsity",
            paramLabel = "S",
            description = "The edges with the best scores, as many as give this edge sparsity, 0 to 1.")
    private Optional<Double> edgeSparsity = Optional.empty();

    @Option(names = "--threshold", paramLabel = "SCORE", description = "The edges with at least this score.")
    private Optional<Double> threshold = Optional.empty();

    @Option(
            names = "--greedy",
            description = "With --edges-kept: from the output upwards, always the best edge into a node that is in.")
    private boolean greedy;

    @Option(
            names = "--ranking",
            paramLabel = "HOW",
            description =
                    "What makes a score the better one: ${COMPLETION-CANDIDATES} (default: signed for log_alphas and scores of mattr and acdc, else absolute).")
    private Optional<Ranking> ranking = Optional.empty();

    /** How edges are chosen; empty for no choice. */
    Optional<Selection> selection() {
        if (names().size() > 1) {
            throw new InputException(given() + " were given: leave out one");
        }
        if (edgeSparsity.isPresent() && !(edgeSparsity.get() >= 0 && edgeSparsity.get() <= 1)) {
            throw new InputException("--edge-sparsity " + edgeSparsity.get()
                    + ": is the share of edges to cut: give a number from 0 to 1, such as 0.95");
        }
        if (greedy && edgesKept.isEmpty()) {
            throw new InputException("--greedy: says how --edges-kept chooses: give a number of edges");
        }
        Bounds.atLeast(0, "--edges-kept", edgesKept);
        if (threshold.isPresent() && threshold.get().isNaN()) {
            throw new InputException("--threshold NaN: name a number");
        }
        Optional<Selection> best = edgesKept.map(n -> greedy ? new Selection.Greedy(n) : new Selection.Top(n));
        return best.or(() -> edgeSparsity.map(Selection.Sparsity::new))
                .or(() -> threshold.map(Selection.Threshold::new));
    }

    /** The option that was given to choose edges; empty for none. */
    String given() {
        return String.join(" and ", names());
    }

    private List<String> names() {
        return Stream.of(
                        edgesKept.map(n -> "--edges-kept"),
                        edgeSparsity.map(s -> "--edge-sparsity"),
                        threshold.map(t -> "--threshold"))
                .flatMap(Optional::stream)
                .toList();
    }

    /** How scores rank edges, if that was given. */
    Optional<Ranking> ranking() {
        return ranking;
    }

    /** How the scores in an input rank edges, unless it was given: as their method says. */
    Ranking ranking(CircuitInput input) {
        return ranking.orElseGet(input::ranking);
    }
}
