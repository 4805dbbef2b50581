package org.edgeprune.attribute;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** Sizes, temperatures and learning rates from step to step. */
class MatryoshkaScheduleTest {
    private static final MatryoshkaSchedule ANNEALED = MatryoshkaSchedule.ANNEALED;

    @Test
    void publishedStepsAreAllAlike() {
        MatryoshkaSchedule published = MatryoshkaSchedule.PUBLISHED;
        assertEquals(1, published.size(0, 5000));
        assertEquals(Math.exp(0.25 * Math.log(5000)), published.size(0.25, 5000));
        assertTrue(published.size(1, 5000) < 5000);
        assertEquals(1, published.temperature(99, 100));
        assertEquals(1, published.learningRate(99, 100));
    }

    @Test
    void anAnnealedTrainingCoolsAndSlowsDown() {
        assertEquals(25, ANNEALED.size(0, 5000));
        assertEquals(Math.sqrt(25 * 1000), ANNEALED.size(0.5, 5000), 1e-9);
        assertEquals(1000, ANNEALED.size(1, 5000), 1e-9);
        assertEquals(1, ANNEALED.temperature(0, 100));
        assertEquals(Math.sqrt(0.2), ANNEALED.temperature(50, 100), 1e-12);
        assertEquals(1, ANNEALED.learningRate(0, 100));
        assertEquals(0.01, ANNEALED.learningRate(99, 100), 1e-12);
    }

    /** A share of less than one edge is one edge. */
    @Test
    void smallGraphsHaveAtLeastOneEdge() {
        assertEquals(1, ANNEALED.size(0, 3));
        assertEquals(1, ANNEALED.size(1, 3), 1e-12);
        assertEquals(2, ANNEALED.withSizes(0.5, 1).size(0, 4));
    }

    @Test
    void impossibleSchedulesAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> ANNEALED.withSizes(0.2, 0.2));
        assertThrows(IllegalArgumentException.class, () -> ANNEALED.withSizes(-0.1, 0.2));
        assertThrows(IllegalArgumentException.class, () -> ANNEALED.withSizes(0.1, 1.1));
        assertThrows(IllegalArgumentException.class, () -> ANNEALED.withSizes(Double.NaN, 1));
        assertThrows(IllegalArgumentException.class, () -> new MatryoshkaSchedule(0, 1, 0, false, false));
        assertThrows(IllegalArgumentException.class, () -> new MatryoshkaSchedule(0, 1, 1.1, false, false));
    }
}
