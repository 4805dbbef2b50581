package org.edgeprune.task.tracr;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.edgeprune.task.Answer;
import org.edgeprune.task.Contrast;
import org.edgeprune.task.Example;
import org.edgeprune.task.Loss;
import org.edgeprune.task.Metrics;
import org.edgeprune.task.Scorer;

/**
 * The scorers of compiled programs: {@code accuracy} (1 if every position is right), {@code kl} (full model to this
 * one, reduced as in the loss) and {@code exact_match} (1 if every position has the full model's value).
 */
final class TracrScorer {
    /** The column of an undefined output, for which all outputs are below 0.5. */
    static final int NONE = -1;

    /** An output of a categorical model below this counts as 0. */
    private static final float ON = 0.5f;

    /** The greatest difference from the right number. */
    static final double NUMBER_TOLERANCE = 0.05;

    private TracrScorer() {}

    /** The column of the right value at each position. */
    record Columns(int[] columns) implements Answer {}

    /** The right number at each position. */
    record Numbers(double[] numbers) implements Answer {}

    /** Scores one-hot outputs: a distribution at each position, KL summed over positions. */
    record Categorical() implements Scorer {
        /** The right column, without a distractor; empty where a position's output is undefined. */
        @Override
        public Optional<Contrast> contrast(Example example) {
            Columns answer = (Columns) example.answer();
            int[] right = answer.columns();
            if (IntStream.of(right).anyMatch(column -> column == NONE)) {
                return Optional.empty();
            }
            return Optional.of(new Contrast(
                    IntStream.of(right).mapToObj(column -> new int[] {column}).toArray(int[][]::new),
                    new int[right.length][0]));
        }

        @Override
        public Loss loss() {
            return Loss.SUM_OVER_POSITIONS;
        }

        @Override
        public Map<String, Double> score(Example example, float[][] logits, float[][] full) {
            int[] right = ((Columns) example.answer()).columns();
            boolean accurate = IntStream.range(0, right.length)
                    .allMatch(i -> right[i] == NONE ? off(logits[i]) : Metrics.argmax(logits[i]) == right[i]);
            boolean same = IntStream.range(0, right.length)
                    .allMatch(i ->
                            (off(logits[i]) && off(full[i])) || Metrics.argmax(logits[i]) == Metrics.argmax(full[i]));
            return scores(accurate, Metrics.kl(full, logits) * full.length, same);
        }

        private static boolean off(float[] row) {
            return row[Metrics.argmax(row)] < ON;
        }
    }

    /** Scores numbers, in a single output column: the distribution is their softmax over the positions. */
    record Numerical() implements Scorer {
        @Override
        public Loss loss() {
            return Loss.ACROSS_POSITIONS;
        }

        @Override
        public int[] vocabulary() {
            return new int[] {0};
        }

        @Override
        public Map<String, Double> score(Example example, float[][] logits, float[][] full) {
            double[] right = ((Numbers) example.answer()).numbers();
            double[] theirs = IntStream.range(0, right.length)
                    .mapToDouble(i -> full[0][i])
                    .toArray();
            return scores(close(logits[0], right), Metrics.kl(full, logits), close(logits[0], theirs));
        }

        private static boolean close(float[] numbers, double[] right) {
            return IntStream.range(0, right.length).allMatch(i -> Math.abs(numbers[i] - right[i]) <= NUMBER_TOLERANCE);
        }
    }

    private static Map<String, Double> scores(boolean accurate, double kl, boolean same) {
        Map<String, Double> scores = new LinkedHashMap<>();
        scores.put("accuracy", accurate ? 1.0 : 0.0);
        scores.put("kl", kl);
        scores.put("exact_match", same ? 1.0 : 0.0);
        return scores;
    }
}
