package org.edgeprune.report;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.edgeprune.graph.Jaccard;
import org.edgeprune.io.AtomicFile;
import org.edgeprune.report.FoundCircuit.Link;

/**
 * Several circuits side by side. Edges are identified by the names of their ends.
 *
 * @param circuits at least one
 */
public record CircuitComparison(List<FoundCircuit> circuits) {
    /**
     * Copies the list.
     *
     * @throws IllegalArgumentException if it is empty
     */
    public CircuitComparison {
        circuits = List.copyOf(circuits);
        if (circuits.isEmpty()) {
            throw new IllegalArgumentException("no circuits");
        }
    }

    /**
     * Reads circuits.
     *
     * @param paths run directories and {@code edges.json} files, at least one
     * @return their comparison, in the same order
     * @throws org.edgeprune.io.InputException as {@link FoundCircuit#read}
     */
    public static CircuitComparison of(List<Path> paths) {
        return new CircuitComparison(paths.stream().map(FoundCircuit::read).toList());
    }

    /**
     * The Jaccard index (intersection over union) of two circuits' edges.
     *
     * @param one the index of a circuit
     * @param other the index of another circuit
     * @return from 0 to 1; 1 for equal circuits, even if both are empty
     */
    public double overlap(int one, int other) {
        return Jaccard.of(circuits.get(one).edges(), circuits.get(other).edges());
    }

    /**
     * The Jaccard index of every pair of circuits.
     *
     * @return [circuits][circuits], symmetric, with ones on the diagonal
     */
    public double[][] overlaps() {
        double[][] overlaps = new double[circuits.size()][circuits.size()];
        for (int i = 0; i < overlaps.length; i++) {
            for (int j = 0; j < overlaps.length; j++) {
                overlaps[i][j] = overlap(i, j);
            }
        }
        return overlaps;
    }

    /**
     * The edges that all circuits have.
     *
     * @return in the order of the first circuit
     */
    public Set<Link> intersection() {
        Set<Link> common = new LinkedHashSet<>(circuits.get(0).edges());
        circuits.forEach(c -> common.retainAll(c.edges()));
        return common;
    }

    /**
     * The edges that at least one circuit has.
     *
     * @return in order of first appearance
     */
    public Set<Link> union() {
        Set<Link> any = new LinkedHashSet<>();
        circuits.forEach(c -> any.addAll(c.edges()));
        return any;
    }

    /**
     * The circuits' metrics.
     *
     * @return for each metric one value for each circuit, null where a circuit does not have the metric
     */
    public Map<String, List<Double>> metrics() {
        Map<String, List<Double>> rows = new LinkedHashMap<>();
        for (String name :
                FoundCircuit.names(circuits.stream().map(FoundCircuit::metrics).toList())) {
            List<Double> row = new ArrayList<>();
            circuits.forEach(c -> row.add(c.metrics().get(name)));
            rows.put(name, row);
        }
        return rows;
    }

    /**
     * Writes a set of edges as an {@code edges.json}.
     *
     * @param edges the edges
     * @param file the file, replaced if it exists
     * @throws org.edgeprune.io.InputException if the file cannot be written
     */
    public static void write(Set<Link> edges, Path file) {
        AtomicFile.writeText(file, FoundCircuit.toJson(edges));
    }
}
