package org.edgeprune.cli;

import java.util.EnumSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.edgeprune.attribute.AttributionMethod;
import org.edgeprune.attribute.ScoreLevels;
import org.edgeprune.io.InputException;
import picocli.CommandLine.Option;

/** {@code --level} and {@code --positions}: what is scored beside edges. */
final class LevelOptions {
    /** Components of a model that have a score. */
    enum Level {
        EDGES,
        NODES,
        NEURONS;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    @Option(
            names = "--level",
            paramLabel = "LEVELS",
            split = ",",
            defaultValue = "edges",
            description =
                    "What is scored, separated by commas: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}). Edges always are:"
                            + " nodes and neurons are scored beside them.")
    private Set<Level> levels = EnumSet.of(Level.EDGES);

    @Option(
            names = "--positions",
            description =
                    "Also score every edge at each position. For prompts of one template: all must have as many tokens.")
    private boolean positions;

    ScoreLevels levels() {
        return new ScoreLevels(levels.contains(Level.NODES), levels.contains(Level.NEURONS), positions);
    }

    /** Refuses what a method cannot score. */
    void requireFor(AttributionMethod method, boolean bootstrap) {
        ScoreLevels asked = levels();
        if (asked.more() && method == AttributionMethod.RANDOM) {
            throw new InputException((positions ? "--positions" : "--level") + ": --method " + method.key()
                    + " scores edges only: use another method, such as eap");
        }
        if (positions && method.gradients(1).isEmpty()) {
            throw new InputException("--positions: --method " + method.key()
                    + " cuts edges at all positions together: use a method of gradients, such as eap");
        }
        if (bootstrap && (asked.neurons() || asked.positions())) {
            throw new InputException("--bootstrap: compares the best edges: leave "
                    + (positions ? "--positions" : "neurons of --level") + " out, or run twice");
        }
    }

    /** For {@code run.json}; empty for edges alone. */
    Map<String, Object> parameters() {
        Map<String, Object> parameters = new TreeMap<>();
        if (levels().nodes() || levels().neurons()) {
            parameters.put(
                    "level",
                    EnumSet.allOf(Level.class).stream()
                            .filter(level -> level == Level.EDGES || levels.contains(level))
                            .map(Level::toString)
                            .collect(Collectors.joining(",")));
        }
        if (positions) {
            parameters.put("positions", true);
        }
        return parameters;
    }
}
