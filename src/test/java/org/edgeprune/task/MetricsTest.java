package org.edgeprune.task;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The formulas against values worked out by hand. */
class MetricsTest {
    private static final double LN2 = Math.log(2);

    @Test
    void softmax() {
        // Weights 1, 2, 1: probabilities 1/4, 1/2, 1/4; a common shift changes nothing.
        float[] row = {100, (float) (100 + LN2), 100};
        assertArrayEquals(new double[] {.25, .5, .25}, Metrics.softmax(row), 1e-5);
        assertEquals(1, Metrics.argmax(row));
        assertEquals(0, Metrics.argmax(new float[] {3, 3, 1}), "the first of equals");
        assertArrayEquals(new double[] {0, -1000}, Metrics.logSoftmax(new float[] {1000, 0}), 1e-9);
    }

    @Test
    void kl() {
        float[] even = {0, 0};
        float[] odd = {(float) Math.log(3), 0};
        // 1/2 ln((1/2)/(3/4)) + 1/2 ln((1/2)/(1/4)) = ln 2 - 1/2 ln 3
        double evenToOdd = LN2 - Math.log(3) / 2;
        // 3/4 ln(3/2) + 1/4 ln(1/2)
        double oddToEven = .75 * Math.log(1.5) - .25 * LN2;
        assertEquals(evenToOdd, Metrics.kl(new float[][] {even}, new float[][] {odd}), 1e-6);
        assertEquals(oddToEven, Metrics.kl(new float[][] {odd}, new float[][] {even}), 1e-6);
        assertEquals(
                (evenToOdd + oddToEven) / 2, Metrics.kl(new float[][] {even, odd}, new float[][] {odd, even}), 1e-6);
        assertEquals(0, Metrics.kl(new float[][] {{1000, -2000}}, new float[][] {{0, -5000}}), 1e-9);
    }

    @Test
    void logitDifference() {
        float[][] logits = {{1, 5, 2}, {4, 0, 3}};
        assertEquals((5 - 2 + 3 - 4) / 2.0, Metrics.logitDifference(logits, new int[] {1, 2}, new int[] {2, 0}));
    }

    @Test
    void probabilityDifference() {
        double[] p = new double[100];
        p[40] = .1; // more than ten before
        p[49] = .2;
        p[50] = .3; // the start year counts for neither side
        p[60] = .25;
        p[61] = .15; // more than ten after
        assertEquals(.25 + .15 - .1 - .2, Metrics.probabilityDifference(p, 50), 1e-12);
        assertEquals(.25 - .2 - .1, Metrics.probabilityDifference(p, 50, 10), 1e-12);
        assertEquals(.25 - .2 - .3, Metrics.probabilityDifference(p, 52, 8), 1e-12);
        assertEquals(-1, Metrics.probabilityDifference(p, 99), 1e-12);
        assertEquals(1, Metrics.probabilityDifference(p, 0), 1e-12);
    }

    @Test
    void kendallTau() {
        float[] up = {1, 2, 3, 4};
        assertEquals(1, Metrics.kendallTau(up, new float[] {10, 20, 30, 40}), 1e-12);
        assertEquals(-1, Metrics.kendallTau(up, new float[] {4, 3, 2, 1}), 1e-12);
        // One discordant pair of six.
        assertEquals(4 / 6.0, Metrics.kendallTau(up, new float[] {1, 3, 2, 4}), 1e-12);
        // y ties one pair: five concordant, none discordant: 5 / sqrt(6 * 5).
        assertEquals(5 / Math.sqrt(30), Metrics.kendallTau(up, new float[] {1, 2, 2, 4}), 1e-12);
        assertEquals(1, Metrics.kendallTau(new float[] {1, 1, 2}, new float[] {-0.0f, 0.0f, 5}), 1e-12);
        assertEquals(0, Metrics.kendallTau(up, new float[] {7, 7, 7, 7}));
    }

    @Test
    void tokenScores() {
        Scorer scorer = new IoiTask().scorer(null);
        Example e =
                new Example(new int[] {0, 1}, new int[] {0, 2}, 1, 2, new Answer.Tokens(new int[] {2}, new int[] {0}));
        float[][] full = {{0, 1, 3}};
        Map<String, Double> scores = scorer.score(e, new float[][] {{1, 4, 2}}, full);
        assertEquals(List.of("accuracy", "logit_difference", "kl", "exact_match"), List.copyOf(scores.keySet()));
        assertEquals(0, scores.get("accuracy"));
        assertEquals(1, scores.get("logit_difference"));
        assertEquals(0, scores.get("exact_match"));
        Map<String, Double> self = scorer.score(e, full, full);
        assertEquals(Map.of("accuracy", 1.0, "logit_difference", 3.0, "kl", 0.0, "exact_match", 1.0), self);
        assertEquals("accuracy", scorer.headline());
    }

    @Test
    void everyPositionMustBeRight() {
        Scorer scorer = new CustomTask().scorer(null);
        Example e = new Example(
                new int[] {0, 1, 1}, new int[] {0, 2, 1}, 1, 3, new Answer.Tokens(new int[] {1, 0}, new int[0]));
        Map<String, Double> scores = scorer.score(e, new float[][] {{0, 1}, {0, 1}}, new float[][] {{0, 1}, {1, 0}});
        assertEquals(0, scores.get("accuracy"));
        assertEquals(0, scores.get("exact_match"));
        assertFalse(scores.containsKey("logit_difference"));
        assertEquals(
                1,
                scorer.score(e, new float[][] {{0, 1}, {1, 0}}, new float[][] {{0, 1}, {0, 1}})
                        .get("accuracy"));
    }
}
