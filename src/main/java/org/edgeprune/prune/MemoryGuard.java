package org.edgeprune.prune;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.ToIntFunction;
import java.util.stream.Collectors;
import org.edgeprune.AvailableMemory;
import org.edgeprune.eval.PromptBatch;
import org.edgeprune.eval.PromptCache;
import org.edgeprune.eval.ReferencePrompts;
import org.edgeprune.graph.Ablation;
import org.edgeprune.io.InputException;
import org.edgeprune.model.Models;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.task.Example;
import org.edgeprune.task.Scorer;

/**
 * Refuses a run that would not fit into memory, before it begins.
 *
 * @param work a step of the run
 * @param batchSize examples of a step
 */
record MemoryGuard(StepMemory.Work work, int batchSize) {
    /** The largest batch of a session's run. */
    static MemoryGuard of(PruneSession session, List<Example> given) {
        PruneOptions options = session.options();
        TransformerModel model = session.model().model();
        Scorer scorer = session.scorer();
        Ablation ablation = options.ablation();
        List<Example> examples = ablation instanceof Ablation.Resample
                ? new ReferencePrompts(given, options.seed()).resampled(given)
                : given;
        long cache = PromptCache.bytes(model, examples, scorer, ablation);
        return new MemoryGuard(
                StepMemory.Work.of(
                                Models.decoder(session.model().directory()),
                                Models.copied(session.model().directory(), model.execution()),
                                options.graph().of(model.graphShape()),
                                model.execution(),
                                ablation,
                                tokens(
                                        examples,
                                        options.training().batchSize(),
                                        example -> PromptBatch.past(model, example, ablation)))
                        .withCacheBytes(cache <= session.pace().cacheBytes() ? cache : 0)
                        .withNeurons(options.controls().level().neurons())
                        .withPositions(
                                options.controls().positions()
                                        ? examples.getFirst().length()
                                        : 1),
                Math.min(options.training().batchSize(), examples.size()));
    }

    /** All parameters in the compute dtype. */
    long weightBytes() {
        return work.parameters().count() * work.execution().dtype().byteSize();
    }

    /** Those of the batch that has most of them. */
    private static StepMemory.Tokens tokens(List<Example> examples, int batchSize, ToIntFunction<Example> past) {
        List<Example> largest = examples.stream()
                .sorted(Comparator.comparingInt(example -> past.applyAsInt(example) - example.length()))
                .limit(batchSize)
                .toList();
        return new StepMemory.Tokens(
                largest.size(),
                largest.stream()
                        .mapToLong(example -> example.length() - past.applyAsInt(example))
                        .sum(),
                largest.stream().mapToLong(past::applyAsInt).sum(),
                largest.stream().mapToLong(Example::scored).sum());
    }

    /**
     * For runs in the machine's own memory: what a GPU has is its driver's to say.
     *
     * @throws InputException if that memory is known, and too small; it names what would fit
     */
    void require() {
        OptionalLong available = AvailableMemory.withOwn();
        if (available.isPresent() && work.execution().isOnCpu()) {
            require(available.getAsLong());
        }
    }

    /**
     * What a step is predicted to take: on GPUs, of each; on the CPU, beside what there is.
     *
     * @return one line; empty where the memory of the machine is not known
     */
    Optional<String> prediction() {
        List<GpuMemory> gpus = GpuMemory.of(work);
        if (!gpus.isEmpty()) {
            return Optional.of("a step of %d prompts (%d tokens) will need about %s"
                    .formatted(
                            batchSize,
                            work.tokens().masked(),
                            gpus.stream()
                                    .map(gpu -> gigabytes(gpu.bytes()) + " of " + gpu.device())
                                    .collect(Collectors.joining(", "))));
        }
        OptionalLong available = AvailableMemory.withOwn();
        if (available.isEmpty() || !work.execution().isOnCpu()) {
            return Optional.empty();
        }
        return Optional.of("a step of %d prompts (%d tokens) will need about %s of memory; %s are available"
                .formatted(
                        batchSize,
                        work.tokens().masked(),
                        gigabytes(StepMemory.of(work).total()),
                        gigabytes(available.getAsLong())));
    }

    void require(long available) {
        long needed = StepMemory.of(work).total();
        if (needed > available) {
            throw new InputException("a step of %d prompts (%d tokens) needs %s of memory, and %s are available: %s"
                    .formatted(
                            batchSize,
                            work.tokens().masked(),
                            gigabytes(needed),
                            gigabytes(available),
                            remedy(available)));
        }
    }

    /** The mildest change that fits. */
    private String remedy(long available) {
        StepMemory.Work uncached = work.withCacheBytes(0);
        StepMemory.Work alone = uncached.with(work.execution().withWorkers(1));
        StepMemory.Work recomputed = alone.with(alone.execution().recomputing());
        if (fits(uncached, available)) {
            return "use --cache-mb 0" + needs(uncached);
        }
        if (fits(alone, available)) {
            return "use --workers 1 --cache-mb 0" + needs(alone);
        }
        if (fits(recomputed, available)) {
            return "use --recompute --workers 1 --cache-mb 0" + needs(recomputed);
        }
        int limit = work.execution().microBatchOf(work.model());
        for (long smaller = limit == 0 ? work.tokens().masked() : limit; smaller > 0; smaller /= 2) {
            StepMemory.Work offloaded =
                    recomputed.with(recomputed.execution().offloading().withMicroBatch(Math.toIntExact(smaller)));
            if (fits(offloaded, available)) {
                return "use --offload --micro-batch " + smaller + " --workers 1 --cache-mb 0" + needs(offloaded);
            }
        }
        return "not even one prompt with --offload --cache-mb 0 would fit; shorten the prompts, or use a larger machine";
    }

    private static boolean fits(StepMemory.Work work, long available) {
        return StepMemory.of(work).total() <= available;
    }

    private static String needs(StepMemory.Work work) {
        return " (needs " + gigabytes(StepMemory.of(work).total()) + ")";
    }

    private static String gigabytes(long bytes) {
        return "%.1f GB".formatted(bytes / 1e9);
    }
}
