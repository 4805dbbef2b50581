package org.edgeprune.graph;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.StreamSupport;
import org.edgeprune.io.Digest;
import org.edgeprune.io.InputException;
import org.edgeprune.io.Json;
import org.edgeprune.io.TextReader;

/**
 * Which graph an {@code edges.json} is of: {@code edges.graph.json} beside it. The list itself cannot say it and stay
 * one that the published implementation loads, and without it a circuit that reads no embedding cannot be told from one
 * in a graph where embeddings are not nodes.
 *
 * <p>It holds the {@link GraphShape} and the SHA-256 of the list, so that it cannot be taken for the graph of another.
 */
final class EdgesGraph {
    private static final String GRAPH = "graph";
    private static final String DIGEST = "edges_sha256";
    private static final String SUFFIX = ".json";

    private EdgesGraph() {}

    /** {@code edges.graph.json} for {@code edges.json}. */
    static Path beside(Path edges) {
        String name = String.valueOf(edges.getFileName());
        String stem = name.endsWith(SUFFIX) ? name.substring(0, name.length() - SUFFIX.length()) : name;
        return edges.resolveSibling(stem + ".graph" + SUFFIX);
    }

    /** @param digest SHA-256 of the list's text */
    static void write(Path edges, String digest, GraphShape shape) {
        ObjectNode tree = Json.object();
        tree.set(GRAPH, Json.SNAKE_CASE.tree(shape));
        tree.put(DIGEST, digest);
        Json.write(beside(edges), tree);
    }

    private static String remedy(Path edges) {
        return "write " + edges.getFileName() + " again with edgeprune edges, or delete "
                + beside(edges).getFileName();
    }

    /**
     * The graph that stands beside a list, of whatever model it is.
     *
     * @param edges the list's file
     * @return empty if no graph stands beside it
     * @throws InputException if it is of another list
     */
    static Optional<GraphShape> read(Path edges) {
        Path file = beside(edges);
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        String remedy = remedy(edges);
        JsonNode tree = Json.read(file, remedy, TextReader.CONFIGURATION);
        JsonNode embeddings = tree.path(GRAPH).path("embeddings");
        boolean named = StreamSupport.stream(embeddings.spliterator(), false).allMatch(JsonNode::isTextual);
        if (!embeddings.isArray() || !named || !tree.path(DIGEST).isTextual()) {
            throw new InputException(file + ": lacks one of graph.embeddings and edges_sha256: " + remedy);
        }
        if (!tree.path(DIGEST).textValue().equals(Digest.sha256(TextReader.LARGE.read(edges, remedy)))) {
            throw new InputException(
                    file + ": field 'edges_sha256': " + edges.getFileName() + " is another list now: " + remedy);
        }
        GraphShape shape = Json.SNAKE_CASE.value(file.toString(), tree.get(GRAPH), GraphShape.class, remedy);
        if (shape.isTooLarge()) {
            throw new InputException(
                    file + ": field 'graph': has more edges than a graph of any model can have: " + remedy);
        }
        return Optional.of(shape);
    }

    /**
     * The graph that stands beside a list of a model's edges.
     *
     * @param edges the list's file
     * @param model what the list is read for, with or without embedding nodes
     * @return empty if no graph stands beside it
     * @throws InputException if it is of another list, or not a graph of the model
     */
    static Optional<GraphShape> read(Path edges, GraphShape model) {
        Optional<GraphShape> said = read(edges);
        said.ifPresent(shape -> requireOf(model, edges, shape));
        return said;
    }

    private static void requireOf(GraphShape model, Path edges, GraphShape shape) {
        if (!shape.withoutEmbeddings().equals(model.withoutEmbeddings())
                || (shape.hasEmbeddings() && model.hasEmbeddings() && !shape.equals(model))) {
            throw new InputException(beside(edges) + ": field 'graph': " + edges.getFileName()
                    + " is of another graph, of "
                    + shape.layers() + " layers, " + shape.heads() + " heads and " + shape.kvHeads()
                    + " key/value heads, and the model has " + model.layers() + ", " + model.heads() + " and "
                    + model.kvHeads() + ": name the model that it was made for");
        }
    }
}
