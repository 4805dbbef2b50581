package org.edgeprune.eval;

import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.edgeprune.engine.Baseline;
import org.edgeprune.engine.MicroBatches;
import org.edgeprune.graph.Ablation;
import org.edgeprune.model.ModelSizes;
import org.edgeprune.model.TokenBatch;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.task.Example;
import org.edgeprune.task.Scorer;
import org.edgeprune.torch.DType;
import org.edgeprune.torch.GradMode;
import org.edgeprune.torch.Tensor;
import org.edgeprune.torch.TensorScope;

/**
 * Batches of examples for which the full model's part of the work is done once: its weights are frozen, so its logits
 * and the states of the corrupted run never change.
 *
 * <p>If all examples fit into the budget, each is run by itself (or, where weights are offloaded, together with its
 * neighbours) when it is first needed, and then kept. Otherwise whole batches are run every time. In both cases the
 * bits of a batch do not depend on which batches came before it, so a resumed run continues exactly.
 *
 * <p>Each copy of the model keeps what it has run itself, on its own device.
 *
 * <p>Several threads may ask for batches at a time. It is closed when none does.
 */
public final class PromptCache implements AutoCloseable {
    /** Number of examples for which offloaded weights are loaded once. */
    private static final int OFFLOADED_GROUP = 32;

    private final TransformerModel model;
    private final List<Example> examples;
    private final Scorer scorer;
    private final AblationStates ablation;
    private final int groupSize;
    private final Map<TransformerModel, Kept> copies;
    private final boolean kept;

    /**
     * Examples that are run together, with the full model's part of their {@link PromptBatch}.
     *
     * @param firstToken of each example
     * @param firstPast of each example, among all pasts
     * @param firstRow of each example's logits
     */
    private record Group(Tensor fullLogits, Baseline baseline, int[] firstToken, int[] firstPast, int[] firstRow) {
        List<Tensor> tensors() {
            return Stream.concat(Stream.of(fullLogits), baseline.tensors().stream())
                    .toList();
        }
    }

    /**
     * A cache that holds nothing yet.
     *
     * @param model the full model
     * @param examples the prompt pairs that batches are made of
     * @param scorer the task's vocabulary and kind of loss
     * @param ablation what cut edges carry, and so whether the corrupted prompts are run
     * @param budgetBytes how much memory the kept tensors may take, bytes; on the devices of each copy of the model
     */
    public PromptCache(
            TransformerModel model, List<Example> examples, Scorer scorer, AblationStates ablation, long budgetBytes) {
        this.model = model;
        this.examples = List.copyOf(ablation.examples(examples));
        this.scorer = scorer;
        this.ablation = ablation;
        this.groupSize = model.execution().offload() ? OFFLOADED_GROUP : 1;
        int groups = Math.ceilDiv(examples.size(), groupSize);
        this.copies =
                model.copies().stream().collect(Collectors.toMap(Function.identity(), copy -> new Kept(copy, groups)));
        this.kept = bytes(model, this.examples, scorer, ablation.kind()) <= budgetBytes;
    }

    /**
     * The memory that keeping examples takes.
     *
     * @param model the full model
     * @param examples the prompt pairs, as they are run under the ablation
     * @param scorer the task's vocabulary and kind of loss
     * @param ablation what cut edges carry
     * @return bytes on the model's device, and on that of each of its copies
     */
    public static long bytes(TransformerModel model, List<Example> examples, Scorer scorer, Ablation ablation) {
        ModelSizes sizes = model.sizes();
        long words = scorer.vocabulary() == null ? model.vocabSize() : scorer.vocabulary().length;
        long values = (long) sizes.graph().heads() * sizes.headDim();
        // Of each layer: the residual stream before attention and before the MLP, the MLP's output, the heads' values.
        long aToken = sizes.graph().layers() * (3L * sizes.hidden() + values)
                + (1L + sizes.graph().embeddings().size()) * sizes.hidden();
        long aPast = sizes.graph().layers() * 2L * sizes.graph().kvHeads() * sizes.headDim();
        long numbers = 0;
        long logits = 0;
        for (Example example : examples) {
            int past = PromptBatch.past(model, example, ablation);
            numbers += ablation.needsCorruptedPrompt() ? (example.length() - past) * aToken + past * aPast : 0;
            logits += example.scored() * words;
        }
        return numbers * model.dtype().byteSize() + logits * DType.F32.byteSize();
    }

    /**
     * Makes a batch of some of the examples, running the full model where it is needed.
     *
     * @param numbers indices of the examples
     * @return the batch, in the caller's scope and on the device of the model itself
     */
    public PromptBatch batch(int[] numbers) {
        try (TransformerModel.Use _ = model.use()) {
            return part(model, numbers, numbers.length);
        }
    }

