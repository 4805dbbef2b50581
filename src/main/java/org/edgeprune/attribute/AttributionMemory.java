package org.edgeprune.attribute;

import java.util.Comparator;
import java.util.List;
import java.util.OptionalLong;
import org.edgeprune.AvailableMemory;
import org.edgeprune.engine.MicroBatches;
import org.edgeprune.engine.Workers;
import org.edgeprune.eval.PromptBatch;
import org.edgeprune.eval.PromptCache;
import org.edgeprune.io.InputException;
import org.edgeprune.model.Execution;
import org.edgeprune.model.ModelSizes;
import org.edgeprune.model.Models;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.prune.LoadedModel;
import org.edgeprune.prune.StepMemory;
import org.edgeprune.task.Example;

/**
 * What an attribution holds in memory at its peak, and whether that is there.
 *
 * @param bytes all together, with the checkpoint's pages
 * @param batchSize examples that are at work at a time
 * @param tokens of the batch that has most of them
 */
public record AttributionMemory(long bytes, int batchSize, long tokens) {
    /** Numbers of 4 bytes for each edge: a batch's scores as tensor and array, sums in double precision, the result. */
    private static final int NUMBERS_PER_EDGE = 8;

    /**
     * Predicts the peak.
     *
     * @param setting what is attributed
     * @param loaded its model
     * @param method how
     * @param steps of methods that integrate
     * @param examples that are attributed
     * @param kept of how many examples the scores are kept one by one
     * @param levels what is scored beside edges
     * @return the prediction
     */
    public static AttributionMemory of(
            AttributionSetting setting,
            LoadedModel loaded,
            AttributionMethod method,
            int steps,
            List<Example> examples,
            int kept,
            ScoreLevels levels) {
        StepMemory.Tokens tokens = atATime(setting, largest(setting, examples), method);
        // Where gradients are taken at the clean prompts alone, their streams are known and no block is kept.
        boolean keeps = !setting.model().execution().recompute()
                && (method.hasSteps() || method == AttributionMethod.CLEAN_CORRUPTED);
        TransformerModel model = setting.model();
        Execution whole = model.execution().withMicroBatch(0);
        Execution execution = keeps ? whole : whole.recomputing();
        StepMemory step = StepMemory.of(StepMemory.Work.of(
                Models.decoder(loaded.directory()),
                Models.copied(loaded.directory(), model.execution()),
                setting.graph(),
                execution,
                setting.ablation().kind(),
                tokens));
        ModelSizes sizes = model.sizes();
        long stream = tokens.masked() * sizes.hidden() * model.dtype().byteSize();
        // the streams before blocks, what blocks add, and head values
        long streams = stream * (4L * sizes.graph().layers() + 2)
                + tokens.masked()
                        * sizes.graph().layers()
                        * sizes.graph().heads()
                        * sizes.headDim()
                        * model.dtype().byteSize();
        long workspace = Math.max(step.loss(), step.backward() - step.outbox());
        if (method == AttributionMethod.EXACT) {
            workspace = Workers.most(model.execution()) * ExactPatching.bytes(setting, levels, tokens.masked());
        }
        long scores = (long) setting.graph().edgeCount() * 4 * (NUMBERS_PER_EDGE + kept);
        // neurons: activations, those of the ablation, and their gradients
        long levelBytes = levels.neurons()
                ? 3 * tokens.masked() * sizes.inner() * model.dtype().byteSize()
                : 0;
        if (levels.positions()) {
            int length = examples.stream().mapToInt(Example::length).max().orElse(0);
            levelBytes += step.outbox() + (long) setting.graph().edgeCount() * 4 * NUMBERS_PER_EDGE * length;
        }
        long bytes = step.weights()
                + step.mapped()
                + step.fullModel()
                + step.outbox()
                + streams
                + (keeps ? blocks(setting, tokens.masked()) : 0)
                + workspace
                + scores
                + levelBytes
                + step.process();
        return new AttributionMemory(bytes, (int) tokens.prompts(), tokens.masked());
    }

