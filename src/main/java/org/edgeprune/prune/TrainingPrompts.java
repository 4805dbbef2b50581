package org.edgeprune.prune;

import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.edgeprune.eval.PromptBatch;
import org.edgeprune.eval.PromptBatches;
import org.edgeprune.eval.PromptCache;
import org.edgeprune.io.InputException;
import org.edgeprune.mask.Noise;
import org.edgeprune.task.Example;

/**
 * The batches that steps train on: of one list of examples, or of another list every epoch. A step's batch is a
 * function of the step alone. Owns what it keeps of the full model's runs.
 */
final class TrainingPrompts implements AutoCloseable {
    private final Function<List<Example>, PromptCache> caches;
    private final Optional<FreshPrompts> fresh;
    private final BatchSampler sampler;
    private final int batchSize;
    private final int stepsPerEpoch;
    private int epoch;
    private List<Example> examples;
    private PromptCache cache;

    /**
     * Batches of the first epoch.
     *
     * @param examples the run's training part
     * @param fresh the examples of later epochs; empty if all have those of the first
     * @param batchSize examples of a step; all of them where there are fewer
     * @param noise by whose seed examples are shuffled, if they are not fresh
     * @param caches makes the cache of a list of examples
     */
    TrainingPrompts(
            List<Example> examples,
            Optional<FreshPrompts> fresh,
            int batchSize,
            Noise noise,
            Function<List<Example>, PromptCache> caches) {
        this.caches = caches;
        this.fresh = fresh;
        this.batchSize = Math.min(batchSize, examples.size());
        this.stepsPerEpoch = examples.size() / this.batchSize;
        this.sampler = new BatchSampler(examples.size(), batchSize, noise);
        this.examples = examples;
        this.cache = caches.apply(examples);
    }

    /**
     * The batch of a step.
     *
     * @param examples the list that it is from
     * @param numbers of its examples in the list
     * @param cache of the list
     */
    record Batch(List<Example> examples, int[] numbers, PromptCache cache) {
        PromptBatches parts() {
            return cache.batches(numbers);
        }

        PromptBatch whole() {
            return cache.batch(numbers);
        }
    }

    /**
     * Fresh examples are taken in their order. All epochs have as many steps as the first has whole batches; those at
     * the end of an epoch that fill no batch are left out.
     *
     * @throws InputException if an epoch has too few examples
     */
    Batch batch(int step) {
        if (fresh.isEmpty()) {
            return new Batch(examples, sampler.batch(step), cache);
        }
        enter(step / stepsPerEpoch, fresh.get());
        int from = step % stepsPerEpoch * batchSize;
        return new Batch(examples, IntStream.range(from, from + batchSize).toArray(), cache);
    }

    private void enter(int number, FreshPrompts source) {
        if (number != epoch) {
            List<Example> next = source.epoch(number);
            int used = stepsPerEpoch * batchSize;
            if (next.size() < used) {
                throw new InputException("epoch " + number + ": only " + next.size()
                        + " fresh prompts could be generated, and its " + stepsPerEpoch + " steps train on " + used
                        + ": leave out --fresh-data, or give the task more words and templates");
            }
            cache.close();
            examples = next;
            cache = caches.apply(examples);
            epoch = number;
        }
    }

    @Override
    public void close() {
        cache.close();
    }
}
