package org.edgeprune.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Optional;
import org.edgeprune.mask.SparsitySchedule;
import org.edgeprune.prune.PruneOptions;
import org.junit.jupiter.api.Test;

/** A run that misses its target by more than a point of sparsity says why and what to change. */
class MissedTargetTest {
    private static final PruneOptions SHORT = PruneOptions.bundled().withSteps(60);

    @Test
    void aTargetThatIsReachedIsNotSpokenOf() {
        assertEquals(Optional.empty(), MissedTarget.warning(SHORT, 0.93));
        assertEquals(Optional.empty(), MissedTarget.warning(SHORT, 0.9201));
        assertEquals(Optional.empty(), MissedTarget.warning(SHORT, 0.99));
    }

    @Test
    void aTargetAboveOneCannotBeReached() {
        assertEquals(Optional.empty(), MissedTarget.warning(SHORT.withEdgeSparsity(1.05), 0.9));
    }

    @Test
    void tooFewStepsAreNamedWithTheRates() {
        assertEquals(
                "the circuit's edge sparsity is 0.500, not the 0.93 that was asked for: 60 steps were too few at these"
                        + " rates; run longer (--steps), raise the multipliers' rate (--edge-reg-lr, now 0.8), or let the"
                        + " target rise faster (--sparsity-warmup-steps, now 45)",
                MissedTarget.warning(SHORT, 0.5).orElseThrow());
    }

    @Test
    void aWarmUpLongerThanTheRunIsTheReason() {
        SparsitySchedule edges = SHORT.targets().edgeSparsity();
        PruneOptions slow = SHORT.with(SHORT.targets()
                .withEdgeSparsity(new SparsitySchedule(edges.warmup(), edges.start(), edges.target(), 600)));
        String warning = MissedTarget.warning(slow, 0.24).orElseThrow();
        assertTrue(
                warning.contains("the target rises in 600 steps, and had come to 0.0930 after the run's 60"), warning);
    }
}