    /**
     * What autograd keeps inside the blocks of the full model: its readers all see one stream, so that there is none
     * for each reader as there is in a masked model ({@link StepMemory#blocks}).
     */
    private static long blocks(AttributionSetting setting, long tokens) {
        ModelSizes sizes = setting.model().sizes();
        long values = (long) sizes.graph().heads() * sizes.headDim();
        long inner = (sizes.gatedMlp() ? 3L : 1L) * sizes.inner();
        long wide = Math.max(0, 10 * values - (long) sizes.graph().heads() * sizes.hidden());
        long numbers = 6L * sizes.hidden() + 5 * values + inner + wide;
        return tokens
                * sizes.graph().layers()
                * numbers
                * setting.model().dtype().byteSize();
    }

    /**
     * Predicts the peak of a training of scores: of a step of pruning.
     *
     * @param setting what is attributed
     * @param loaded its model
     * @param examples that are attributed
     * @param cacheBytes memory that the full model's runs may take
     * @return the prediction
     */
    public static AttributionMemory ofTraining(
            AttributionSetting setting, LoadedModel loaded, List<Example> examples, long cacheBytes) {
        TransformerModel model = setting.model();
        StepMemory.Tokens tokens = largest(setting, examples);
        long cache = PromptCache.bytes(
                model,
                setting.ablation().examples(examples),
                setting.scorer(),
                setting.ablation().kind());
        StepMemory step = StepMemory.of(StepMemory.Work.of(
                        Models.decoder(loaded.directory()),
                        Models.copied(loaded.directory(), model.execution()),
                        setting.graph(),
                        model.execution(),
                        setting.ablation().kind(),
                        tokens)
                .withCacheBytes(cache <= cacheBytes ? cache : 0));
        return new AttributionMemory(step.total(), (int) tokens.prompts(), tokens.masked());
    }

    /** Those of the micro-batches that workers have at a time. Exact patching has a batch at a time. */
    private static StepMemory.Tokens atATime(
            AttributionSetting setting, StepMemory.Tokens batch, AttributionMethod method) {
        if (method == AttributionMethod.EXACT) {
            return batch;
        }
        Execution execution = setting.model().execution();
        long parts = MicroBatches.count(
                batch.prompts(),
                batch.masked(),
                execution.microBatchOf(setting.model().sizes()));
        long working = Math.min(parts, Workers.most(execution));
        return batch.of(Math.ceilDiv(working * batch.prompts(), parts));
    }

    private static StepMemory.Tokens largest(AttributionSetting setting, List<Example> examples) {
        List<Example> largest = setting.ablation().examples(examples).stream()
                .sorted(Comparator.comparingInt(example -> past(setting, example) - example.length()))
                .limit(setting.batchSize())
                .toList();
        long past =
                largest.stream().mapToLong(example -> past(setting, example)).sum();
        return new StepMemory.Tokens(
                largest.size(),
                largest.stream().mapToLong(Example::length).sum() - past,
                past,
                largest.stream().mapToLong(Example::scored).sum());
    }

    private static int past(AttributionSetting setting, Example example) {
        return PromptBatch.past(setting.model(), example, setting.ablation().kind());
    }

    /**
     * For models in the machine's own memory: refuses what would not fit.
     *
     * @param execution how the model is run
     * @throws InputException if the memory is known, and too small; it names what would help
     */
    public void require(Execution execution) {
        OptionalLong available = AvailableMemory.withOwn();
        if (available.isPresent() && execution.isOnCpu()) {
            require(available.getAsLong(), execution);
        }
    }

    void require(long available, Execution execution) {
        if (bytes > available) {
            String remedy = batchSize > 1
                    ? "use --batch-size " + batchSize / 2 + ", or --workers 1"
                    : execution.recompute() ? "use --offload, shorter prompts or a larger machine" : "use --recompute";
            throw new InputException(
                    "attribution over %d prompts at a time (%d tokens) needs %.1f GB of memory, and %.1f GB are available: %s"
                            .formatted(batchSize, tokens, bytes / 1e9, available / 1e9, remedy));
        }
    }
}
