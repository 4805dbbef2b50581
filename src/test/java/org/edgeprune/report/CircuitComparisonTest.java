package org.edgeprune.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.edgeprune.io.InputException;
import org.edgeprune.report.FoundCircuit.Link;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CircuitComparisonTest {
    private static final Link A = new Link("tok_embeds", "a0.h0.q");
    private static final Link B = new Link("a0.h0", "m1");
    private static final Link C = new Link("m1", "resid_post");

    @TempDir
    private Path dir;

    private static FoundCircuit circuit(Map<String, Double> metrics, Link... edges) {
        return new FoundCircuit("x", Set.of(edges), metrics);
    }

    @Test
    void overlapIsIntersectionOverUnion() {
        CircuitComparison three =
                new CircuitComparison(List.of(circuit(Map.of(), A, B), circuit(Map.of(), B, C), circuit(Map.of())));
        assertEquals(1, three.overlap(0, 0));
        assertEquals(1.0 / 3, three.overlap(0, 1));
        assertEquals(three.overlap(0, 1), three.overlap(1, 0));
        assertEquals(0, three.overlap(0, 2));
        assertEquals(1, three.overlap(2, 2), "two empty circuits are equal");
        assertEquals(Set.of(), three.intersection());
        assertEquals(Set.of(A, B, C), three.union());
        assertEquals(Set.of(B), new CircuitComparison(three.circuits().subList(0, 2)).intersection());
    }

    @Test
    void metricsStandSideBySide() {
        CircuitComparison two = new CircuitComparison(
                List.of(circuit(Map.of("kl", 0.5)), circuit(Map.of("kl", 0.25, "accuracy", 1.0))));
        assertEquals(Map.of("kl", List.of(0.5, 0.25), "accuracy", Arrays.asList(null, 1.0)), two.metrics());
    }

    @Test
    void readsRunsAndBareFilesAndWritesEdgesJson() throws IOException {
        Path run = Files.createDirectories(dir.resolve("run"));
        Path bare = dir.resolve("bare.json");
        CircuitComparison.write(Set.of(A, B), bare);
        CircuitComparison.write(Set.of(B, C), run.resolve("edges.json"));
        Files.writeString(run.resolve("metrics.json"), "{\"num_edges\": 2, \"kl\": 0.125, \"note\": \"text\"}");
        CircuitComparison comparison = CircuitComparison.of(List.of(run, bare));
        assertEquals(Set.of(B), comparison.intersection());
        assertEquals(
                Map.of("num_edges", 2.0, "kl", 0.125),
                comparison.circuits().get(0).metrics());
        assertEquals(Map.of(), comparison.circuits().get(1).metrics());
    }

    @Test
    void whatIsNoCircuitIsNamed() throws IOException {
        Path empty = Files.createDirectories(dir.resolve("empty"));
        Path nonsense = Files.writeString(dir.resolve("nonsense.json"), "[[\"m0\", \"a0.h0.q\"]]");
        assertTrue(refusal(empty).contains("name the folder of a run or an edges.json"));
        assertTrue(refusal(nonsense).contains("entry 0: m0 is computed after the input of a0.h0.q"));
        Files.writeString(empty.resolve("run.json"), "{}");
        assertTrue(refusal(empty).contains("has not ended"));
    }

    private static String refusal(Path path) {
        return assertThrows(InputException.class, () -> FoundCircuit.read(path)).getMessage();
    }
}
