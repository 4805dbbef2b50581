package org.edgeprune.report;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.edgeprune.graph.EdgesFile;
import org.edgeprune.graph.PositionCircuit;
import org.edgeprune.prune.RunDirectory;

/**
 * The numbers of a run's circuit, without its edges: there can be millions of them.
 *
 * @param edges how many it keeps; of a run with masks at each position, counted at each
 * @param positions number of positions that have masks of their own; 1 where all have the same
 * @param metrics the numbers of its {@code metrics.json}
 */
record CircuitFacts(int edges, int positions, Map<String, Double> metrics) {
    /**
     * Counts the edges of a run.
     *
     * @throws org.edgeprune.io.InputException as {@link FoundCircuit#read(Path)}
     */
    static CircuitFacts of(RunDirectory run) {
        Optional<PositionCircuit> positions = run.readPositions();
        if (positions.isEmpty()) {
            FoundCircuit.requireThere(run.edgesFile(), run.holdsRun());
        }
        run.requireIntact(_ -> {});
        Map<String, Double> metrics = FoundCircuit.metrics(run.metricsFile());
        if (positions.isPresent()) {
            return new CircuitFacts(positions.get().size(), positions.get().positions(), metrics);
        }
        int[] edges = {0};
        EdgesFile.read(run.edgesFile(), _ -> edges[0]++);
        return new CircuitFacts(edges[0], 1, metrics);
    }
}
