package org.edgeprune.report;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.edgeprune.graph.Circuit;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.graph.GraphShape;
import org.edgeprune.graph.Jaccard;
import org.edgeprune.prune.RunDirectory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StabilityTest {
    private static final ComputationGraph GRAPH =
            new ComputationGraph(new GraphShape(1, 2, 2, List.of("embeds"), false));

    private static Circuit circuit(String... edges) {
        return Circuit.full(GRAPH).filter(edge -> Arrays.asList(edges).contains(edge.toString()));
    }

    @Test
    void edgesAndHeadsOfThreeCircuitsAreCompared() {
        Stability stability = new Stability(List.of(
                circuit("embeds -> a0.h0.v", "a0.h0 -> resid_post"),
                circuit("embeds -> a0.h0.v", "a0.h0 -> resid_post", "a0.h1 -> resid_post", "embeds -> m0"),
                circuit("embeds -> a0.h0.v", "m0 -> resid_post")));
        // edges: 2 of 4, 1 of 3, 1 of 5; heads: 1 of 2, 0 of 1, 0 of 2
        assertEquals((2.0 / 4 + 1.0 / 3 + 1.0 / 5) / 3, stability.edgeJaccard(), 1e-12);
        assertEquals(0.5 / 3, stability.headJaccard(), 1e-12);
        assertEquals(8, Arrays.stream(stability.frequencies()).sum());
        assertEquals(5, stability.consensus(1).size());
        assertEquals(circuit("embeds -> a0.h0.v", "a0.h0 -> resid_post"), stability.consensus(2));
        assertEquals(circuit("embeds -> a0.h0.v"), stability.consensus(3));
        assertArrayEquals(
                new String[] {"writer,reader,runs", "embeds,a0.h0.v,3", "a0.h0,resid_post,2"},
                stability.toCsv().lines().limit(3).toArray());
        assertTrue(
                stability
                        .sentence()
                        .startsWith("Of 3 runs with different seeds, two share 34% of their edges on average (Jaccard"
                                + " index) and 17% of their heads; 1 edges are in all. Most edges of one run are not"),
                stability.sentence());
    }

    @Test
    void theSpreadIsThatOfASample() {
        Spread spread = Spread.of(
                        List.of("kl", "other"), List.of(Map.of("kl", 1.0), Map.of("kl", 2.0), Map.of("kl", 6.0)))
                .get("kl");
        assertEquals(new Spread(3, Math.sqrt(7), 1, 6), spread);
    }

    @Test
    void whatDescribesGraphAndRunIsNoMetric(@TempDir Path dir) throws IOException {
        RunDirectory run = new RunDirectory(dir);
        circuit("embeds -> m0").write(run.edgesFile());
        Files.writeString(run.metricsFile(), """
                {"kl": 0.5, "full_model_kl": 0, "num_edges": 1, "total_edges": 9, "num_nodes": 2, "total_nodes": 4,
                 "examples": 12, "edge_threshold": 0.5, "node_threshold": 0.5, "steps": 300, "seconds": 2.5}
                """);
        Map<String, Double> metrics = SeedRun.read(7, run).metrics();
        assertEquals(Set.of("kl", "num_edges", "num_nodes"), metrics.keySet());

        String cards = Cards.html(new CircuitFacts(0, 1, FoundCircuit.metrics(run.metricsFile())));
        assertEquals(
                List.of("edges kept", "edge sparsity", "kl"),
                Pattern.compile("<span>(.*?)</span>")
                        .matcher(cards)
                        .results()
                        .map(found -> found.group(1))
                        .toList());
    }

    @Test
    void emptyCircuitsAreEqual() {
        Stability stability = new Stability(List.of(circuit(), circuit()));
        assertEquals(1, stability.edgeJaccard());
        assertEquals(1, Jaccard.of(new BitSet(), new BitSet()));
        assertEquals(0.25, Jaccard.of(BitSet.valueOf(new long[] {0b110}), BitSet.valueOf(new long[] {0b11010})), 0.01);
    }

    @Test
    void oneCircuitIsNoComparison() {
        assertThrows(IllegalArgumentException.class, () -> new Stability(List.of(circuit("embeds -> m0"))));
    }
}
