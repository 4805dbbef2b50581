package org.edgeprune.prune;

import java.util.List;
import java.util.OptionalLong;
import org.edgeprune.AvailableMemory;
import org.edgeprune.InputException;
import org.edgeprune.engine.StepMemory;
import org.edgeprune.eval.PromptCache;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.model.Blueprint;
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
    static MemoryGuard of(PruneSession session, List<Example> examples) {
        PruneOptions options = session.options();
        TransformerModel model = session.model().model();
        Scorer scorer = session.scorer();
        boolean interchange = options.ablation() == PruneOptions.Ablation.INTERCHANGE;
        List<Example> longest = examples.stream()
                .sorted((a, b) -> Integer.compare(b.length(), a.length()))
                .limit(options.batchSize())
                .toList();
        long cache = PromptCache.bytes(model, examples, scorer, interchange);
        return new MemoryGuard(
                new StepMemory.Work(
                        model.sizes(),
                        Blueprint.of(Models.architecture(session.model().directory()), name -> true),
                        new ComputationGraph(options.embeddingNodes() ? model.graphShape() : model.graphShape().withoutEmbeddings()),
                        model.execution(),
                        interchange,
                        longest.stream().mapToLong(Example::length).sum(),
                        longest.stream().mapToLong(Example::scored).sum(),
                        cache <= session.pace().cacheBytes() ? cache : 0),
                options.batchSize());
    }

    /**
     * @throws InputException if the memory of this machine is known, and too small; it names what would fit
     */
    void require() {
        OptionalLong available = AvailableMemory.withOwn();
        if (available.isPresent() && !work.execution().device().isCuda()) {
            require(available.getAsLong());
        }
    }

    void require(long available) {
        long needed = StepMemory.of(work).total();
        if (needed > available) {
            throw new InputException("a step of %d prompts (%d tokens) needs %s of memory, and %s are available: %s"
                    .formatted(batchSize, work.tokens(), gigabytes(needed), gigabytes(available), remedy(available)));
        }
    }

    /** The mildest change that fits. */
    private String remedy(long available) {
        StepMemory.Work uncached = with(work, work.tokens(), work.scored(), 0);
        StepMemory.Work recomputed = how(uncached, false);
        StepMemory.Work offloaded = how(uncached, true);
        if (fits(uncached, available)) {
            return "use --cache-mb 0" + needs(uncached);
        }
        if (fits(recomputed, available)) {
            return "use --recompute --cache-mb 0" + needs(recomputed);
        }
        if (fits(offloaded, available)) {
            return "use --offload --cache-mb 0" + needs(offloaded);
        }
        for (int smaller = batchSize / 2; smaller > 0; smaller /= 2) {
            StepMemory.Work less = with(offloaded, work.tokens() * smaller / batchSize, work.scored() * smaller / batchSize, 0);
            if (fits(less, available)) {
                return "use --offload --cache-mb 0 --batch-size " + smaller + needs(less);
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

    private static StepMemory.Work how(StepMemory.Work work, boolean offload) {
        return new StepMemory.Work(
                work.model(),
                work.parameters(),
                work.graph(),
                offload ? work.execution().offloading() : work.execution().recomputing(),
                work.interchange(),
                work.tokens(),
                work.scored(),
                work.cacheBytes());
    }

    private static StepMemory.Work with(StepMemory.Work work, long tokens, long scored, long cacheBytes) {
        return new StepMemory.Work(
                work.model(), work.parameters(), work.graph(), work.execution(), work.interchange(), tokens, scored, cacheBytes);
    }

    private static String gigabytes(long bytes) {
        return "%.1f GB".formatted(bytes / 1e9);
    }
}
