package org.edgeprune.eval;

import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * A batch in micro-batches, each of which is made where and when it is run. Their losses, as
 * {@link PromptBatch#weights} weigh them, add up to the batch's.
 *
 * @param parts numbers of the examples of each micro-batch
 * @param maker makes a micro-batch of the current scope from the numbers of its examples; called by several threads at
 *     a time, while the model is in use ({@link org.edgeprune.model.TransformerModel#use})
 */
public record PromptBatches(List<int[]> parts, Function<int[], PromptBatch> maker) {
    /** A batch that is one micro-batch, which exists. */
    public static PromptBatches whole(PromptBatch batch) {
        return new PromptBatches(
                List.of(IntStream.range(0, batch.clean().rowCount()).toArray()), _ -> batch);
    }

    /** The same, every micro-batch of which is looked at, with the numbers of its examples, before it is run. */
    public PromptBatches each(BiConsumer<PromptBatch, int[]> check) {
        return new PromptBatches(parts, numbers -> {
            PromptBatch made = maker.apply(numbers);
            check.accept(made, numbers);
            return made;
        });
    }

    /** How many micro-batches. */
    public int count() {
        return parts.size();
    }

    /**
     * Makes a micro-batch.
     *
     * @param number its number, from 0
     * @return the micro-batch, of the current scope
     */
    public PromptBatch make(int number) {
        return maker.apply(parts.get(number));
    }
}
