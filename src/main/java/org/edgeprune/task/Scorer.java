package org.edgeprune.task;

import java.util.Map;
import java.util.Optional;

/** How a task judges a model's outputs. */
public interface Scorer {
    /**
     * The token ids that scoring, and the KL loss with it, is restricted to, in the order of the columns of the logits;
     * {@code null} for the whole vocabulary.
     */
    default int[] vocabulary() {
        return null;
    }

    /** How the KL loss is made of scored positions. */
    default Loss loss() {
        return Loss.MEAN_OVER_POSITIONS;
    }

    /** The name of the metric that stands for the task, higher is better: {@code accuracy} for most. */
    default String headline() {
        return "accuracy";
    }

    /**
     * Metrics of one example by name, in the order to print them. A metric of a data set is the mean over its examples.
     * Called by several threads at a time.
     *
     * @param logits of the model under test: one row a scored position, one column an entry of {@link #vocabulary()};
     *     under {@link Loss#ACROSS_POSITIONS} one row, one column a scored position
     * @param full logits of the full model on the same clean prompt, in the same layout
     */
    Map<String, Double> score(Example example, float[][] logits, float[][] full);

    /**
     * Right and wrong answers as columns of the logits, for objectives that compare them.
     *
     * @param example one of the task's
     * @return the columns; empty where answers are no columns, as for {@link Loss#ACROSS_POSITIONS}
     */
    default Optional<Contrast> contrast(Example example) {
        return example.answer() instanceof Answer.Tokens tokens && loss() != Loss.ACROSS_POSITIONS
                ? Optional.of(Contrast.of(tokens, vocabulary()))
                : Optional.empty();
    }
}
