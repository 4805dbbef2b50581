package org.edgeprune.attribute;

import java.util.List;
import org.edgeprune.eval.PromptBatch;
import org.edgeprune.graph.Ablation;
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
 * @param ablation what an edge carries when it is cut
 * @param batchSize examples that are run together, at least 1
 */
public record AttributionSetting(
        TransformerModel model,
        ComputationGraph graph,
        Scorer scorer,
        Objective objective,
        Ablation ablation,
        int batchSize) {
    /** Checks the batch size. */
    public AttributionSetting {
        if (batchSize < 1) {
            throw new IllegalArgumentException("batches of " + batchSize + " examples");
        }
    }

    /** Follows a long piece of work. */
    @FunctionalInterface
    public interface Progress {
        /** For work that nobody follows. */
        Progress NONE = (done, total) -> {};

        /**
         * Called after each unit of work.
         *
         * @param done units so far
         * @param total units in all
         */
        void at(long done, long total);
    }

    /**
     * The same with other batches.
     *
     * @param examples that are run together
     * @return the setting
     */
    AttributionSetting withBatchSize(int examples) {
        return new AttributionSetting(model, graph, scorer, objective, ablation, examples);
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

    /** What is done with a batch. */
    @FunctionalInterface
    interface BatchWork {
        /**
         * @param batch the examples as they are run
         * @param members the same, in their order
         * @param tick to be called after each of the batch's units
         */
        void run(PromptBatch batch, List<Example> members, Runnable tick);
    }

    /**
     * Runs the examples batch by batch, in their order: the one loop over prompts of every method.
     *
     * @param units of work for each batch
     */
    void forEachBatch(List<Example> examples, Progress progress, long units, BatchWork work) {
        requireAnswers(examples);
        long total = Math.ceilDiv(examples.size(), batchSize) * units;
        long[] done = {0};
        for (int from = 0; from < examples.size(); from += batchSize) {
            List<Example> members = examples.subList(from, Math.min(examples.size(), from + batchSize));
            try (TransformerModel.Use _ = model.use();
                    TensorScope _ = TensorScope.open()) {
                PromptBatch batch = PromptBatch.of(model, members, scorer, ablation);
                work.run(batch, members, () -> progress.at(++done[0], total));
            }
        }
        model.requireUnchanged();
    }
}
