package org.edgeprune.graph;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.edgeprune.io.AtomicFile;
import org.edgeprune.io.Digest;
import org.edgeprune.io.InputException;
import org.edgeprune.io.Json;
import org.edgeprune.io.TextReader;

/**
 * A circuit at each position of prompts that all have as many tokens: what pruning finds where every position has masks
 * of its own. A reader at a position reads the writers of the edges that are kept there; heads carry information
 * between positions, from those of their keys and values to those of their queries.
 *
 * <p>On disk it is a {@code positions.json}: {@code {"positions": 3, "edges": [["embeds", "a0.h1.k", [0, 2]]]}}, where
 * each entry is an edge with the positions at which it is kept, counted from 0. {@code positions.graph.json} beside it
 * says of which graph it is.
 */
public final class PositionCircuit {
    private static final String POSITIONS = "positions";
    private static final String EDGES = "edges";
    private static final String REMEDY = "name a positions.json, which edgeprune prune --positions writes";

    private final ComputationGraph graph;
    private final int positions;
    private final BitSet kept;

    private PositionCircuit(ComputationGraph graph, int positions, BitSet kept) {
        this.graph = graph;
        this.positions = positions;
        this.kept = kept;
    }

    /**
     * The circuits whose edges are set.
     *
     * @param graph the graph
     * @param positions number of positions, at least 1
     * @param kept {@code position * graph.edgeCount() + edge} of every edge that is kept at a position; copied
     * @return the circuits
     * @throws IllegalArgumentException if a number is not of an edge at one of the positions
     */
    public static PositionCircuit of(ComputationGraph graph, int positions, BitSet kept) {
        if (positions < 1 || kept.length() > (long) positions * graph.edgeCount()) {
            throw new IllegalArgumentException(
                    "edge " + (kept.length() - 1) + " of " + graph.edgeCount() + " at " + positions + " positions");
        }
        return new PositionCircuit(graph, positions, (BitSet) kept.clone());
    }

    /**
     * The graph that the circuits are parts of.
     *
     * @return the graph
     */
    public ComputationGraph graph() {
        return graph;
    }

    /**
     * The number of positions.
     *
     * @return tokens of each prompt
     */
    public int positions() {
        return positions;
    }

    /**
     * The number of edges, counted at each position where they are kept.
     *
     * @return from 0 to {@link #total}
     */
    public int size() {
        return kept.cardinality();
    }

    /**
     * The number of edges of the graph, counted at each position.
     *
     * @return {@code positions * graph.edgeCount()}
     */
    public int total() {
        return Math.multiplyExact(positions, graph.edgeCount());
    }

    /**
     * 1 - kept edges / all edges, both counted at each position.
     *
     * @return 0 to 1
     */
    public double edgeSparsity() {
        return 1.0 - (double) size() / total();
    }

    /**
     * What is kept, by number.
     *
     * @return {@code position * graph.edgeCount() + edge} of every edge that is kept at a position; a copy
     */
    public BitSet edgeSet() {
        return (BitSet) kept.clone();
    }

    /**
     * The circuit at one position.
     *
     * @param position from 0 on
     * @return the edges that are kept there
     * @throws IllegalArgumentException if there is no such position
     */
    public Circuit at(int position) {
        if (position < 0 || position >= positions) {
            throw new IllegalArgumentException("position " + position + " of " + positions);
        }
        int first = position * graph.edgeCount();
        return Circuit.of(graph, kept.get(first, first + graph.edgeCount()));
    }

    /**
     * The edges that are kept at any position.
     *
     * @return their union
     */
    public Circuit anywhere() {
        BitSet union = new BitSet();
        kept.stream().forEach(i -> union.set(i % graph.edgeCount()));
        return Circuit.of(graph, union);
    }

    /**
     * The positions at which an edge is kept.
     *
     * @param edge its number in the graph
     * @return ascending, from 0 on
     */
    public int[] positionsOf(int edge) {
        return IntStream.range(0, positions)
                .filter(position -> kept.get(position * graph.edgeCount() + edge))
                .toArray();
    }