    /**
     * The examples with these numbers as a batch in micro-batches, cut as the model is run
     * ({@link org.edgeprune.model.Execution#microBatch}).
     *
     * @param numbers indices of examples
     * @return the batch, no part of which is made yet
     */
    public PromptBatches batches(int[] numbers) {
        List<int[]> parts = cut(model, select(numbers), ablation.kind()).stream()
                .map(part -> IntStream.of(part).map(i -> numbers[i]).toArray())
                .toList();
        return new PromptBatches(parts, (copy, part) -> part(copy, part, numbers.length));
    }

    /**
     * Cuts a batch into micro-batches of the size that the model's execution asks for.
     *
     * @param model the full model
     * @param batch the examples of the batch, as they are run under the ablation
     * @param ablation what cut edges carry
     * @return indices of the examples of each
     */
    public static List<int[]> cut(TransformerModel model, List<Example> batch, Ablation ablation) {
        int[] tokens = batch.stream()
                .mapToInt(example -> example.length() - PromptBatch.past(model, example, ablation))
                .toArray();
        return MicroBatches.cut(tokens, model.execution().microBatchOf(model.sizes()));
    }

    private PromptBatch part(TransformerModel copy, int[] numbers, int batchSize) {
        return kept
                ? ablation.in(copies.get(copy).join(numbers, batchSize))
                : PromptBatch.of(copy, select(numbers), batchSize, scorer, ablation);
    }

    private int past(Example example) {
        return PromptBatch.past(model, example, ablation.kind());
    }

    private List<Example> select(int[] numbers) {
        return IntStream.of(numbers).mapToObj(examples::get).toList();
    }

    /** What one copy of the model keeps. */
    private final class Kept {
        private final TransformerModel copy;
        private final Group[] groups;
        /** One lock for each group: the first thread that needs it runs it, others wait. */
        private final Object[] locks;

        Kept(TransformerModel copy, int groups) {
            this.copy = copy;
            this.groups = new Group[groups];
            this.locks = Stream.generate(Object::new).limit(groups).toArray();
        }

        /** The full model's run on a group; its tensors are out of every scope. */
        private Group group(int number) {
            synchronized (locks[number]) {
                if (groups[number] == null) {
                    groups[number] = run(number);
                }
                return groups[number];
            }
        }

        private Group run(int number) {
            int from = number * groupSize;
            List<Example> members = examples.subList(from, Math.min(examples.size(), from + groupSize));
            try (TensorScope scope = TensorScope.open()) {
                PromptBatch batch = PromptBatch.recorded(copy, members, members.size(), scorer, ablation.kind());
                int[] firstToken = new int[members.size()];
                int[] firstPast = new int[members.size()];
                int[] firstRow = new int[members.size()];
                for (int i = 0; i < members.size(); i++) {
                    firstToken[i] = batch.clean().token(i, past(members.get(i)));
                    firstPast[i] = batch.clean().firstPast(i);
                    firstRow[i] = i == 0 ? 0 : firstRow[i - 1] + PromptBatch.rowCount(members.get(i - 1), scorer);
                }
                Group group = new Group(batch.fullLogits(), batch.baseline(), firstToken, firstPast, firstRow);
                group.tensors().forEach(scope::release);
                return group;
            }
        }

        private Tensor fullLogits(int example) {
            Group group = group(example / groupSize);
            int rows = PromptBatch.rowCount(examples.get(example), scorer);
            return group.fullLogits().narrow(0, group.firstRow()[example % groupSize], rows);
        }

        private Baseline baseline(int example) {
            Group group = group(example / groupSize);
            int member = example % groupSize;
            int past = past(examples.get(example));
            int tokens = examples.get(example).length() - past;
            return group.baseline().tokens(group.firstToken()[member], tokens, group.firstPast()[member], past);
        }

        PromptBatch join(int[] numbers, int batchSize) {
            try (GradMode _ = GradMode.disabled()) {
                List<Example> batch = select(numbers);
                TokenBatch clean = PromptBatch.clean(copy, batch, ablation.kind());
                IntStream packed = IntStream.of(clean.order()).map(row -> numbers[row]);
                return new PromptBatch(
                        clean,
                        Baseline.cat(packed.mapToObj(this::baseline).toList()),
                        PromptBatch.scored(clean, batch).to(copy.device()),
                        PromptBatch.weights(batch, batchSize, scorer).to(copy.device()),
                        Tensor.cat(
                                0,
                                IntStream.of(numbers).mapToObj(this::fullLogits).toList()),
                        PromptBatch.rows(scorer, batch, copy));
            }
        }

        void close() {
            for (Group group : groups) {
                if (group != null) {
                    group.tensors().forEach(Tensor::close);
                }
            }
        }
    }

    @Override
    public void close() {
        copies.values().forEach(Kept::close);
    }
}
