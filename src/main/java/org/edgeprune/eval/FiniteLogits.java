package org.edgeprune.eval;

import java.util.List;
import java.util.function.IntFunction;
import org.edgeprune.io.InputException;
import org.edgeprune.task.Example;
import org.edgeprune.task.Scorer;
import org.edgeprune.torch.Tensor;

/** Detects a model whose logits are NaN or infinite before metrics are computed from them. */
public final class FiniteLogits {
    private FiniteLogits() {}

    /**
     * Copies logits to the host and checks that all of them are finite.
     *
     * @param logits rows of all examples, one after the other, {@code [rows, columns]}, F32
     * @param examples the examples that the rows belong to
     * @param scorer says how many rows an example has
     * @param name name of an example for messages, by its index in {@code examples}
     * @return the logits, row by row
     * @throws InputException naming the first example that has a NaN or infinite logit
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
     * Checks the logits of one prompt.
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
