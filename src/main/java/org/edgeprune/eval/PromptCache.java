package org.edgeprune.eval;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.edgeprune.engine.Baseline;
import org.edgeprune.model.TokenBatch;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.task.Example;
import org.edgeprune.torch.DType;
import org.edgeprune.torch.GradMode;
import org.edgeprune.torch.Tensor;
import org.edgeprune.torch.TensorScope;

/**
 * Batches of examples with the full model's part of the work done once: weights are frozen, so the full model's logits and the
 * corrupted run of an example never change. Examples are kept until the budget is used up; the others are run again each time.
 */
public final class PromptCache implements AutoCloseable {
    private final TransformerModel model;
    private final List<Example> examples;
    private final int[] vocabulary;
    private final boolean interchange;
    private final Entry[] entries;
    private long budget;

    /** One example's part of a {@link PromptBatch}. */
    private record Entry(Tensor fullLogits, Baseline baseline) {}

    /**
     * @param vocabulary the task's token ids, or null for all
     * @param interchange whether the corrupted prompts are needed
     * @param budgetBytes how much memory kept tensors may take
     */
    public PromptCache(
            TransformerModel model, List<Example> examples, int[] vocabulary, boolean interchange, long budgetBytes) {
        this.model = model;
        this.examples = List.copyOf(examples);
        this.vocabulary = vocabulary;
        this.interchange = interchange;
        this.entries = new Entry[examples.size()];
        this.budget = budgetBytes;
    }

    /** The examples with these numbers as a batch of the current scope. */
    public PromptBatch batch(int[] numbers) {
        // In order of length, as TokenBatch packs them: so examples lie in the tensors as they are joined here.
        int[] order = Arrays.stream(numbers)
                .boxed()
                .sorted(Comparator.comparingInt(i -> examples.get(i).length()))
                .mapToInt(Integer::intValue)
                .toArray();
        int[] missing = Arrays.stream(order).filter(i -> entries[i] == null).distinct().toArray();
        Entry[] found = entries.clone();
        if (missing.length > 0) {
            PromptBatch fresh = PromptBatch.of(model, select(missing), vocabulary, interchange);
            int token = 0;
            int scored = 0;
            for (int i : missing) {
                Example example = examples.get(i);
                found[i] = slice(fresh, token, example.length(), scored, example.scored());
                keep(i, found[i]);
                token += example.length();
                scored += example.scored();
            }
            if (missing.length == order.length) {
                return fresh;
            }
        }
        return join(order, Arrays.stream(order).mapToObj(i -> found[i]).toList());
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
                    PromptBatch.weights(batch).to(model.device()),
                    Tensor.cat(0, parts.stream().map(Entry::fullLogits).toList()),
                    PromptBatch.vocabulary(vocabulary, model));
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

    private Entry slice(PromptBatch batch, int token, int tokens, int scored, int scoredCount) {
        Baseline b = batch.baseline();
        return new Entry(
                batch.fullLogits().narrow(0, scored, scoredCount),
                b == null
                        ? null
                        : new Baseline(
                                b.embeddings().stream().map(e -> e.narrow(0, token, tokens)).toList(),
                                b.layers().stream()
                                        .map(l -> new Baseline.Layer(
                                                l.attentionInput().narrow(0, token, tokens),
                                                l.headValues().narrow(1, token, tokens),
                                                l.mlpInput().narrow(0, token, tokens),
                                                l.mlpOutput().narrow(0, token, tokens)))
                                        .toList(),
                                b.finalResidual().narrow(0, token, tokens)));
    }

    /** Copies an example's tensors out of its batch, while the budget lasts. */
    private void keep(int number, Entry entry) {
        long bytes = tensors(entry).stream().mapToLong(t -> t.elementCount() * DType.F32.byteSize()).sum();
        if (bytes > budget) {
            return;
        }
        budget -= bytes;
        try (GradMode off = GradMode.disabled();
                TensorScope scope = TensorScope.open()) {
            Baseline b = entry.baseline();
            entries[number] = new Entry(
                    copy(scope, entry.fullLogits()),
                    b == null
                            ? null
                            : new Baseline(
                                    b.embeddings().stream().map(e -> copy(scope, e)).toList(),
                                    b.layers().stream()
                                            .map(l -> new Baseline.Layer(
                                                    copy(scope, l.attentionInput()),
                                                    copy(scope, l.headValues()),
                                                    copy(scope, l.mlpInput()),
                                                    copy(scope, l.mlpOutput())))
                                            .toList(),
                                    copy(scope, b.finalResidual())));
        }
    }

    private static Tensor copy(TensorScope scope, Tensor view) {
        return scope.release(view.copy());
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
