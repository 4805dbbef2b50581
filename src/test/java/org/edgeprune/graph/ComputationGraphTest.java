package org.edgeprune.graph;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.List;
import org.edgeprune.io.InputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ComputationGraphTest {
    private static final GraphShape TINY_GPT2 = new GraphShape(3, 4, 4, List.of("tok_embeds", "pos_embeds"), false);

    @ParameterizedTest(name = "{0} layers, {1} heads, {2} kv heads, {3} embedding nodes")
    @CsvSource({
        "12, 12, 12, 0, 445, 156, 32046", // GPT-2 small
        "12, 12, 12, 2, 445, 158, 32936",
        "40, 40, 40, 0, 4841, 1640, 3872820", // CodeLlama-13B
        "40, 40, 40, 1, 4841, 1641, 3877661",
        "3, 4, 4, 0, 40, 15, 222",
        "3, 4, 4, 2, 40, 17, 302",
        "3, 4, 2, 0, 28, 15, 162",
        "3, 4, 2, 1, 28, 16, 190",
        "2, 2, 2, 2, 15, 8, 61",
    })
    void countsAreThePublishedOnes(int layers, int heads, int kv, int embeddings, int readers, int writers, int edges) {
        List<String> names = List.of("e0", "e1").subList(0, embeddings);
        ComputationGraph graph = new ComputationGraph(new GraphShape(layers, heads, kv, names, false));
        assertEquals(readers, graph.readers().size());
        assertEquals(writers, graph.writers().size());
        assertEquals(edges, graph.edgeCount());
    }

    @Test
    void keysOfAQueryHeadAreRefusedWithTheHeadTheyBelongTo() {
        ComputationGraph grouped = new ComputationGraph(new GraphShape(3, 4, 2, List.of(), false));
        assertEquals(
                "unknown reader 'a0.h3.k': this model has 2 key/value heads for its 4 query heads, and query head 3 uses"
                        + " a0.h1.k",
                assertThrows(InputException.class, () -> grouped.reader("a0.h3.k"))
                        .getMessage());
    }

    @Test
    void edgesAreNumberedReaderByReader() {
        ComputationGraph graph = new ComputationGraph(TINY_GPT2);
        int next = 0;
        for (Reader reader : graph.readers()) {
            for (Writer writer : graph.writers()) {
                if (graph.hasEdge(writer, reader)) {
                    assertEquals(next, graph.edgeIndex(writer, reader));
                    assertEquals(new Edge(writer, reader), graph.edge(next++));
                }
            }
        }
        assertEquals(graph.edgeCount(), next);
    }

    @Test
    void anMlpReadsItsOwnLayersHeadsUnlessBlocksAreParallel() {
        ComputationGraph sequential = new ComputationGraph(TINY_GPT2);
        assertTrue(sequential.hasEdge(sequential.writer("a1.h3"), sequential.reader("m1")));
        assertFalse(sequential.hasEdge(sequential.writer("m1"), sequential.reader("m1")));
        ComputationGraph parallel = new ComputationGraph(new GraphShape(3, 4, 4, List.of(), true));
        assertFalse(parallel.hasEdge(parallel.writer("a1.h3"), parallel.reader("m1")));
        assertTrue(parallel.hasEdge(parallel.writer("m0"), parallel.reader("m1")));
    }

    @Test
    void sharedKeysFeedEveryHeadOfTheirGroup() {
        ComputationGraph graph = new ComputationGraph(new GraphShape(2, 4, 2, List.of("embeds"), false));
        assertEquals(List.of(graph.writer("a1.h2"), graph.writer("a1.h3")), graph.fedBy(graph.reader("a1.h1.k")));
        assertEquals(List.of(graph.writer("a1.h1")), graph.fedBy(graph.reader("a1.h1.q")));
        assertEquals(List.of(graph.writer("m0")), graph.fedBy(graph.reader("m0")));
        assertEquals(List.of(), graph.fedBy(graph.reader("resid_post")));
    }

    @Test
    void circuitsRoundTripThroughEdgesJson(@TempDir Path dir) throws Exception {
        ComputationGraph graph = new ComputationGraph(TINY_GPT2);
        BitSet set = new BitSet();
        set.set(graph.edgeIndex(graph.writer("tok_embeds"), graph.reader("a0.h1.k")));
        set.set(graph.edgeIndex(graph.writer("a0.h1"), graph.reader("m0")));
        set.set(graph.edgeIndex(graph.writer("m2"), graph.reader("resid_post")));
        Circuit circuit = Circuit.of(graph, set);
        Path file = Files.writeString(dir.resolve("edges.json"), circuit.toJson());
        assertEquals(circuit, Circuit.read(file, graph));
        assertEquals(3, circuit.size());
        assertEquals(1 - 3 / 302.0, circuit.edgeSparsity(), 1e-12);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{}                            | expected a list of [writer, reader] pairs",
                "[[\"a0.h0\"]]                 | entry 0 is [\"a0.h0\"]: expected a pair",
                "[[\"a9.h0\", \"m1\"]]         | entry 0: unknown writer 'a9.h0'",
                "[[\"a0.h0\", \"a0.h0.q\"]]    | a0.h0 is computed after a0.h0.q reads",
                "[[\"a0.h0\", \"m1\"]          | not JSON",
            })
    void aBadEdgesFileIsNamedWithItsEntry(String json, String message, @TempDir Path dir) throws Exception {
        Path file = Files.writeString(dir.resolve("edges.json"), json);
        InputException e =
                assertThrows(InputException.class, () -> Circuit.read(file, new ComputationGraph(TINY_GPT2)));
        assertTrue(e.getMessage().startsWith(file.toString()), e.getMessage());
        assertTrue(e.getMessage().contains(message), e.getMessage());
    }
}
