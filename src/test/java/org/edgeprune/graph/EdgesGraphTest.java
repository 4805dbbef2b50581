package org.edgeprune.graph;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.List;
import org.edgeprune.io.InputException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EdgesGraphTest {
    private static final GraphShape SHAPE = new GraphShape(3, 4, 4, List.of("tok_embeds", "pos_embeds"), false);

    @TempDir
    private Path folder;

    private Path edges;
    private Circuit circuit;

    /** Of a graph with embedding nodes, but without an edge from one. */
    @BeforeEach
    void write() {
        ComputationGraph graph = new ComputationGraph(SHAPE);
        BitSet kept = new BitSet();
        kept.set(graph.edgeIndex(graph.writer("a0.h1"), graph.reader("m0")));
        circuit = Circuit.of(graph, kept);
        edges = folder.resolve("edges.json");
        circuit.write(edges);
    }

    @Test
    void theGraphIsTheOneThatWasWritten() throws Exception {
        assertEquals(circuit, Circuit.read(edges, SHAPE));
        ComputationGraph without = new ComputationGraph(SHAPE.withoutEmbeddings());
        Circuit other = Circuit.full(without);
        other.write(edges);
        assertEquals(other, Circuit.read(edges, SHAPE));
    }

    @Test
    void theListStaysTheOneThatThePublishedCodeLoads() throws Exception {
        JsonNode list = new ObjectMapper().readTree(edges.toFile());
        assertEquals("[[\"a0.h1\",\"m0\"]]", list.toString());
    }

    @Test
    void aListAloneIsReadAsBefore() throws Exception {
        Files.delete(folder.resolve("edges.graph.json"));
        assertFalse(Circuit.read(edges, SHAPE).graph().shape().hasEmbeddings());
    }

    @Test
    void anotherListIsNotTakenForIt() throws Exception {
        Files.writeString(edges, "[[\"a0.h1\", \"m1\"]]");
        refuse(SHAPE, "field 'edges_sha256': edges.json is another list now");
    }

    @Test
    void anotherModelIsRefused() {
        refuse(new GraphShape(4, 4, 4, SHAPE.embeddings(), false), "field 'graph': edges.json is of another graph");
        refuse(new GraphShape(3, 4, 2, SHAPE.embeddings(), false), "field 'graph': edges.json is of another graph");
    }

    @Test
    void damageIsNamed() throws Exception {
        Path graph = folder.resolve("edges.graph.json");
        String whole = Files.readString(graph);
        Files.writeString(graph, "{}");
        refuse(SHAPE, "lacks one of graph.embeddings and edges_sha256");
        Files.writeString(graph, whole.replace("embeddings", "embedding"));
        refuse(SHAPE, "lacks one of graph.embeddings and edges_sha256");
        Files.writeString(graph, whole.replace("\"tok_embeds\"", "null"));
        refuse(SHAPE, "lacks one of graph.embeddings and edges_sha256");
        Files.writeString(graph, whole.replace("\"kv_heads\" : 4", "\"kv_heads\" : 3"));
        refuse(SHAPE, "no such graph: 3 layers, 4 heads, 3 kv heads");
    }

    private void refuse(GraphShape model, String message) {
        InputException e = assertThrows(InputException.class, () -> Circuit.read(edges, model));
        assertTrue(e.getMessage().startsWith(folder.resolve("edges.graph.json") + ": "), e.getMessage());
        assertTrue(e.getMessage().contains(message), e.getMessage());
        assertEquals(1, e.getMessage().lines().count());
    }
}
