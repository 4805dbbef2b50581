package org.edgeprune.graph;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.List;
import org.edgeprune.io.Digest;
import org.edgeprune.io.InputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Circuits at each position, and their file. */
class PositionCircuitTest {
    private static final ComputationGraph GRAPH =
            new ComputationGraph(new GraphShape(2, 2, 1, List.of("tok_embeds", "pos_embeds"), false));

    @TempDir
    private Path dir;

    private static int edge(String writer, String reader) {
        return GRAPH.edgeIndex(GRAPH.writer(writer), GRAPH.reader(reader));
    }

    private static PositionCircuit circuit() {
        BitSet kept = new BitSet();
        kept.set(edge("tok_embeds", "a0.h0.v"));
        kept.set(2 * GRAPH.edgeCount() + edge("tok_embeds", "a0.h0.v"));
        kept.set(2 * GRAPH.edgeCount() + edge("a0.h1", "resid_post"));
        return PositionCircuit.of(GRAPH, 3, kept);
    }

    @Test
    void edgesAreCountedAtEachPosition() {
        PositionCircuit circuit = circuit();
        assertEquals(3, circuit.size());
        assertEquals(3 * GRAPH.edgeCount(), circuit.total());
        assertEquals(1 - 3.0 / circuit.total(), circuit.edgeSparsity());
        assertEquals(2, circuit.anywhere().size());
        assertEquals(
                List.of(1, 0, 2),
                List.of(
                        circuit.at(0).size(),
                        circuit.at(1).size(),
                        circuit.at(2).size()));
        assertArrayEquals(new int[] {0, 2}, circuit.positionsOf(edge("tok_embeds", "a0.h0.v")));
        assertThrows(IllegalArgumentException.class, () -> circuit.at(3));
        assertThrows(IllegalArgumentException.class, () -> PositionCircuit.of(GRAPH, 2, circuit.edgeSet()));
    }

    @Test
    void aFileHoldsAll() throws IOException {
        Path file = dir.resolve("positions.json");
        circuit().write(file);
        assertEquals("""
                {
                  "positions": 3,
                  "edges": [
                    ["tok_embeds", "a0.h0.v", [0, 2]],
                    ["a0.h1", "resid_post", [2]]
                  ]
                }
                """, Files.readString(file));
        assertEquals(circuit(), PositionCircuit.read(file));
        PositionCircuit none = PositionCircuit.of(GRAPH, 3, new BitSet());
        none.write(file);
        assertEquals(none, PositionCircuit.read(file));
        assertNotEquals(circuit(), none);
    }

    @Test
    void damageIsNamed() throws IOException {
        Path file = dir.resolve("positions.json");
        refused(file, "no such file");
        circuit().write(file);
        String text = Files.readString(file);
        refused(file, text.replace("[0, 2]", "[0, 3]"), "entry 0: position 3: must be from 0 to 2");
        refused(file, text.replace("[0, 2]", "\"0\""), "entry 0: is [\"tok_embeds\"");
        refused(file, text.replace("a0.h1", "a7.h1"), "entry 1: ");
        refused(file, text.replace("\"a0.h1\", \"resid_post\"", "\"m1\", \"m0\""), "entry 1: m1 is computed after m0");
        refused(file, text.replace("\"positions\": 3", "\"positions\": 0"), "lacks a number of positions");
        refused(file, "[]", "lacks a number of positions");
        circuit().write(file);
        Files.writeString(file, text.replace("[0, 2]", "[0, 1]"));
        refused(file, "is another list now");
        Files.delete(dir.resolve("positions.graph.json"));
        refused(file, "says of which graph positions.json is");
    }

    private static void refused(Path file, String text, String expected) throws IOException {
        Files.writeString(file, text);
        EdgesGraph.write(file, Digest.sha256(text), GRAPH.shape());
        refused(file, expected);
    }

    private static void refused(Path file, String expected) {
        String message = assertThrows(InputException.class, () -> PositionCircuit.read(file))
                .getMessage();
        assertTrue(message.startsWith(file.getParent().toString()) && message.contains(expected), message);
    }
}
