package org.edgeprune.engine;

import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.edgeprune.model.Mlp;
import org.edgeprune.model.Part;
import org.edgeprune.model.TokenBatch;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.torch.DType;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.GradMode;
import org.edgeprune.torch.Tensor;
import org.edgeprune.torch.TensorScope;

/**
 * The mean of the full model's runs on many prompts, over all their tokens or position by position: what mean ablation
 * has in place of an ablated edge. Every state of a {@link RecordedRun} is a sum of what writers add, so the mean of
 * the states is the state of the means.
 *
 * <p>Owns its tensors.
 */
public final class MeanRun implements AutoCloseable {
    private final RecordedRun rows;
    private final boolean byPosition;

    private MeanRun(RecordedRun rows, boolean byPosition) {
        this.rows = rows;
        this.byPosition = byPosition;
    }

    /**
     * Runs the full model on prompts.
     *
     * @param model the full model
     * @param batches the prompts, whole, as lists of token ids that are run together; at least one
     * @param byPosition whether each position has a mean of its own, over the prompts that are long enough
     * @param neurons whether means of the MLPs' neurons are taken, too
     * @return the means
     */
    public static MeanRun of(TransformerModel model, List<List<int[]>> batches, boolean byPosition, boolean neurons) {
        int longest = batches.stream()
                .flatMap(List::stream)
                .mapToInt(prompt -> prompt.length)
                .max()
                .orElseThrow();
        int count = byPosition ? longest : 1;
        try (GradMode _ = GradMode.disabled();
                TensorScope scope = TensorScope.open()) {
            Tensor tokens = Tensor.zeros(DType.F32, model.device(), count);
            Optional<RecordedRun> sums = Optional.empty();
            for (List<int[]> prompts : batches) {
                TensorScope inner = TensorScope.open();
                try (inner) {
                    TokenBatch batch = TokenBatch.of(prompts, model.device());
                    Tensor row = rowOf(batch, byPosition);
                    tokens.indexAdd_(0, row, Tensor.ones(batch.tokenCount()).to(model.device()));
                    RecordedRun run = Baseline.record(model, batch);
                    RecordedRun its = sums(neurons ? withNeurons(model, run) : run, row, count);
                    RecordedRun sum = sums.map(before -> plus(before, its)).orElse(its);
                    sum.tensors().forEach(inner::keep);
                    sums = Optional.of(sum);
                }
            }
            RecordedRun means =
                    scaled(sums.orElseThrow(), tokens.pow(-1).view(-1, 1).to(model.dtype()));
            means.tensors().forEach(scope::release);
            return new MeanRun(means, byPosition);
        }
    }

    private static RecordedRun withNeurons(TransformerModel model, RecordedRun run) {
        return new RecordedRun(
                run.embeddings(),
                IntStream.range(0, run.layers().size())
                        .mapToObj(i -> withNeurons(model, run.layers().get(i), i))
                        .toList(),
                run.finalResidual());
    }

    private static RecordedRun.Layer withNeurons(TransformerModel model, RecordedRun.Layer layer, int number) {
        try (Part<Mlp> mlp = model.mlp(number)) {
            return new RecordedRun.Layer(
                    layer.attentionInput(),
                    layer.headValues(),
                    layer.mlpInput(),
                    layer.mlpOutput(),
                    layer.past(),
                    layer.neurons(mlp).map(neurons -> neurons.to(model.device())));
        }
    }

    /**
     * The same means on another device.
     *
     * @param device the device
     * @return a copy, which the caller closes
     */
    public MeanRun to(Device device) {
        try (GradMode _ = GradMode.disabled();
                TensorScope scope = TensorScope.open()) {
            RecordedRun there = map(rows, (tensor, _) -> tensor.to(device).copy());
            there.tensors().forEach(scope::release);
            return new MeanRun(there, byPosition);
        }
    }

    private static Tensor rowOf(TokenBatch batch, boolean byPosition) {
        return byPosition
                ? batch.positions()
                : Tensor.zeros(DType.I64, batch.positions().device(), batch.tokenCount());
    }

    /**
     * The baseline of a batch of whole prompts.
     *
     * @param batch no longer than the longest prompt of the means, where these are by position
     * @return each token's means, of the current scope
     */
    public RecordedRun baseline(TokenBatch batch) {
        Tensor row = rowOf(batch, byPosition);
        return map(rows, (tensor, dim) -> tensor.indexSelect(dim, row));
    }

    /** Something that is done with a tensor along its dimension of tokens. */
    @FunctionalInterface
    private interface Along {
        Tensor apply(Tensor tensor, int dim);
    }

    private static RecordedRun map(RecordedRun run, Along along) {
        return new RecordedRun(
                run.embeddings().stream().map(e -> along.apply(e, 0)).toList(),
                run.layers().stream()
                        .map(layer -> new RecordedRun.Layer(
                                along.apply(layer.attentionInput(), 0),
                                along.apply(layer.headValues(), 1),
                                along.apply(layer.mlpInput(), 0),
                                along.apply(layer.mlpOutput(), 0),
                                Optional.empty(),
                                layer.neurons().map(neurons -> along.apply(neurons, 0))))
                        .toList(),
                along.apply(run.finalResidual(), 0));
    }

    /** The sum of the tokens of each row. */
    private static RecordedRun sums(RecordedRun run, Tensor row, int count) {
        return map(run, (tensor, dim) -> {
            long[] shape = tensor.shape();
            shape[dim] = count;
            return Tensor.zeros(tensor.dtype(), tensor.device(), shape).indexAdd_(dim, row, tensor);
        });
    }

    private static RecordedRun plus(RecordedRun a, RecordedRun b) {
        // in the order in which map goes through the tensors
        Iterator<Tensor> others = b.tensors().iterator();
        return map(a, (tensor, dim) -> tensor.add(others.next()));
    }

    /** Each row times a factor, {@code [rows, 1]}. */
    private static RecordedRun scaled(RecordedRun run, Tensor factors) {
        return map(run, (tensor, dim) -> tensor.mul(factors));
    }

    @Override
    public void close() {
        rows.tensors().forEach(Tensor::close);
    }
}
