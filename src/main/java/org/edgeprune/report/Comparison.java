package org.edgeprune.report;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.edgeprune.io.AtomicFile;
import org.edgeprune.report.FoundCircuit.Link;

/** Several circuits beside each other. Edges are the same where their names are. */
public record Comparison(List<FoundCircuit> circuits) {
    public Comparison {
        circuits = List.copyOf(circuits);
        if (circuits.isEmpty()) {
            throw new IllegalArgumentException("no circuits");
        }
    }

    /** Reads run directories and {@code edges.json} files. */
    public static Comparison of(List<Path> paths) {
        return new Comparison(paths.stream().map(FoundCircuit::read).toList());
    }

    /** Edges in both over edges in either (Jaccard index, IoU): 1 for equal circuits, also where both are empty. */
    public double overlap(int one, int other) {
        Set<Link> both = new LinkedHashSet<>(circuits.get(one).edges());
        both.retainAll(circuits.get(other).edges());
        int either =
                circuits.get(one).edges().size() + circuits.get(other).edges().size() - both.size();
        return either == 0 ? 1 : (double) both.size() / either;
    }

    /** {@link #overlap} of every circuit with every other. */
    public double[][] overlaps() {
        double[][] overlaps = new double[circuits.size()][circuits.size()];
        for (int i = 0; i < overlaps.length; i++) {
            for (int j = 0; j < overlaps.length; j++) {
                overlaps[i][j] = overlap(i, j);
            }
        }
        return overlaps;
    }

    /** The edges that all circuits have. */
    public Set<Link> intersection() {
        Set<Link> common = new LinkedHashSet<>(circuits.get(0).edges());
        circuits.forEach(c -> common.retainAll(c.edges()));
        return common;
    }

    /** The edges that any circuit has. */
    public Set<Link> union() {
        Set<Link> any = new LinkedHashSet<>();
        circuits.forEach(c -> any.addAll(c.edges()));
        return any;
    }

    /** Each metric of the circuits in their order; null where one does not have it. */
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

    /** Writes a set of edges as an {@code edges.json}. */
    public static void write(Set<Link> edges, Path file) {
        AtomicFile.writeText(file, FoundCircuit.toJson(edges));
    }
}
