package org.edgeprune.graph;

import java.io.BufferedWriter;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.Predicate;
import org.edgeprune.io.AtomicFile;
import org.edgeprune.io.Digest;
import org.edgeprune.io.InputException;

/**
 * A set of edges of one {@link ComputationGraph}: what pruning finds.
 *
 * <p>On disk it is the reference's {@code edges.json}: a list of {@code [writer, reader]} name pairs.
 */
public final class Circuit {
    private final ComputationGraph graph;
    private final BitSet edges;

    private Circuit(ComputationGraph graph, BitSet edges) {
        this.graph = graph;
        this.edges = edges;
    }

    /**
     * The circuit of the edges whose numbers are set.
     *
     * @param graph the graph
     * @param edges edge numbers, copied
     * @return the circuit
     * @throws IllegalArgumentException if a number is not of an edge of the graph
     */
    public static Circuit of(ComputationGraph graph, BitSet edges) {
        if (edges.length() > graph.edgeCount()) {
            throw new IllegalArgumentException("edge " + (edges.length() - 1) + " of " + graph.edgeCount());
        }
        return new Circuit(graph, (BitSet) edges.clone());
    }

    /**
     * The circuit of all edges.
     *
     * @param graph the graph
     * @return the whole graph
     */
    public static Circuit full(ComputationGraph graph) {
        BitSet all = new BitSet();
        all.set(0, graph.edgeCount());
        return new Circuit(graph, all);
    }

    /**
     * The graph that this is a part of.
     *
     * @return the graph
     */
    public ComputationGraph graph() {
        return graph;
    }

    /**
     * The number of edges.
     *
     * @return how many edges are kept
     */
    public int size() {
        return edges.cardinality();
    }

    /**
     * Whether an edge is in this circuit.
     *
     * @param edgeIndex the edge's number in the graph
     * @return whether it is kept
     */
    public boolean contains(int edgeIndex) {
        return edges.get(edgeIndex);
    }

    /**
     * Whether the edge between two nodes is in this circuit.
     *
     * @param writer a writer of the graph
     * @param reader a reader of the graph
     * @return whether it is kept; false if the graph has no such edge
     */
    public boolean contains(Writer writer, Reader reader) {
        return graph.hasEdge(writer, reader) && edges.get(graph.edgeIndex(writer, reader));
    }

    /**
     * The numbers of the edges.
     *
     * @return a copy
     */
    public BitSet edgeSet() {
        return (BitSet) edges.clone();
    }

    /**
     * 1 - kept edges / all edges.
     *
     * @return 0 to 1
     */
    public double edgeSparsity() {
        return 1.0 - (double) size() / graph.edgeCount();
    }

    /**
     * The edges in the order of the published {@code edges.json}: layer by layer; within an attention layer by writer,
     * then queries, keys and values by head; then the layer's MLP; at last {@code resid_post}.
     *
     * @return the edges
     */
    public List<Edge> edges() {
        List<Edge> list = new ArrayList<>(size());
        forEach(_ -> true, _ -> true, (writer, reader) -> list.add(new Edge(writer, reader)));
        return Collections.unmodifiableList(list);
    }

    /**
     * The edges into a node: of a head, those into its query, and into the key and value that it uses.
     *
     * @param node a writer of the graph
     * @return in the order of {@link #edges}
     */
    public List<Edge> edgesInto(Writer node) {
        List<Edge> list = new ArrayList<>();
        forEach(
                _ -> true,
                reader -> graph.fedBy(reader).contains(node),
                (writer, reader) -> list.add(new Edge(writer, reader)));
        return Collections.unmodifiableList(list);
    }

    /**
     * The edges out of a node.
     *
     * @param node a writer of the graph
     * @return in the order of {@link #edges}
     */
    public List<Edge> edgesOutOf(Writer node) {
        List<Edge> list = new ArrayList<>();
        forEach(node::equals, _ -> true, (writer, reader) -> list.add(new Edge(writer, reader)));
        return Collections.unmodifiableList(list);
    }

