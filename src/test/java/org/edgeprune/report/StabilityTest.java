package org.edgeprune.report;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.edgeprune.graph.Circuit;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.graph.GraphShape;
import org.junit.jupiter.api.Test;

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
    void oneCircuitIsNoComparison() {
        assertThrows(IllegalArgumentException.class, () -> new Stability(List.of(circuit("embeds -> m0"))));
    }
}
