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
        String name = edges.getFileName().toString();
        String stem = name.endsWith(SUFFIX) ? name.substring(0, name.length() - SUFFIX.length()) : name;
        return edges.resolveSibling(stem + ".graph" + SUFFIX);
    }

    static void write(Path edges, String text, GraphShape shape) {
        ObjectNode tree = Json.object();
        tree.set(GRAPH, Json.SNAKE_CASE.tree(shape));
        tree.put(DIGEST, Digest.sha256(text));
        Json.write(beside(edges), tree);
    }

    /**
     * The graph that stands beside a list.
     *
     * @param edges the list's file
     * @param model what the list is read for, with or without embedding nodes
     * @return empty if no graph stands beside it
     * @throws InputException if it is of another list, or not a graph of the model
     */
    static Optional<GraphShape> read(Path edges, GraphShape model) {
        Path file = beside(edges);
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        String remedy = "write " + edges.getFileName() + " again with edgeprune edges, or delete " + file.getFileName();
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
        if (!shape.withoutEmbeddings().equals(model.withoutEmbeddings())
                || (shape.hasEmbeddings() && model.hasEmbeddings() && !shape.equals(model))) {
            throw new InputException(file + ": field 'graph': " + edges.getFileName() + " is of another graph, of "
                    + shape.layers() + " layers, " + shape.heads() + " heads and " + shape.kvHeads()
                    + " key/value heads, and the model has " + model.layers() + ", " + model.heads() + " and "
                    + model.kvHeads() + ": name the model that it was made for");
        }
        return Optional.of(shape);
    }
}
