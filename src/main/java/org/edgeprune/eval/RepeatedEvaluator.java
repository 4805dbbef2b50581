package org.edgeprune.eval;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.edgeprune.engine.Baseline;
import org.edgeprune.mask.MaskValues;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.task.Example;
import org.edgeprune.torch.Tensor;
import org.edgeprune.torch.TensorScope;

/**
 * Evaluates many circuits on the same examples. The full model's runs on their clean and corrupted prompts are made for
 * the first circuit and kept for the others, if they fit into the budget. Either way the numbers have the same bits as
 * those of {@link Evaluator#evaluate}.
 *
 * <p>Circuits are evaluated one after the other; the evaluator's workers share the examples.
 */
public final class RepeatedEvaluator implements AutoCloseable {
    private final Evaluator evaluator;
    private final List<Example> examples;
    private final List<int[]> parts;
    /** By copy of the model, and part of the examples. */
    private final Map<TransformerModel, FullRuns[]> kept;

    private final boolean keeps;

    /** What the full model computes for a part of the examples; its tensors are out of every scope. */
    private record FullRuns(Tensor fullLogits, Baseline baseline) {
        List<Tensor> tensors() {
            return Stream.concat(Stream.of(fullLogits), baseline.tensors().stream())
                    .toList();
        }
    }

    /**
     * Prepares evaluations; nothing is run yet.
     *
     * @param evaluator runs circuits
     * @param examples prompt pairs of the task
     * @param budgetBytes how much memory the full model's runs may take, bytes; on the devices of each copy of the
     *     model
     */
    public RepeatedEvaluator(Evaluator evaluator, List<Example> examples, long budgetBytes) {
        this.evaluator = evaluator;
        this.examples = List.copyOf(evaluator.ablation().examples(examples));
        this.parts = evaluator.parts(this.examples, evaluator.ablation());
        this.kept = evaluator.model().copies().stream()
                .collect(Collectors.toMap(Function.identity(), _ -> new FullRuns[parts.size()]));
        this.keeps = PromptCache.bytes(
                        evaluator.model(),
                        this.examples,
                        evaluator.scorer(),
                        evaluator.ablation().kind())
                <= budgetBytes;
    }

    /**
     * What runs the circuits.
     *
     * @return the evaluator
     */
    public Evaluator evaluator() {
        return evaluator;
    }

    /**
     * The prompt pairs that circuits are evaluated on.
     *
     * @return an immutable list, with the corrupted prompts that the ablation put in place of the task's
     */
    public List<Example> examples() {
        return examples;
    }

    /**
     * Scores the model under masks, and the full model beside it.
     *
     * @param masks masks of edges and nodes
     * @return as {@link Evaluator#evaluate}
     * @throws org.edgeprune.io.InputException as {@link Evaluator#evaluate}
     */
    public Evaluation evaluate(MaskValues masks) {
        Evaluator.requireFit(examples, masks);
        return evaluator.evaluate(examples, Optional.of(masks), parts, this::batch);
    }

    /** Each part is run by one worker at a time, and the workers of one circuit end before those of the next begin. */
    private PromptBatch batch(TransformerModel model, int number, List<Example> members) {
        FullRuns[] runs = kept.get(model);
        AblationStates ablation = evaluator.ablation();
        if (!keeps) {
            return PromptBatch.of(model, members, members.size(), evaluator.scorer(), ablation);
        }
        if (runs[number] == null) {
            try (TensorScope scope = TensorScope.open()) {
                PromptBatch batch =
                        PromptBatch.recorded(model, members, members.size(), evaluator.scorer(), ablation.kind());
                FullRuns its = new FullRuns(batch.fullLogits(), batch.baseline());
                its.tensors().forEach(scope::release);
                runs[number] = its;
            }
        }
        return ablation.in(PromptBatch.of(
                model,
                members,
                evaluator.scorer(),
                ablation.kind(),
                runs[number].fullLogits(),
                runs[number].baseline()));
    }

    @Override
    public void close() {
        kept.values().stream().flatMap(Arrays::stream).filter(Objects::nonNull).forEach(runs -> runs.tensors()
                .forEach(Tensor::close));
    }
}