    /** Visits edges between some writers and some readers, in the order of {@link #edges}, and makes no list. */
    private void forEach(Predicate<Writer> from, Predicate<Reader> into, BiConsumer<Writer, Reader> edge) {
        List<Writer> writers = graph.writers().stream().filter(from).toList();
        int layers = graph.shape().layers();
        for (int layer = 0; layer < layers; layer++) {
            forEach(writers, readers(layer, into, Reader.Kind.QUERY, Reader.Kind.KEY, Reader.Kind.VALUE), edge);
            forEach(writers, readers(layer, into, Reader.Kind.MLP), edge);
        }
        forEach(writers, readers(layers, into, Reader.Kind.RESID_POST), edge);
    }

    private void forEach(List<Writer> writers, List<Reader> readers, BiConsumer<Writer, Reader> edge) {
        if (readers.isEmpty()) {
            return;
        }
        for (Writer writer : writers) {
            if (!graph.hasEdge(writer, readers.getFirst())) { // the readers see the same writers, the first ones
                return;
            }
            for (Reader reader : readers) {
                if (edges.get(graph.edgeIndex(writer, reader))) {
                    edge.accept(writer, reader);
                }
            }
        }
    }

    private List<Reader> readers(int layer, Predicate<Reader> wanted, Reader.Kind... kinds) {
        return Arrays.stream(kinds)
                .map(kind -> graph.group(kind, layer))
                .flatMap(group ->
                        graph.readers().subList(group.firstReader(), group.firstReader() + group.count()).stream())
                .filter(wanted)
                .toList();
    }

    /**
     * The edges of this circuit that satisfy a condition.
     *
     * @param keep the condition
     * @return a smaller circuit
     */
    public Circuit filter(Predicate<Edge> keep) {
        BitSet kept = new BitSet();
        edges.stream().filter(i -> keep.test(graph.edge(i))).forEach(kept::set);
        return new Circuit(graph, kept);
    }

    /**
     * The edges that are in both circuits.
     *
     * @param other a circuit of a graph of the same shape
     * @return a new circuit
     * @throws InputException if the graphs differ
     */
    public Circuit intersection(Circuit other) {
        BitSet both = edgeSet();
        both.and(sameGraph(other).edges);
        return new Circuit(graph, both);
    }

    /**
     * The edges that are in either circuit.
     *
     * @param other a circuit of a graph of the same shape
     * @return a new circuit
     * @throws InputException if the graphs differ
     */
    public Circuit union(Circuit other) {
        BitSet either = edgeSet();
        either.or(sameGraph(other).edges);
        return new Circuit(graph, either);
    }

    private Circuit sameGraph(Circuit other) {
        if (!graph.shape().equals(other.graph.shape())) {
            throw new InputException(
                    "these circuits are of different models: " + graph.shape() + " and " + other.graph.shape());
        }
        return other;
    }

    /**
     * The circuit as the text of an {@code edges.json} file, with one edge per line.
     *
     * @return a JSON list of {@code [writer, reader]} pairs
     */
    public String toJson() {
        StringBuilder text = new StringBuilder();
        try {
            writeTo(text);
        } catch (IOException e) {
            throw new AssertionError("memory can be written", e);
        }
        return text.toString();
    }

    private void writeTo(Appendable out) throws IOException {
        EdgesFile.Text text = new EdgesFile.Text(out);
        forEach(_ -> true, _ -> true, (writer, reader) -> text.add(writer.name(), reader.name()));
        text.end();
    }

    /**
     * Writes an {@code edges.json}, atomically, and beside it {@code edges.graph.json}, which says of which graph it
     * is.
     *
     * @param file the list, written or replaced
     * @throws InputException if either cannot be written
     */
    public void write(Path file) {
        Digest digest = Digest.sha256();
        AtomicFile.write(file, out -> {
            // not all of the text at once: 3.9 million edges have 100 MB
            try {
                BufferedWriter text =
                        new BufferedWriter(new OutputStreamWriter(digest.through(out), StandardCharsets.UTF_8));
                writeTo(text);
                text.flush();
            } catch (UncheckedIOException e) {
                throw e.getCause();
            }
        });
        EdgesGraph.write(file, digest.hex(), graph.shape());
    }

    /**
     * The circuit without edges that lie on no path from an input to {@code resid_post}, as EAP-IG's {@code prune}
     * leaves it: until nothing changes any more, nodes without an edge into them or out of them are dropped, and then
     * the edges of dropped nodes. Where embeddings are not nodes, every node reads the input.
     *
     * @return a circuit of the same graph
     */
    public Circuit connected() {
        return new Circuit(graph, Connectivity.prune(graph, edges));
    }

