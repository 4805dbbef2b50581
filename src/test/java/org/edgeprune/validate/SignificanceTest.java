package org.edgeprune.validate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Against values that are known exactly. */
class SignificanceTest {
    @Test
    void aDrawIsRankedAmongTheOthers() {
        double[] draws = {1, 2, 3, 4};
        assertEquals(1.0 / 5, Significance.ofDraws(5, draws));
        assertEquals(3.0 / 5, Significance.ofDraws(3, draws), "ties count against it");
        assertEquals(1, Significance.ofDraws(0, draws));
    }

    /** Of the 70 ways to choose 4 of 8, one has the largest mean. */
    @Test
    void thePermutationTestAgreesWithAllPermutations() {
        double[] high = {5, 6, 7, 8};
        double[] low = {1, 2, 3, 4};
        assertEquals(1.0 / 70, Significance.ofPermutations(high, low, 20_000, new SplittableRandom(1)), 0.004);
        assertEquals(1, Significance.ofPermutations(low, high, 20_000, new SplittableRandom(1)), 1e-9);
        double[] same = {1, 1};
        assertEquals(1, Significance.ofPermutations(same, same, 100, new SplittableRandom(1)));
    }

    /** Of the mean of 0 and 1 in equal numbers, whose standard error is known. */
    @Test
    void theBootstrapIntervalOfAMeanIsTwoStandardErrorsWide() {
        int count = 400;
        Significance.Interval interval = Significance.bootstrap(
                count,
                drawn -> IntStream.of(drawn).map(i -> i % 2).average().orElseThrow(),
                10_000,
                new SplittableRandom(1));
        double twoErrors = 1.96 * Math.sqrt(0.25 / count);
        assertEquals(0.5 - twoErrors, interval.low(), 0.004);
        assertEquals(0.5 + twoErrors, interval.high(), 0.004);
    }

    @Test
    void theSignTestIsBinomial() {
        assertEquals(1, Significance.ofSigns(5, 10));
        assertEquals(2 * (1 + 10 + 45) / 1024.0, Significance.ofSigns(2, 10), 1e-12);
        assertEquals(2 * (1 + 10 + 45) / 1024.0, Significance.ofSigns(8, 10), 1e-12);
        assertEquals(1, Significance.ofSigns(0, 0));
        assertTrue(Significance.ofSigns(100, 1000) < 1e-100);
    }

    @Test
    void theFalseDiscoveryRateIsThatOfBenjaminiAndHochberg() {
        // the example of their paper, at 5%: four of fifteen
        double[] p = {
            0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528,
            0.7590, 1.0000
        };
        assertEquals(4, Significance.rejected(p));
        assertEquals(0, Significance.rejected(new double[] {0.5, 0.06}));
    }
}