    /**
     * Writes a {@code positions.json} and the {@code positions.graph.json} beside it, each atomically.
     *
     * @param file the file, written or replaced
     * @throws InputException if either cannot be written
     */
    public void write(Path file) {
        String text = toJson();
        AtomicFile.writeText(file, text);
        EdgesGraph.write(file, Digest.sha256(text), graph.shape());
    }

    /**
     * The circuits as the text of a {@code positions.json}, with one edge on each line.
     *
     * @return a JSON object
     */
    public String toJson() {
        return anywhere().edges().stream()
                .map(edge -> "    [\"" + edge.writer() + "\", \"" + edge.reader() + "\", ["
                        + IntStream.of(positionsOf(graph.edgeIndex(edge.writer(), edge.reader())))
                                .mapToObj(String::valueOf)
                                .collect(Collectors.joining(", "))
                        + "]]")
                .collect(Collectors.joining(
                        ",\n",
                        "{\n  \"" + POSITIONS + "\": " + positions + ",\n  \"" + EDGES + "\": [\n",
                        "\n  ]\n}\n"));
    }

    /**
     * Reads a {@code positions.json} that says itself of which graph it is.
     *
     * @param file that {@link #write} wrote
     * @return the circuits
     * @throws InputException naming the file and the entry if it is not one, names a node, an edge or a position that
     *     is not there, or no {@code positions.graph.json} of it stands beside it
     */
    public static PositionCircuit read(Path file) {
        if (!Files.exists(file)) {
            throw new InputException(file + ": no such file: " + REMEDY);
        }
        ComputationGraph graph = new ComputationGraph(EdgesGraph.read(file)
                .orElseThrow(() -> new InputException(EdgesGraph.beside(file) + ": not there, and says of which graph "
                        + file.getFileName() + " is: put it back")));
        JsonNode root = Json.read(file, REMEDY, TextReader.LARGE);
        int positions = root.path(POSITIONS).asInt();
        if (positions < 1
                || (long) positions * graph.edgeCount() > Integer.MAX_VALUE
                || !root.path(EDGES).isArray()) {
            throw new InputException(
                    file + ": lacks a number of positions of at least 1, or the list of edges: " + REMEDY);
        }
        BitSet kept = new BitSet();
        int number = 0;
        for (JsonNode entry : root.path(EDGES)) {
            try {
                read(graph, positions, entry, kept);
            } catch (InputException e) {
                throw new InputException(file + ": entry " + number + ": " + e.getMessage(), e);
            }
            number++;
        }
        return new PositionCircuit(graph, positions, kept);
    }

    private static void read(ComputationGraph graph, int positions, JsonNode entry, BitSet kept) {
        if (!entry.isArray() || entry.size() != 3 || !entry.get(2).isArray()) {
            throw new InputException("is " + entry + ": expected [writer, reader, [positions]]");
        }
        Writer writer = graph.writer(entry.get(0).asText());
        Reader reader = graph.reader(entry.get(1).asText());
        if (!graph.hasEdge(writer, reader)) {
            throw new InputException(writer + " is computed after " + reader + " reads, so this edge cannot exist");
        }
        for (JsonNode position : entry.get(2)) {
            if (!position.isInt() || position.intValue() < 0 || position.intValue() >= positions) {
                throw new InputException("position " + position + ": must be from 0 to " + (positions - 1));
            }
            kept.set(position.intValue() * graph.edgeCount() + graph.edgeIndex(writer, reader));
        }
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof PositionCircuit c
                && graph.shape().equals(c.graph.shape())
                && positions == c.positions
                && kept.equals(c.kept);
    }

    @Override
    public int hashCode() {
        return kept.hashCode();
    }

    @Override
    public String toString() {
        return size() + " of " + total() + " edges at " + positions + " positions";
    }
}
