package org.edgeprune.eval;

import java.util.List;
import java.util.function.BiConsumer;
import java.util.stream.IntStream;
import org.edgeprune.model.TransformerModel;

/**
 * A batch in micro-batches, each of which is made when and by the thread by which it is run. Their losses, weighted by
 * {@link PromptBatch#weights}, add up to the batch's.
 *
 * @param parts indices of the examples of each micro-batch
 * @param maker makes a micro-batch
 */
public record PromptBatches(List<int[]> parts, Maker maker) {
    /** Makes micro-batches. */
    @FunctionalInterface
    public interface Maker {
        /**
         * Makes a micro-batch in the current scope. Called by several threads at the same time, while the model is in
         * use ({@link TransformerModel#use}).
         *
         * @param model the copy of the model that will run it, and that the full model's part of it is run on
         * @param numbers indices of its examples
         * @return the micro-batch, on the copy's device
         */
        PromptBatch make(TransformerModel model, int[] numbers);
    }

    /**
     * A batch that is a single micro-batch, which exists.
     *
     * @param batch the batch, on the device of the model itself, not of another copy
     * @return its one micro-batch
     */
    public static PromptBatches whole(PromptBatch batch) {
        return new PromptBatches(
                List.of(IntStream.range(0, batch.clean().rowCount()).toArray()), (_, _) -> batch);
    }

    /**
     * The same micro-batches, with a check of each before it is run.
     *
     * @param check receives the micro-batch and the indices of its examples, on the thread that makes it
     * @return the checked micro-batches
     */
    public PromptBatches each(BiConsumer<PromptBatch, int[]> check) {
        return new PromptBatches(parts, (model, numbers) -> {
            PromptBatch made = maker.make(model, numbers);
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
     * @param model the copy of the model that will run it
     * @param number its number, from 0
     * @return the micro-batch, of the current scope
     */
    public PromptBatch make(TransformerModel model, int number) {
        return maker.make(model, parts.get(number));
    }
}
