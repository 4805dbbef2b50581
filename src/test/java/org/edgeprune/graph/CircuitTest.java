package org.edgeprune.graph;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.edgeprune.io.InputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CircuitTest {
    /** Heads that share keys and values, and embedding nodes. */
    private static final ComputationGraph GRAPH =
            new ComputationGraph(new GraphShape(3, 4, 2, List.of("tok_embeds", "pos_embeds"), false));

    private static final Circuit SOME = random(0.4);

    private static Circuit random(double share) {
        SplittableRandom random = new SplittableRandom(3);
        BitSet edges = new BitSet();
        IntStream.range(0, GRAPH.edgeCount())
                .filter(_ -> random.nextDouble() < share)
                .forEach(edges::set);
        return Circuit.of(GRAPH, edges);
    }

    @Test
    void edgesAreInThePublishedOrder() {
        List<Edge> byNumber =
                SOME.edgeSet().stream().mapToObj(GRAPH::edge).collect(ArrayList::new, List::add, List::addAll);
        byNumber.sort(Comparator.comparingInt((Edge edge) -> edge.reader().layer())
                .thenComparing(edge -> edge.reader().kind() == Reader.Kind.MLP)
                .thenComparingInt(edge -> edge.writer().index())
                .thenComparingInt(edge -> edge.reader().index()));
        assertEquals(byNumber, SOME.edges());
        assertEquals(GRAPH.edgeCount(), Circuit.full(GRAPH).edges().size());
    }

    @Test
    void edgesOfANodeAreThoseOfTheWholeListInItsOrder() {
        for (Writer node : GRAPH.writers()) {
            assertEquals(
                    SOME.edges().stream()
                            .filter(edge -> GRAPH.fedBy(edge.reader()).contains(node))
                            .toList(),
                    SOME.edgesInto(node));
            assertEquals(
                    SOME.edges().stream()
                            .filter(edge -> edge.writer().equals(node))
                            .toList(),
                    SOME.edgesOutOf(node));
        }
        assertEquals(
                SOME.edges().stream()
                        .map(Edge::writer)
                        .distinct()
                        .sorted(Comparator.comparingInt(Writer::index))
                        .toList(),
                SOME.edgeWriters());
        assertEquals(0, Circuit.of(GRAPH, new BitSet()).writerCount());
    }

    @Test
    void aListIsWrittenPieceByPieceAndIsReadAgain(@TempDir Path folder) throws IOException {
        for (Circuit circuit : List.of(SOME, Circuit.of(GRAPH, new BitSet()), Circuit.full(GRAPH))) {
            Path file = folder.resolve("edges.json");
            circuit.write(file);
            assertEquals(circuit.toJson(), Files.readString(file));
            assertEquals(circuit, Circuit.readWithItsGraph(file).orElseThrow(), "its graph names another digest");
        }
    }

    @Test
    void aFaultBehindGoodEntriesIsNamed(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("edges.json");
        String good = SOME.toJson().strip();
        assertRefused(file, good + " [", "there is more after the end of the list");
        assertRefused(file, good.substring(0, good.length() - 1) + ", 7]", "entry " + SOME.size() + " is 7: expected");
        assertRefused(file, good.substring(0, good.length() - 1), "not JSON");
        assertRefused(file, "7", "expected a list of [writer, reader] pairs");
        assertRefused(file, "7 [", "not JSON");
    }

    private static void assertRefused(Path file, String text, String fault) throws IOException {
        Files.writeString(file, text);
        String message = assertThrows(InputException.class, () -> Circuit.read(file, GRAPH))
                .getMessage();
        assertTrue(message.startsWith(file.toString()) && message.contains(fault), message);
    }
}
