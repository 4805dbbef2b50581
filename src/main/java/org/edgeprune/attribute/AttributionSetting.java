package org.edgeprune.attribute;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.edgeprune.engine.Packing;
import org.edgeprune.engine.Workers;
import org.edgeprune.eval.AblationStates;
import org.edgeprune.eval.PromptBatch;
import org.edgeprune.eval.PromptCache;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.task.Example;
import org.edgeprune.task.Scorer;
import org.edgeprune.torch.TensorScope;

/**
 * What is attributed, whatever the method.
 *
 * @param model the full model
 * @param graph its graph, with or without embedding nodes
 * @param scorer the task's judge
 * @param objective the loss whose change is attributed
 * @param ablation what an ablated edge carries
 * @param batchSize examples of a batch, at least 1, which is run in micro-batches as the model is
 * @param workers run the micro-batches, perhaps on several ranks; the scores do not depend on how many there are
 */
public record AttributionSetting(
        TransformerModel model,
        ComputationGraph graph,
        Scorer scorer,
        Objective objective,
        AblationStates ablation,
        int batchSize,
        Workers workers) {
    /** Pieces of work of each worker between two exchanges of the ranks. */
    private static final int PIECES = 4;

    /** Checks the batch size. */
    public AttributionSetting {
        if (batchSize < 1) {
            throw new IllegalArgumentException("batches of " + batchSize + " examples");
        }
    }

    /**
     * A setting with the model's workers ({@link Workers#of(org.edgeprune.model.Execution)}).
     *
     * @param model the full model
     * @param graph its graph, with or without embedding nodes
     * @param scorer the task's judge
     * @param objective the loss whose change is attributed
     * @param ablation what an ablated edge carries
     * @param batchSize examples of a batch, at least 1
     */
    public AttributionSetting(
            TransformerModel model,
            ComputationGraph graph,
            Scorer scorer,
            Objective objective,
            AblationStates ablation,
            int batchSize) {
        this(model, graph, scorer, objective, ablation, batchSize, Workers.of(model.execution()));
    }

    /** Follows a long piece of work. */
    @FunctionalInterface
    public interface Progress {
        /** For work that nobody follows. */
        Progress NONE = (done, total) -> {};

        /**
         * Called after each unit of work.
         *
         * @param done units so far; of several ranks those of this one, or those of all where ranks exchange results as
         *     they go
         * @param total units in all, of the same ranks
         */
        void at(long done, long total);
    }

    /**
     * Checks that every example has the answers that the objective needs.
     *
     * @param examples the examples to be attributed
     * @throws org.edgeprune.io.InputException naming the first example that lacks one
     */
    public void requireAnswers(List<Example> examples) {
        objective.requireAnswers(examples, scorer);
    }

    /** What is done with examples that are run together. */
    @FunctionalInterface
    interface Work {
        /**
         * Makes scores.
         *
         * @param model the copy of the model that runs them
         * @param batch the examples as they are run, on the copy's device
         * @param members the same, in their order
         * @param tick to be called after each of the batch's units
         */
        float[] run(TransformerModel model, PromptBatch batch, List<Example> members, Runnable tick);
    }

    /** What takes the scores, in the order of the examples' batches; on every rank, those of all ranks. */
    @FunctionalInterface
    interface Results {
        /** @param numbers of the examples that they are of, ascending */
        void accept(int[] numbers, float[] scores);
    }

    /**
     * Runs examples in micro-batches, as the model is run, several at a time: the one loop over prompts of every method
     * that scores all edges at once. The cut, and the order of the results, do not depend on the number of workers or
     * ranks.
     *
     * @param units of work for each micro-batch
     */
    void forEachPart(List<Example> given, Progress progress, long units, Work work, Results results) {
        List<Example> examples = ablation.examples(given);
        List<int[]> parts = new ArrayList<>();
        for (int from = 0; from < examples.size(); from += batchSize) {
            int first = from;
            List<Example> batch = examples.subList(from, Math.min(examples.size(), from + batchSize));
            PromptCache.cut(model, batch, ablation.kind())
                    .forEach(part ->
                            parts.add(IntStream.of(part).map(i -> first + i).toArray()));
        }
        run(examples, parts, progress, units, work, results);
    }

    /** The same with each example alone. */
    void forEachExample(List<Example> examples, Progress progress, long units, Work work, Results results) {
        List<int[]> single =
                IntStream.range(0, examples.size()).mapToObj(i -> new int[] {i}).toList();
        run(ablation.examples(examples), single, progress, units, work, results);
    }

    private void run(
            List<Example> examples, List<int[]> parts, Progress progress, long units, Work work, Results results) {
        requireAnswers(examples);
        Counter counter = new Counter(progress, workers.own(parts.size()) * units);
        int[] next = {0};
        int together = together(parts.size());
        for (int from = 0; from < parts.size(); from += together) {
            int first = from;
            workers.run(
                    model,
                    Math.min(together, parts.size() - from),
                    (copy, number) -> {
                        List<Example> members = IntStream.of(parts.get(first + number))
                                .mapToObj(examples::get)
                                .toList();
                        try (TransformerModel.Use _ = copy.use();
                                TensorScope _ = TensorScope.open()) {
                            PromptBatch batch = PromptBatch.of(copy, members, scorer, ablation);
                            return work.run(copy, batch, members, counter);
                        }
                    },
                    Packing.FLOATS,
                    scores -> results.accept(parts.get(next[0]++), scores));
        }
        model.requireUnchanged();
    }

    /**
     * How many pieces of work are shared out at once. One rank takes all; several exchange their results now and then,
     * so that no rank keeps those of all its pieces, and so that there is something to resume from. Ranks with
     * different numbers of workers may take different numbers: each is a multiple of the number of ranks, so that a
     * piece belongs to the same rank and exchange for all.
     *
     * @param all how many pieces there are
     */
    int together(int all) {
        int ranks = workers.ranks().size();
        return ranks == 1 ? all : PIECES * ranks * Workers.most(model.execution());
    }

    /**
     * Takes examples in whole batches, one after the other, for methods whose work on a batch is shared among workers.
     * The model is in use meanwhile.
     *
     * @param units of work for each batch
     */
    void forEachBatch(List<Example> given, Progress progress, long units, BatchWork work) {
        List<Example> examples = ablation.examples(given);
        requireAnswers(examples);
        Counter counter = new Counter(progress, Math.ceilDiv(examples.size(), batchSize) * units);
        for (int from = 0; from < examples.size(); from += batchSize) {
            List<Example> members = examples.subList(from, Math.min(examples.size(), from + batchSize));
            try (TransformerModel.Use _ = model.use();
                    TensorScope _ = TensorScope.open()) {
                work.run(members, counter);
            }
        }
        model.requireUnchanged();
    }

    /** See {@link #forEachBatch}. */
    @FunctionalInterface
    interface BatchWork {
        /**
         * Called on every rank, in a scope of its own.
         *
         * @param members the examples as they are run, in their order
         * @param tick to be called after each of the batch's units
         */
        void run(List<Example> members, Runnable tick);
    }

    /** Counts units of work on any thread. */
    private static final class Counter implements Runnable {
        private final Progress progress;
        private final long total;
        private long done;

        Counter(Progress progress, long total) {
            this.progress = progress;
            this.total = total;
        }

        @Override
        public synchronized void run() {
            progress.at(++done, total);
        }
    }
}
