package org.edgeprune.eval;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.edgeprune.engine.MaskedPass;
import org.edgeprune.engine.Workers;
import org.edgeprune.mask.MaskValues;
import org.edgeprune.mask.Masks;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.task.Example;
import org.edgeprune.task.Loss;
import org.edgeprune.task.Metrics;
import org.edgeprune.task.PromptLength;
import org.edgeprune.task.Scorer;
import org.edgeprune.torch.GradMode;
import org.edgeprune.torch.Tensor;
import org.edgeprune.torch.TensorScope;

/**
 * Runs circuits on examples and scores them.
 *
 * @param model the full model
 * @param scorer computes the task's metrics from logits
 * @param ablation what cut edges carry
 * @param batchSize number of examples in a batch, at least 1; a batch is run in micro-batches, as the model is
 * @param workers run the micro-batches of all batches
 */
public record Evaluator(
        TransformerModel model, Scorer scorer, AblationStates ablation, int batchSize, Workers workers) {
    /** Examples in a batch where nothing else is asked for. */
    public static final int BATCH_SIZE = 32;

    /**
     * The batch size of evaluations during training: {@link #BATCH_SIZE} where batches are cut into micro-batches,
     * which bound the memory; where they are not, that of training, for which there is memory.
     *
     * @param model the full model
     * @param training examples of a training step
     * @return at least 1
     */
    public static int batchSize(TransformerModel model, int training) {
        return model.execution().microBatchOf(model.sizes()) == 0 ? training : BATCH_SIZE;
    }

    /**
     * An evaluator with the model's workers ({@link Workers#of(org.edgeprune.model.Execution)}).
     *
     * @param model the full model
     * @param scorer computes the task's metrics from logits
     * @param ablation what cut edges carry
     * @param batchSize number of examples in a batch, at least 1
     */
    public Evaluator(TransformerModel model, Scorer scorer, AblationStates ablation, int batchSize) {
        this(model, scorer, ablation, batchSize, Workers.of(model.execution()));
    }

    /**
     * Scores the model under masks, normally binary ones, and the full model beside it.
     *
     * @param examples prompt pairs of the task
     * @param masks masks of edges and nodes
     * @return metrics of the circuit and of the full model for each example, in the order of {@code examples}
     * @throws org.edgeprune.io.InputException if a logit is not finite, or positions have masks of their own and an
     *     example has another number of tokens
     */
    public Evaluation evaluate(List<Example> examples, MaskValues masks) {
        requireFit(examples, masks);
        return evaluate(examples, Optional.of(masks));
    }

    static void requireFit(List<Example> examples, MaskValues masks) {
        if (masks.byPosition()) {
            PromptLength.require(masks.positions(), "the circuit", "example", examples);
        }
    }

    /**
     * Scores the full model alone. Only the clean prompts are run.
     *
     * @param examples prompt pairs of the task
     * @return metrics of each example, in the order of {@code examples}: the full model takes the circuit's place too
     * @throws org.edgeprune.io.InputException if a logit is not finite
     */
    public Evaluation evaluateFullModel(List<Example> examples) {
        return evaluate(examples, Optional.empty());
    }

    private Evaluation evaluate(List<Example> given, Optional<MaskValues> masks) {
        // where nothing is cut, corrupted prompts need not be run
        AblationStates cut = masks.isPresent() ? ablation : AblationStates.ZERO;
        List<Example> examples = cut.examples(given);
        return evaluate(
                examples,
                masks,
                parts(examples, cut),
                (copy, _, members) -> PromptBatch.of(copy, members, members.size(), scorer, cut));
    }

    /**
     * Makes the batch of a part of the examples, by the part's number, for a copy of the model in the current scope.
     */
    @FunctionalInterface
    interface Batches {
        PromptBatch make(TransformerModel copy, int number, List<Example> members);
    }

    /**
     * The numbers of the examples that are run together.
     *
     * @param examples as they are run, see {@link AblationStates#examples}
     */
    List<int[]> parts(List<Example> examples, AblationStates cut) {
        List<int[]> parts = new ArrayList<>();
        for (int from = 0; from < examples.size(); from += batchSize) {
            int first = from;
            List<Example> batch = examples.subList(from, Math.min(examples.size(), from + batchSize));
            PromptCache.cut(model, batch, cut.kind()).stream()
                    .map(part -> IntStream.of(part).map(i -> first + i).toArray())
                    .forEach(parts::add);
        }
        return parts;
    }

    Evaluation evaluate(List<Example> examples, Optional<MaskValues> masks, List<int[]> parts, Batches batches) {
        Evaluation.Scored[] scored = new Evaluation.Scored[examples.size()];
        workers.run(
                model,
                parts.size(),
                (copy, number) -> {
                    int[] numbers = parts.get(number);
                    return score(copy, examples, numbers, masks, members -> batches.make(copy, number, members));
                },
                new ScoredPacking(examples),
                part -> part.forEach((i, one) -> scored[i] = one));
        model.requireUnchanged();
        return new Evaluation(List.of(scored));
    }

    /** Some of the examples, by their numbers. */
    private Map<Integer, Evaluation.Scored> score(
            TransformerModel copy,
            List<Example> all,
            int[] numbers,
            Optional<MaskValues> masks,
            Function<List<Example>, PromptBatch> batches) {
        List<Example> examples = IntStream.of(numbers).mapToObj(all::get).toList();
        IntFunction<String> name = i -> "example " + (numbers[i] + 1) + " of " + all.size();
        try (TransformerModel.Use _ = copy.use();
                GradMode _ = GradMode.disabled();
                TensorScope _ = TensorScope.open()) {
            PromptBatch batch = batches.apply(examples);
            float[][] full = rows(batch.fullLogits(), examples, name);
            float[][] logits =
                    masks.map(m -> rows(logits(copy, batch, m), examples, name)).orElse(full);
            Map<Integer, Evaluation.Scored> scored = new HashMap<>();
            int next = 0;
            for (int i = 0; i < numbers.length; i++) {
                Example example = examples.get(i);
                int rows = PromptBatch.rowCount(example, scorer);
                float[][] mine = Arrays.copyOfRange(logits, next, next + rows);
                float[][] theirs = Arrays.copyOfRange(full, next, next + rows);
                scored.put(
                        numbers[i],
                        new Evaluation.Scored(
                                example,
                                scorer.score(example, mine, theirs),
                                scorer.score(example, theirs, theirs),
                                Arrays.stream(mine).mapToInt(this::token).toArray()));
                next += rows;
            }
            return scored;
        }
    }

    private static Tensor logits(TransformerModel copy, PromptBatch batch, MaskValues masks) {
        MaskedPass pass = batch.pass(copy, Masks.of(masks, copy.device()), MaskedPass.Gradients.NONE);
        return batch.logits(copy, pass);
    }

    private int token(float[] logits) {
        int column = Metrics.argmax(logits);
        return scorer.vocabulary() == null || scorer.loss() == Loss.ACROSS_POSITIONS
                ? column
                : scorer.vocabulary()[column];
    }

    private float[][] rows(Tensor matrix, List<Example> examples, IntFunction<String> name) {
        float[] values = FiniteLogits.require(matrix, examples, scorer, name);
        int columns = (int) matrix.size(1);
        float[][] rows = new float[(int) matrix.size(0)][];
        for (int i = 0; i < rows.length; i++) {
            rows[i] = Arrays.copyOfRange(values, i * columns, (i + 1) * columns);
        }
        return rows;
    }
}
