package org.edgeprune.validate;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.function.ToDoubleFunction;

/** Tests of hypotheses that assume no distribution. */
final class Significance {
    /** The level of all tests. */
    static final double LEVEL = 0.05;

    private Significance() {}

    /**
     * How probable a value at least as large is under the hypothesis that it is one more draw: {@code (1 + #{draws >=
     * value}) / (1 + #draws)}.
     */
    static double ofDraws(double value, double[] draws) {
        return (1.0 + Arrays.stream(draws).filter(draw -> draw >= value).count()) / (1.0 + draws.length);
    }

    /** One-sided permutation test of the hypothesis that the mean of {@code one} is not above that of {@code other}. */
    static double ofPermutations(double[] one, double[] other, int permutations, SplittableRandom random) {
        double[] all = Arrays.copyOf(one, one.length + other.length);
        System.arraycopy(other, 0, all, one.length, other.length);
        double observed = difference(all, one.length);
        int asLarge = 0;
        for (int permutation = 0; permutation < permutations; permutation++) {
            for (int i = all.length - 1; i > 0; i--) {
                int j = random.nextInt(i + 1);
                double swapped = all[i];
                all[i] = all[j];
                all[j] = swapped;
            }
            // sums in another order differ in their last bits
            asLarge += difference(all, one.length) >= observed - 1e-12 * Math.abs(observed) ? 1 : 0;
        }
        return (1.0 + asLarge) / (1.0 + permutations);
    }

    private static double difference(double[] all, int first) {
        return Arrays.stream(all, 0, first).average().orElse(0)
                - Arrays.stream(all, first, all.length).average().orElse(0);
    }

    /** What a statistic of the prompts might as well have been. */
    record Interval(double low, double high) {}

    /**
     * The percentile bootstrap (Efron 1979): the interval that holds the middle 95% of a statistic over samples of the
     * prompts, drawn with replacement.
     *
     * @param count of prompts
     * @param statistic of prompts by their numbers, each as often as it was drawn
     */
    static Interval bootstrap(int count, ToDoubleFunction<int[]> statistic, int resamples, SplittableRandom random) {
        double[] values = new double[resamples];
        for (int i = 0; i < resamples; i++) {
            values[i] = statistic.applyAsDouble(random.ints(count, 0, count).toArray());
        }
        Arrays.sort(values);
        int tail = (int) (resamples * LEVEL / 2);
        return new Interval(values[tail], values[resamples - 1 - tail]);
    }

    /** Two-sided sign test of the hypothesis that {@code above} of {@code count} are a fair coin's. */
    static double ofSigns(int above, int count) {
        int tail = Math.min(above, count - above);
        double logHalf = count * Math.log(0.5);
        double logChoose = 0; // ln (count choose k)
        double sum = 0;
        for (int k = 0; k <= tail; k++) {
            sum += Math.exp(logChoose + logHalf);
            logChoose += Math.log((double) (count - k) / (k + 1));
        }
        return Math.min(1, 2 * sum);
    }

    /** How many of several hypotheses are rejected by the procedure of Benjamini and Hochberg (1995). */
    static int rejected(double[] p) {
        double[] sorted = p.clone();
        Arrays.sort(sorted);
        int rejected = 0;
        for (int i = 0; i < sorted.length; i++) {
            if (sorted[i] <= LEVEL * (i + 1) / sorted.length) {
                rejected = i + 1;
            }
        }
        return rejected;
    }
}
