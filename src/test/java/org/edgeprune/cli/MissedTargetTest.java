package org.edgeprune.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.graph.GraphShape;
import org.edgeprune.mask.MaskValues;
import org.edgeprune.mask.SparsitySchedule;
import org.edgeprune.prune.MaskLevel;
import org.edgeprune.prune.PruneOptions;
import org.junit.jupiter.api.Test;

/** A run that misses its target by more than a point of sparsity says why and what to change. */
class MissedTargetTest {
    private static final PruneOptions SHORT = PruneOptions.bundled().withSteps(60);
    private static final ComputationGraph GRAPH = new ComputationGraph(new GraphShape(2, 2, 2, List.of(), false));

    @Test
    void aTargetThatIsReachedIsNotSpokenOf() {
        assertEquals(List.of(), MissedTarget.warnings(SHORT, edges(0.93)));
        assertEquals(List.of(), MissedTarget.warnings(SHORT, edges(0.9201)));
        assertEquals(List.of(), MissedTarget.warnings(SHORT, edges(0.99)));
    }

    /** As everywhere, an edge out of a node that is cut is not in the circuit. */
    @Test
    void edgesOfNodesThatAreCutAreCut() {
        assertEquals(List.of(), MissedTarget.warnings(SHORT, masks(0.8, 0.65, 0)));
        String warning = MissedTarget.warnings(SHORT, masks(0.5, 0.5, 0)).getFirst();
        assertTrue(warning.startsWith("the circuit's edge sparsity is 0.750, not the 0.93"), warning);
    }

    @Test
    void aTargetAboveOneCannotBeReached() {
        assertEquals(List.of(), MissedTarget.warnings(SHORT.withEdgeSparsity(1.05), edges(0.9)));
    }

    @Test
    void tooFewStepsAreNamedWithTheRates() {
        assertEquals(
                List.of(
                        "the circuit's edge sparsity is 0.500, not the 0.93 that was asked for: 60 steps were too few at"
                                + " these rates; run longer (--steps), raise the multipliers' rate (--edge-reg-lr, now 0.8), or let"
                                + " the target rise faster (--sparsity-warmup-steps, now 45); with --hold-target runs of any length"
                                + " reach it"),
                MissedTarget.warnings(SHORT, edges(0.5)));
    }

    @Test
    void aWarmUpLongerThanTheRunIsTheReason() {
        SparsitySchedule edges = SHORT.targets().edgeSparsity();
        PruneOptions slow = SHORT.with(SHORT.targets()
                .withEdgeSparsity(new SparsitySchedule(edges.warmup(), edges.start(), edges.target(), 600)));
        String warning = MissedTarget.warnings(slow, edges(0.24)).getFirst();
        assertTrue(
                warning.contains("the target rises in 600 steps, and had come to 0.0930 after the run's 60"), warning);
    }

    @Test
    void nodesAndNeuronsHaveTargetsOfTheirOwn() {
        MaskValues masks = masks(0, 0.3, 0.2);
        assertEquals(
                List.of(
                        "the circuit's neuron sparsity is 0.200, not the 0.5 that was asked for: 60 steps were too few at"
                                + " these rates; run longer (--steps), raise the multipliers' rate (--node-reg-lr, now 0.8), or let"
                                + " the target rise faster (--sparsity-warmup-steps, now 45)"),
                MissedTarget.warnings(at(MaskLevel.NEURONS), masks));
        assertEquals(List.of(), MissedTarget.warnings(at(MaskLevel.NEURONS), masks(0, 0, 0.5)));
        List<String> both = MissedTarget.warnings(at(MaskLevel.NODES_AND_NEURONS), masks);
        assertEquals(2, both.size(), both.toString());
        assertTrue(both.getFirst().startsWith("the circuit's node sparsity is 0.300, not the "), both.toString());
        List<String> all = MissedTarget.warnings(at(MaskLevel.EDGES_NODES_AND_NEURONS), masks);
        assertTrue(all.getFirst().startsWith("the circuit's edge sparsity is "), all.toString());
        assertTrue(all.getLast().startsWith("the circuit's neuron sparsity is "), all.toString());
        assertEquals(2, all.size(), all.toString());
    }

    private static PruneOptions at(MaskLevel level) {
        return SHORT.with(SHORT.controls().withLevel(level));
    }

    private static MaskValues edges(double sparsity) {
        return masks(sparsity, 0, 0);
    }

    /** Masks that all have the same value in each group: their sparsity is exact in a graph of any size. */
    private static MaskValues masks(double edgeSparsity, double nodeSparsity, double neuronSparsity) {
        return new MaskValues(
                GRAPH,
                filled(GRAPH.edgeCount(), edgeSparsity),
                filled(GRAPH.nodeCount(), nodeSparsity),
                filled(8, neuronSparsity));
    }

    private static float[] filled(int length, double sparsity) {
        float[] masks = new float[length];
        Arrays.fill(masks, (float) (1 - sparsity));
        return masks;
    }
}
