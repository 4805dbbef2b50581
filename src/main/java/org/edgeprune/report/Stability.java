package org.edgeprune.report;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.edgeprune.graph.Circuit;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.graph.Edge;
import org.edgeprune.graph.Jaccard;
import org.edgeprune.graph.Writer;
import org.edgeprune.io.Json;
import org.edgeprune.io.JsonFields;

/**
 * How much circuits agree that were found by the same run with different seeds.
 *
 * @param circuits of one graph, at least two
 */
public record Stability(List<Circuit> circuits) {
    /** Name of the file beside the runs that {@link #sentence(Path)} reads. */
    public static final String FILE = "stability.json";

    private static final double HALF = 0.5;

    /**
     * Checks the graphs.
     *
     * @throws IllegalArgumentException if there are fewer than two circuits, or they are of different graphs
     */
    public Stability {
        circuits = List.copyOf(circuits);
        boolean same = circuits.stream()
                        .map(circuit -> circuit.graph().shape())
                        .distinct()
                        .count()
                == 1;
        if (circuits.size() < 2 || !same) {
            throw new IllegalArgumentException("stability needs at least two circuits of one graph");
        }
    }

    /**
     * How many of the circuits have each edge.
     *
     * @return {@code [edges]}, by edge number
     */
    public int[] frequencies() {
        int[] counts = new int[graph().edgeCount()];
        circuits.forEach(circuit -> circuit.edgeSet().stream().forEach(edge -> counts[edge]++));
        return counts;
    }

    /**
     * The consensus: the edges that at least so many circuits have.
     *
     * @param runs from 1, which gives the union, to the number of circuits, which gives the intersection
     * @return a circuit of the same graph
     */
    public Circuit consensus(int runs) {
        int[] counts = frequencies();
        BitSet kept = new BitSet();
        IntStream.range(0, counts.length).filter(edge -> counts[edge] >= runs).forEach(kept::set);
        return Circuit.of(graph(), kept);
    }

    private ComputationGraph graph() {
        return circuits.getFirst().graph();
    }

    /**
     * Mean Jaccard index (intersection over union) of the edges of two circuits, over all pairs.
     *
     * @return 0 to 1
     */
    public double edgeJaccard() {
        return meanJaccard(circuit -> Set.copyOf(circuit.edges()));
    }

    /**
     * Mean Jaccard index of the attention heads that two circuits have an edge out of, over all pairs.
     *
     * @return 0 to 1
     */
    public double headJaccard() {
        return meanJaccard(circuit -> circuit.edges().stream()
                .map(Edge::writer)
                .filter(writer -> writer.kind() == Writer.Kind.HEAD)
                .collect(Collectors.toSet()));
    }

    private double meanJaccard(Function<Circuit, Set<?>> parts) {
        List<Set<?>> sets = circuits.stream().<Set<?>>map(parts).toList();
        double sum = 0;
        int pairs = 0;
        for (int i = 0; i < sets.size(); i++) {
            for (int j = 0; j < i; j++) {
                sum += Jaccard.of(sets.get(i), sets.get(j));
                pairs++;
            }
        }
        return sum / pairs;
    }

    /**
     * The edges that any circuit has, with how many have them, as a table with the columns {@code writer,reader,runs}.
     *
     * @return the text of a CSV file with a header, the edges that most circuits have first
     */
    public String toCsv() {
        int[] counts = frequencies();
        StringBuilder lines = new StringBuilder("writer,reader,runs\n");
        for (int runs = circuits.size(); runs > 0; runs--) {
            for (Edge edge : consensus(runs).edges()) {
                if (counts[graph().edgeIndex(edge.writer(), edge.reader())] == runs) {
                    lines.append("%s,%s,%d%n".formatted(edge.writer(), edge.reader(), runs));
                }
            }
        }
        return lines.toString();
    }

    /**
     * The numbers that {@link #sentence(Path)} needs.
     *
     * @return an object with {@code runs}, {@code edge_jaccard}, {@code head_jaccard} and {@code edges_in_all}
     */
    public ObjectNode toJson() {
        return Json.object()
                .put("runs", circuits.size())
                .put("edge_jaccard", edgeJaccard())
                .put("head_jaccard", headJaccard())
                .put("edges_in_all", consensus(circuits.size()).size());
    }

    /**
     * How stable the circuits are, in words.
     *
     * @return one or two sentences
     */
    public String sentence() {
        return sentence(
                circuits.size(),
                edgeJaccard(),
                headJaccard(),
                consensus(circuits.size()).size());
    }

    /**
     * The same of runs that were compared before.
     *
     * @param directory the directory that holds the runs
     * @return the sentences; empty if it has no {@link #FILE}
     */
    static String sentence(Path directory) {
        Path file = directory.resolve(FILE);
        return Files.exists(file) ? sentence(JsonFields.read(file, "write it again with edgeprune prune --seeds")) : "";
    }

    private static String sentence(JsonFields json) {
        return sentence(
                json.integer("runs", 2, Integer.MAX_VALUE),
                json.number("edge_jaccard"),
                json.number("head_jaccard"),
                json.integer("edges_in_all", 0, Integer.MAX_VALUE));
    }

    private static String sentence(int runs, double edges, double heads, int edgesInAll) {
        String shared =
                "Of %d runs with different seeds, two share %.0f%% of their edges on average (Jaccard index) and %.0f%% of their heads; %,d edges are in all."
                        .formatted(runs, 100 * edges, 100 * heads, edgesInAll);
        return edges < HALF
                ? shared
                        + " Most edges of one run are not found by another: draw conclusions from edges that many runs have."
                : shared;
    }
}