    /**
     * The number of edges out of each writer.
     *
     * @return {@code [writers]}, by their index
     */
    public int[] edgesByWriter() {
        int[] counts = new int[graph.nodeCount()];
        for (ReaderGroup group : graph.groups()) {
            int end = group.firstEdge() + group.edgeCount();
            for (int i = edges.nextSetBit(group.firstEdge()); i >= 0 && i < end; i = edges.nextSetBit(i + 1)) {
                counts[(i - group.firstEdge()) % group.visibleWriters()]++;
            }
        }
        return counts;
    }

    /**
     * The writers that an edge of the circuit comes from.
     *
     * @return in the order of the graph
     */
    public List<Writer> edgeWriters() {
        int[] counts = edgesByWriter();
        return graph.writers().stream()
                .filter(writer -> counts[writer.index()] > 0)
                .toList();
    }

    /**
     * Number of writers that an edge of the circuit comes from.
     *
     * @return from 0 to {@link ComputationGraph#nodeCount}
     */
    public int writerCount() {
        return edgeWriters().size();
    }

    /**
     * Whether an {@code edges.graph.json} beside a list of edges says of which graph it is.
     *
     * @param file the list
     * @return whether {@link #read(Path, GraphShape)} need not infer it
     */
    public static boolean saysItsGraph(Path file) {
        return Files.exists(EdgesGraph.beside(file));
    }

    /**
     * Reads a list of edges that says itself of which graph it is, without a model.
     *
     * @param file an {@code edges.json}
     * @return the circuit; empty if no {@code edges.graph.json} stands beside the list
     * @throws InputException as {@link #read(Path, ComputationGraph)}, and if that file is of another list
     */
    public static Optional<Circuit> readWithItsGraph(Path file) {
        return EdgesGraph.read(file).map(shape -> read(file, new ComputationGraph(shape)));
    }

    /**
     * Reads a circuit of a model: an {@code edges.json}, or a graph file of EAP-IG, whose {@code in_graph} edges are
     * taken. Whether embeddings are nodes is said by the {@code edges.graph.json} beside an {@code edges.json}; without
     * one, they are if any edge comes from one.
     *
     * @param file of either kind, which is seen from its content
     * @param shape the model's, with embedding nodes
     * @return a circuit of the model's graph, with or without embedding nodes
     * @throws InputException as {@link #read(Path, ComputationGraph)}, and if the file is of another model's graph
     */
    public static Circuit read(Path file, GraphShape shape) {
        ComputationGraph with = new ComputationGraph(shape);
        if (EapIgFile.isOne(file)) {
            return EapIgFile.read(file).circuitOf(file, with);
        }
        Optional<GraphShape> said = EdgesGraph.read(file, shape);
        if (said.isPresent()) {
            return read(file, new ComputationGraph(said.get()));
        }
        Circuit circuit = read(file, with);
        int embeddings = shape.embeddings().size();
        boolean used =
                circuit.edges.stream().anyMatch(i -> with.edge(i).writer().index() < embeddings);
        return used ? circuit : read(file, new ComputationGraph(shape.withoutEmbeddings()));
    }

    /**
     * Reads a circuit of a known graph: an {@code edges.json}, or a graph file of EAP-IG.
     *
     * @param file of either kind, which is seen from its content
     * @param graph the graph that it is of
     * @return the circuit
     * @throws InputException naming the file and the entry if it is not a list of pairs, or names a node or an edge
     *     that the graph does not have
     */
    public static Circuit read(Path file, ComputationGraph graph) {
        if (EapIgFile.isOne(file)) {
            return EapIgFile.read(file).circuitOf(file, graph);
        }
        BitSet set = new BitSet();
        EdgesFile.read(file, entry -> {
            Writer writer = graph.writer(entry.writer());
            Reader reader = graph.reader(entry.reader());
            if (!graph.hasEdge(writer, reader)) {
                throw new InputException(writer + " is computed after " + reader + " reads, so this edge cannot exist");
            }
            set.set(graph.edgeIndex(writer, reader));
        });
        return new Circuit(graph, set);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Circuit c && graph.shape().equals(c.graph.shape()) && edges.equals(c.edges);
    }

    @Override
    public int hashCode() {
        return edges.hashCode();
    }

    @Override
    public String toString() {
        return size() + " of " + graph.edgeCount() + " edges";
    }
}
