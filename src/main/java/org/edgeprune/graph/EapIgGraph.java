package org.edgeprune.graph;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * A model's computation graph as EAP-IG has it: one node {@code input} in place of all embeddings, and a key and a
 * value input for every query head, also where the model shares them between heads (grouped-query attention).
 *
 * <p>It is a {@link ComputationGraph} of its own: {@code input} is its writer {@code embeds}, {@code logits} its reader
 * {@code resid_post}, and {@code a0.h1<k>} its reader {@code a0.h1.k}. GPT-2 small has 32,491 edges.
 */
public final class EapIgGraph {
    private static final String INPUT = "input";
    private static final String LOGITS = "logits";
    private static final String ARROW = "->";

    private final ComputationGraph graph;
    private final Map<String, Writer> writers = new HashMap<>();
    private final Map<String, Reader> readers = new HashMap<>();

    /**
     * The graph of a model.
     *
     * @param model the shape of the model's graph, with or without embedding nodes
     */
    public EapIgGraph(GraphShape model) {
        this.graph = new ComputationGraph(shape(model));
        graph.writers().forEach(writer -> writers.put(name(writer), writer));
        graph.readers().forEach(reader -> readers.put(name(reader), reader));
    }

    /**
     * The shape of EAP-IG's graph of a model.
     *
     * @param model the shape of the model's graph, with or without embedding nodes
     * @return one embedding node, and as many key/value heads as query heads
     */
    public static GraphShape shape(GraphShape model) {
        return new GraphShape(model.layers(), model.heads(), model.heads(), List.of("embeds"), model.parallelBlocks());
    }

    /**
     * The graph with edgeprune's names.
     *
     * @return whose edge numbers count EAP-IG's edges
     */
    public ComputationGraph graph() {
        return graph;
    }

    /**
     * EAP-IG's name of a writer.
     *
     * @param writer of {@link #graph}
     * @return such as {@code input}, {@code a0.h1} or {@code m0}
     */
    public static String name(Writer writer) {
        return writer.kind() == Writer.Kind.EMBEDDING ? INPUT : writer.name();
    }

    /**
     * EAP-IG's name of a reader.
     *
     * @param reader of {@link #graph}
     * @return such as {@code a0.h1<k>}, {@code m0} or {@code logits}
     */
    public static String name(Reader reader) {
        return switch (reader.kind()) {
            case QUERY -> "a" + reader.layer() + ".h" + reader.head() + "<q>";
            case KEY -> "a" + reader.layer() + ".h" + reader.head() + "<k>";
            case VALUE -> "a" + reader.layer() + ".h" + reader.head() + "<v>";
            case MLP -> reader.name();
            case RESID_POST -> LOGITS;
        };
    }

    /**
     * EAP-IG's name of an edge.
     *
     * @param writer where it begins
     * @param reader where it ends
     * @return such as {@code input->a0.h1<k>}
     */
    public static String name(Writer writer, Reader reader) {
        return name(writer) + ARROW + name(reader);
    }

    /**
     * Whether a node has this name.
     *
     * @param name any text
     * @return whether it is {@code logits} or a writer's name
     */
    boolean hasNode(String name) {
        return name.equals(LOGITS) || writers.containsKey(name);
    }

    /**
     * The edge of a name.
     *
     * @param name such as {@code input->a0.h1<k>}
     * @return empty if this graph has no such edge
     */
    Optional<Edge> edge(String name) {
        int arrow = name.indexOf(ARROW);
        if (arrow < 0) {
            return Optional.empty();
        }
        Writer writer = writers.get(name.substring(0, arrow));
        Reader reader = readers.get(name.substring(arrow + ARROW.length()));
        return writer == null || reader == null || !graph.hasEdge(writer, reader)
                ? Optional.empty()
                : Optional.of(new Edge(writer, reader));
    }

    /**
     * All edges in the order of EAP-IG's files: layer by layer, by writer, then by head with its query, key and value;
     * then the layer's MLP; last {@code logits}. With parallel blocks a writer's edge into the MLP follows those into
     * the heads.
     *
     * @param each is given every edge once
     */
    void forEachEdge(Consumer<Edge> each) {
        GraphShape shape = graph.shape();
        for (int layer = 0; layer < shape.layers(); layer++) {
            ReaderGroup mlp = graph.group(Reader.Kind.MLP, layer);
            for (Writer writer : visible(graph.group(Reader.Kind.QUERY, layer))) {
                for (int head = 0; head < shape.heads(); head++) {
                    for (Reader.Kind kind : List.of(Reader.Kind.QUERY, Reader.Kind.KEY, Reader.Kind.VALUE)) {
                        each.accept(new Edge(
                                writer,
                                graph.readers().get(graph.group(kind, layer).firstReader() + head)));
                    }
                }
                if (shape.parallelBlocks()) {
                    each.accept(new Edge(writer, graph.readers().get(mlp.firstReader())));
                }
            }
            if (!shape.parallelBlocks()) {
                edgesInto(mlp, each);
            }
        }
        edgesInto(graph.group(Reader.Kind.RESID_POST, shape.layers()), each);
    }

    private void edgesInto(ReaderGroup group, Consumer<Edge> each) {
        Reader reader = graph.readers().get(group.firstReader());
        visible(group).forEach(writer -> each.accept(new Edge(writer, reader)));
    }

    private List<Writer> visible(ReaderGroup group) {
        return graph.writers().subList(0, group.visibleWriters());
    }
}
