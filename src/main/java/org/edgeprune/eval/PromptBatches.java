package org.edgeprune.eval;

import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * A batch in micro-batches, each of which is made when and by the thread by which it is run. Their losses, weighted by
 * {@link PromptBatch#weights}, add up to the batch's.
 *
 * @param parts indices of the examples of each micro-batch
 * @param maker makes a micro-batch in the current scope from the indices of its examples; called by several threads at
 *     the same time, while the model is in use ({@link org.edgeprune.model.TransformerModel#use})
 */
public record PromptBatches(List<int[]> parts, Function<int[], PromptBatch> maker) {
    /**
     * A batch that is a single micro-batch, which exists.
     *
     * @param batch the batch
     * @return its one micro-batch
     */
    public static PromptBatches whole(PromptBatch batch) {
        return new PromptBatches(
                List.of(IntStream.range(0, batch.clean().rowCount()).toArray()), _ -> batch);
    }

    /**
     * The same micro-batches, with a check of each before it is run.
     *
     * @param check receives the micro-batch and the indices of its examples, on the thread that makes it
     * @return the checked micro-batches
     */
    public PromptBatches each(BiConsumer<PromptBatch, int[]> check) {
        return new PromptBatches(parts, numbers -> {
            PromptBatch made = maker.apply(numbers);
            check.accept(made, numbers);
            return made;
        });
    }

    /**
     * The number of micro-batches.
     *
     * @return at least 1
     */
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
