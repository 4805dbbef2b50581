package org.edgeprune.eval;

import java.util.List;
import java.util.function.IntFunction;
import org.edgeprune.io.InputException;
import org.edgeprune.task.Example;
import org.edgeprune.task.Scorer;
import org.edgeprune.torch.Tensor;

/** Finds a model that computes no numbers before anything is made of them. */
public final class FiniteLogits {
    private FiniteLogits() {}

    /**
     * The logits of a batch, row by row.
     *
     * @param logits {@code [rows, columns]}, the rows of each example one after another, as {@link PromptBatch} has
     *     them
     * @param examples of the batch
     * @param scorer says how many rows an example has
     * @param name of an example in the message, by its place in {@code examples}
     * @throws InputException if one of them is NaN or infinite, naming its example
     */
    public static float[] require(Tensor logits, List<Example> examples, Scorer scorer, IntFunction<String> name) {
        float[] values = logits.toFloats();
        int columns = (int) logits.size(1);
        int first = 0;
        for (int i = 0; i < examples.size(); i++) {
            int end = first + PromptBatch.rowCount(examples.get(i), scorer) * columns;
            for (int j = first; j < end; j++) {
                require(values[j], name.apply(i));
            }
            first = end;
        }
        return values;
    }

    /**
     * The logits of one prompt.
     *
     * @throws InputException if one of them is NaN or infinite
     */
    static float[] require(float[] logits, String name) {
        for (float logit : logits) {
            require(logit, name);
        }
        return logits;
    }

    private static void require(float logit, String name) {
        if (!Float.isFinite(logit)) {
            throw new InputException(name + ": the logits hold " + logit
                    + ": the model's weights are damaged, or its states are too large for the type that it computes in:"
                    + " try --compute-dtype f32, or export the weights again");
        }
    }
}
