package org.edgeprune.report;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.edgeprune.draw.DrawnEdge;
import org.edgeprune.graph.Circuit;
import org.edgeprune.graph.EdgesFile;
import org.edgeprune.graph.PositionCircuit;
import org.edgeprune.io.InputException;
import org.edgeprune.io.JsonFields;
import org.edgeprune.prune.RunDirectory;

/**
 * A circuit read from a file, by the names of its nodes.
 *
 * @param name the path that the user gave
 * @param edges in the order of the file; of a run with masks at each position, each at every position where it is kept
 * @param positions number of positions that have masks of their own; 1 where all have the same
 * @param metrics the numbers of its {@code metrics.json}; empty for an {@code edges.json} outside a run directory
 */
public record FoundCircuit(String name, Set<Link> edges, int positions, Map<String, Double> metrics) {
    /**
     * An edge by the names of its ends.
     *
     * @param writer the writer's name
     * @param reader the reader's name
     * @param position where it is kept, from 0; 0 where all positions have the same masks
     */
    public record Link(String writer, String reader, int position) {
        /**
         * An edge that is kept at all positions.
         *
         * @param writer the writer's name
         * @param reader the reader's name
         */
        public Link(String writer, String reader) {
            this(writer, reader, 0);
        }
    }

    /**
     * A circuit that is the same at all positions.
     *
     * @param name the path that the user gave
     * @param edges in the order of the file
     * @param metrics the numbers of its {@code metrics.json}
     */
    public FoundCircuit(String name, Set<Link> edges, Map<String, Double> metrics) {
        this(name, edges, 1, metrics);
    }

    /** Copies edges and metrics. */
    public FoundCircuit {
        edges = Collections.unmodifiableSet(new LinkedHashSet<>(edges));
        metrics = Collections.unmodifiableMap(new LinkedHashMap<>(metrics));
    }

    /**
     * Reads a run directory or an {@code edges.json}.
     *
     * @param path the directory or file
     * @return the circuit
     * @throws InputException if it is neither, the run has not ended, or its edges do not belong to its metrics
     */
    public static FoundCircuit read(Path path) {
        return read(path, note -> {});
    }

    /**
     * The same, with a note if a run is of an earlier version, whose edges cannot be verified.
     *
     * @param path the directory or file
     * @param noted receives the note
     * @return the circuit
     * @throws InputException as {@link #read(Path)}
     */
    public static FoundCircuit read(Path path, Consumer<String> noted) {
        boolean run = Files.isDirectory(path);
        RunDirectory directory = new RunDirectory(path);
        Optional<PositionCircuit> positions = run ? directory.readPositions() : Optional.empty();
        if (positions.isPresent()) {
            directory.requireIntact(noted);
            return of(path.toString(), positions.get(), metrics(directory.metricsFile()));
        }
        Path file = run ? directory.edgesFile() : path;
        requireThere(file, run && directory.holdsRun());
        if (run) {
            directory.requireIntact(noted);
        }
        Set<Link> edges = DrawnEdge.read(file).stream()
                .map(e -> new Link(e.writer(), e.reader()))
                .collect(Collectors.toCollection(LinkedHashSet::new));
        return new FoundCircuit(path.toString(), edges, run ? metrics(directory.metricsFile()) : Map.of());
    }

    static void requireThere(Path file, boolean ofRun) {
        if (!Files.exists(file)) {
            throw new InputException(file + ": no such file: "
                    + (ofRun
                            ? "the run has not ended; continue it with edgeprune prune --resume"
                            : "name the folder of a run or an edges.json"));
        }
    }

    private static FoundCircuit of(String name, PositionCircuit circuit, Map<String, Double> metrics) {
        Set<Link> edges = new LinkedHashSet<>();
        for (int position = 0; position < circuit.positions(); position++) {
            int there = position;
            circuit.at(position).edges().stream()
                    .map(e -> new Link(e.writer().name(), e.reader().name(), there))
                    .forEach(edges::add);
        }
        return new FoundCircuit(name, edges, circuit.positions(), metrics);
    }

    /**
     * A circuit of a computation graph.
     *
     * @param name the name to show
     * @param circuit the circuit
     * @return its edges, without metrics
     */
    public static FoundCircuit of(String name, Circuit circuit) {
        return new FoundCircuit(
                name,
                circuit.edges().stream()
                        .map(e -> new Link(e.writer().name(), e.reader().name()))
                        .collect(Collectors.toCollection(LinkedHashSet::new)),
                Map.of());
    }

    /** Numbers of a {@code metrics.json} that describe the graph and the run rather than the circuit. */
    static final Set<String> NOT_METRICS = Set.of(
            "total_edges",
            "total_edge_positions",
            "num_positions",
            "total_nodes",
            "examples",
            "edge_threshold",
            "node_threshold",
            "steps",
            "seconds");

    /** The numbers of a {@code metrics.json}. */
    static Map<String, Double> metrics(Path file) {
        Map<String, Double> metrics = new LinkedHashMap<>();
        JsonFields.read(file, "name the folder of a run").node().properties().forEach(entry -> {
            if (entry.getValue().isNumber()) {
                metrics.put(entry.getKey(), entry.getValue().doubleValue());
            }
        });
        return metrics;
    }

    /** The text of an {@code edges.json}: one {@code [writer, reader]} pair on each line. */
    static String toJson(Set<Link> edges) {
        return EdgesFile.toJson(edges.stream().map(e -> new EdgesFile.Entry(e.writer(), e.reader())));
    }

    /** The keys of several maps, in order of first appearance. */
    static Set<String> names(List<Map<String, Double>> maps) {
        return maps.stream().flatMap(m -> m.keySet().stream()).collect(Collectors.toCollection(LinkedHashSet::new));
    }
}
