package org.edgeprune.eval;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.edgeprune.engine.Baseline;
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
 * Batches of examples with the full model's part of the work done once: weights are frozen, so the full model's logits and the
 * corrupted run of an example never change.
 *
 * <p>If all examples fit into the budget, each is run by itself when it first comes up and then kept; else whole batches are run each
 * time. Either way a batch's numbers do not depend on what came before it, not even in the last bit, so a resumed run continues
 * exactly.
 */
public final class PromptCache implements AutoCloseable {
    private final TransformerModel model;
    private final List<Example> examples;
    private final Scorer scorer;
    private final boolean interchange;
    private final Entry[] entries;
    private final boolean kept;

    /** One example's part of a {@link PromptBatch}. */
    private record Entry(Tensor fullLogits, Baseline baseline) {}

    /**
     * @param scorer says what is scored, and how
     * @param interchange whether the corrupted prompts are needed
     * @param budgetBytes how much memory kept tensors may take
     */
    public PromptCache(
            TransformerModel model, List<Example> examples, Scorer scorer, boolean interchange, long budgetBytes) {
        this.model = model;
        this.examples = List.copyOf(examples);
        this.scorer = scorer;
        this.interchange = interchange;
        this.entries = new Entry[examples.size()];
        this.kept = bytes(model, examples, scorer, interchange) <= budgetBytes;
    }

    /** What keeping examples takes. */
    public static long bytes(TransformerModel model, List<Example> examples, Scorer scorer, boolean interchange) {
        ModelSizes sizes = model.sizes();
        long words = scorer.vocabulary() == null ? model.vocabSize() : scorer.vocabulary().length;
        long values = (long) sizes.graph().heads() * sizes.headDim();
        // Of each layer: the residual stream before attention and before the MLP, the MLP's output, the heads' values.
        long aToken = sizes.graph().layers() * (3L * sizes.hidden() + values)
                + (1L + sizes.graph().embeddings().size()) * sizes.hidden();
        return examples.stream()
                .mapToLong(example -> example.scored() * words * DType.F32.byteSize()
                        + (interchange ? example.length() * aToken * model.dtype().byteSize() : 0))
                .sum();
    }

    /** The examples with these numbers as a batch of the current scope. */
    public PromptBatch batch(int[] numbers) {
        if (!kept) {
            return PromptBatch.of(model, select(numbers), scorer, interchange);
        }
        // In order of length, as TokenBatch packs them: so examples lie in the tensors as they are joined here.
        int[] order = Arrays.stream(numbers)
                .boxed()
                .sorted(Comparator.comparingInt(i -> examples.get(i).length()))
                .mapToInt(Integer::intValue)
                .toArray();
        for (int i : order) {
            if (entries[i] == null) {
                entries[i] = run(examples.get(i));
            }
        }
        return join(order, Arrays.stream(order).mapToObj(i -> entries[i]).toList());
    }

    /** Runs the full model on one example; the tensors are out of every scope. */
    private Entry run(Example example) {
        try (TensorScope scope = TensorScope.open()) {
            PromptBatch batch = PromptBatch.of(model, List.of(example), scorer, interchange);
            Entry entry = new Entry(batch.fullLogits(), batch.baseline());
            tensors(entry).forEach(scope::release);
            return entry;
        }
    }

    private List<Example> select(int[] numbers) {
        return IntStream.of(numbers).mapToObj(examples::get).toList();
    }

    private PromptBatch join(int[] order, List<Entry> parts) {
        try (GradMode off = GradMode.disabled()) {
            List<Example> batch = select(order);
            TokenBatch clean = TokenBatch.of(batch.stream().map(Example::clean).toList(), model.device());
            return new PromptBatch(
                    clean,
                    interchange ? join(parts.stream().map(Entry::baseline).toList()) : null,
                    PromptBatch.scored(clean, batch).to(model.device()),
                    PromptBatch.weights(batch, scorer).to(model.device()),
                    Tensor.cat(0, parts.stream().map(Entry::fullLogits).toList()),
                    PromptBatch.rows(scorer, batch, model));
        }
    }

    private static Baseline join(List<Baseline> parts) {
        Baseline first = parts.get(0);
        return new Baseline(
                IntStream.range(0, first.embeddings().size())
                        .mapToObj(e -> Tensor.cat(0, parts.stream().map(p -> p.embeddings().get(e)).toList()))
                        .toList(),
                IntStream.range(0, first.layers().size())
                        .mapToObj(l -> {
                            List<Baseline.Layer> layers = parts.stream().map(p -> p.layers().get(l)).toList();
                            return new Baseline.Layer(
                                    Tensor.cat(0, layers.stream().map(Baseline.Layer::attentionInput).toList()),
                                    Tensor.cat(1, layers.stream().map(Baseline.Layer::headValues).toList()),
                                    Tensor.cat(0, layers.stream().map(Baseline.Layer::mlpInput).toList()),
                                    Tensor.cat(0, layers.stream().map(Baseline.Layer::mlpOutput).toList()));
                        })
                        .toList(),
                Tensor.cat(0, parts.stream().map(Baseline::finalResidual).toList()));
    }

    private static List<Tensor> tensors(Entry entry) {
        List<Tensor> list = new ArrayList<>(List.of(entry.fullLogits()));
        if (entry.baseline() != null) {
            list.addAll(entry.baseline().embeddings());
            for (Baseline.Layer l : entry.baseline().layers()) {
                list.addAll(List.of(l.attentionInput(), l.headValues(), l.mlpInput(), l.mlpOutput()));
            }
            list.add(entry.baseline().finalResidual());
        }
        return list;
    }

    @Override
    public void close() {
        for (Entry entry : entries) {
            if (entry != null) {
                tensors(entry).forEach(Tensor::close);
            }
        }
    }
}
