package org.edgeprune.task;

import java.util.Map;
import java.util.Optional;

/** Scores a model's outputs for a task. */
public interface Scorer {
    /**
     * The token ids that the scores and the KL loss are restricted to.
     *
     * @return in the order of the columns of the logits; {@code null} for the whole vocabulary
     */
    default int[] vocabulary() {
        return null;
    }

    /**
     * How the KL loss is computed from the scored positions.
     *
     * @return {@link Loss#MEAN_OVER_POSITIONS} unless overridden
     */
    default Loss loss() {
        return Loss.MEAN_OVER_POSITIONS;
    }

    /**
     * The name of the main metric of the task, of which higher values are better.
     *
     * @return {@code accuracy} unless overridden
     */
    default String headline() {
        return "accuracy";
    }

    /**
     * The metrics of one example. A metric of a data set is the mean over its examples. Called by several threads at a
     * time.
     *
     * @param example the example
     * @param logits logits of the model under test: one row for each scored position, one column for each entry of
     *     {@link #vocabulary()}; with {@link Loss#ACROSS_POSITIONS} one row with one column for each scored position
     * @param full logits of the full model on the same clean prompt, in the same layout
     * @return values by name, in the order in which to print them
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
