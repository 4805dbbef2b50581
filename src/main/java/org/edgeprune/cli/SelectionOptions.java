package org.edgeprune.cli;

import java.util.Optional;
import org.edgeprune.attribute.Ranking;
import org.edgeprune.attribute.Selection;
import org.edgeprune.io.InputException;
import picocli.CommandLine.Option;

/** {@code --edges-kept}, {@code --threshold}, {@code --greedy} and {@code --ranking}: which edges, by their scores. */
final class SelectionOptions {
    @Option(
            names = "--edges-kept",
            paramLabel = "N",
            description = "The N edges with the best scores, without those on no path to the output.")
    private Optional<Integer> edgesKept = Optional.empty();

    @Option(
            names = "--threshold",
            paramLabel = "SCORE",
            description = "The edges with at least this score, without those on no path to the output.")
    private Optional<Double> threshold = Optional.empty();

    @Option(
            names = "--greedy",
            description = "With --edges-kept: from the output upwards, always the best edge into a node that is in.")
    private boolean greedy;

    @Option(
            names = "--ranking",
            paramLabel = "HOW",
            description =
                    "What makes a score the better one: ${COMPLETION-CANDIDATES} (default: absolute; signed for log_alphas).")
    private Optional<Ranking> ranking = Optional.empty();

    /** How edges are chosen; empty for no choice. */
    Optional<Selection> selection() {
        if (edgesKept.isPresent() && threshold.isPresent()) {
            throw new InputException("--edges-kept and --threshold were both given: leave out one");
        }
        if (greedy && edgesKept.isEmpty()) {
            throw new InputException("--greedy: says how --edges-kept chooses: give a number of edges");
        }
        if (edgesKept.isPresent() && edgesKept.get() < 0) {
            throw new InputException("--edges-kept " + edgesKept.get() + ": must be at least 0");
        }
        if (threshold.isPresent() && threshold.get().isNaN()) {
            throw new InputException("--threshold NaN: name a number");
        }
        Optional<Selection> best = edgesKept.map(n -> greedy ? new Selection.Greedy(n) : new Selection.Top(n));
        return best.or(() -> threshold.map(Selection.Threshold::new));
    }

    Ranking ranking(Ranking otherwise) {
        return ranking.orElse(otherwise);
    }
}
