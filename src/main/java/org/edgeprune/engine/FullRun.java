package org.edgeprune.engine;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.model.Mlp;
import org.edgeprune.model.Part;
import org.edgeprune.model.SelfAttention;
import org.edgeprune.model.TokenBatch;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.torch.GradMode;
import org.edgeprune.torch.Tensor;
import org.edgeprune.torch.TensorScope;

/**
 * The full model's run on the clean prompts, with what each writer adds beyond a baseline: what attribution starts
 * from. With x_w what writer w adds and corr_w what it adds in the baseline, {@code delta_w = x_w - corr_w}.
 *
 * <p>Its tensors belong to the scope that was open when it was made.
 */
public final class FullRun {
    private final TransformerModel model;
    private final ComputationGraph graph;
    private final TokenBatch batch;
    private final List<FullBlock> blocks;
    /** The residual stream before each layer and before each layer's MLP by block, and last the final one. */
    private final List<Tensor> streams;
    /** What each block adds, {@code [tokens, hidden]}. */
    private final List<Tensor> outputs;
    /** Head outputs before W_O of each layer, {@code [heads, tokens, headDim]}. */
    private final List<Tensor> values;
    /** All embeddings together, beyond the baseline, {@code [tokens, hidden]}. */
    private final Tensor embeddingDelta;

    private final Tensor deltas;

    private FullRun(
            TransformerModel model,
            ComputationGraph graph,
            TokenBatch batch,
            List<FullBlock> blocks,
            List<Tensor> streams,
            List<Tensor> outputs,
            List<Tensor> values,
            Tensor embeddingDelta,
            Tensor deltas) {
        this.model = model;
        this.graph = graph;
        this.batch = batch;
        this.blocks = List.copyOf(blocks);
        this.streams = List.copyOf(streams);
        this.outputs = List.copyOf(outputs);
        this.values = List.copyOf(values);
        this.embeddingDelta = embeddingDelta;
        this.deltas = deltas;
    }

    /**
     * Runs the model, without gradients.
     *
     * @param model the full model
     * @param graph its graph, with or without embedding nodes
     * @param batch the clean prompts
     * @param baseline what deltas are measured from; a recorded run must pack like {@code batch}
     * @return the run
     */
    public static FullRun of(TransformerModel model, ComputationGraph graph, TokenBatch batch, Baseline baseline) {
        return of(model, graph, batch, baseline, false);
    }

    /**
     * The same for a run whose gradients of MLP neurons may be wanted.
     *
     * @param model the full model
     * @param graph its graph, with or without embedding nodes
     * @param batch the clean prompts
     * @param baseline what deltas are measured from; a recorded run must pack like {@code batch}
     * @param withNeurons whether {@link ReaderPass.Sink#acceptNeurons} is called
     * @return the run
     */
    public static FullRun of(
            TransformerModel model, ComputationGraph graph, TokenBatch batch, Baseline baseline, boolean withNeurons) {
        TensorScope outer = TensorScope.open();
        try (outer;
                GradMode _ = GradMode.disabled()) {
            Tensor deltas = Tensor.empty(
                    model.dtype(), model.device(), graph.nodeCount(), batch.tokenCount(), model.hiddenSize());
            List<Tensor> embeddings = model.embeddings(batch);
            List<Tensor> embeddingDeltas = IntStream.range(0, embeddings.size())
                    .mapToObj(i -> baseline.embeddingDelta(i, embeddings.get(i)))
                    .toList();
            if (graph.shape().hasEmbeddings()) {
                for (int i = 0; i < embeddings.size(); i++) {
                    deltas.select(0, i).copy_(embeddingDeltas.get(i));
                }
            }
            List<FullBlock> blocks = new ArrayList<>();
            List<Tensor> streams = new ArrayList<>();
            List<Tensor> outputs = new ArrayList<>();
            List<Tensor> values = new ArrayList<>();
            Tensor stream = FullModel.sum(embeddings);
            for (int layer = 0; layer < graph.shape().layers(); layer++) {
                TensorScope scope = TensorScope.open();
                try (scope) {
                    FullBlock.Heads heads = new FullBlock.Heads(
                            model, graph, layer, batch, baseline.layer(layer).past());
                    FullBlock.Neurons neurons = new FullBlock.Neurons(model, graph, layer, withNeurons);
                    FullModel.Attended attended = attend(heads, baseline.layer(layer), stream, deltas);
                    Tensor mlpInput = graph.shape().parallelBlocks() ? stream : attended.residual();
                    Tensor output = transform(neurons, baseline.layer(layer), mlpInput, deltas);
                    blocks.addAll(List.of(heads, neurons));
                    streams.addAll(List.of(stream, scope.keep(mlpInput)));
                    outputs.add(scope.keep(attended.residual().sub(stream)));
                    outputs.add(scope.keep(output));
                    values.add(scope.keep(attended.heads().to(model.device())));
                    stream = scope.keep(attended.residual().add(output));
                }
            }
            streams.add(stream);
            streams.forEach(outer::keep);
            outputs.forEach(outer::keep);
            values.forEach(outer::keep);
            return new FullRun(
                    model,
                    graph,
                    batch,
                    blocks,
                    streams,
                    outputs,
                    values,
                    outer.keep(FullModel.sum(embeddingDeltas)),
                    outer.keep(deltas));
        }
    }

    private static FullModel.Attended attend(
            FullBlock.Heads block, Baseline.Layer baseline, Tensor stream, Tensor deltas) {
        try (Part<SelfAttention> part = block.model().attention(block.layer())) {
            FullModel.Attended attended = FullModel.attend(block.model(), part, stream, block.batch(), block.past());
            int[] all = IntStream.range(0, block.writers()).toArray();
            Tensor ones = Tensor.ones(block.writers(), 1, 1).to(part.device()).to(deltas.dtype());
            deltas.narrow(0, block.firstWriter(), block.writers())
                    .copy_(baseline.headDeltas(part.get(), attended.heads(), all, ones)
                            .to(deltas.device()));
            return attended;
        }
    }

    private static Tensor transform(FullBlock.Neurons block, Baseline.Layer baseline, Tensor input, Tensor deltas) {
        try (Part<Mlp> part = block.model().mlp(block.layer())) {
            Tensor output = FullModel.transform(block.model(), part, input);
            deltas.select(0, block.firstWriter()).copy_(baseline.mlpDelta(output));
            return output;
        }
    }

    /**
     * delta_w of every writer.
     *
     * @return {@code [writers, tokens, hidden]}, in the model's dtype
     */
    public Tensor deltas() {
        return deltas;
    }

    /**
     * What the neurons of a layer's MLP add beyond a baseline.
     *
     * @param layer the layer
     * @param baseline what is measured from; packed like the clean prompts
     * @return activations minus those of the baseline, {@code [tokens, inner]}, on the MLP's device
     */
    public Tensor neuronDeltas(int layer, Baseline baseline) {
        try (GradMode _ = GradMode.disabled();
                Part<Mlp> mlp = model.mlp(layer)) {
            Tensor clean = mlp.get().neurons(stream(2 * layer + 1).to(mlp.device()));
            return baseline.layer(layer).neurons(mlp).map(clean::sub).orElse(clean);
        }
    }

    /**
     * The residual stream that {@code resid_post} reads.
     *
     * @return {@code [tokens, hidden]}
     */
    public Tensor finalResidual() {
        return streams.getLast();
    }

    /**
     * Runs the model again at a point between the baseline and these prompts, to be differentiated by what each reader
     * sees.
     *
     * @param point what is set
     * @param scored numbers of the tokens whose final residual stream is wanted, i64
     * @param kept whether blocks keep what they computed until the backward; else they are computed twice, one at a
     *     time
     * @return the run, whose tensors belong to the current scope
     */
    public ReaderPass at(GradientPoint point, Tensor scored, boolean kept) {
        return ReaderPass.forward(this, point, scored, kept);
    }

    ComputationGraph graph() {
        return graph;
    }

    TransformerModel model() {
        return model;
    }

    TokenBatch batch() {
        return batch;
    }

    /** Each layer's heads, then its MLP. */
    List<FullBlock> blocks() {
        return blocks;
    }

    /** What the readers of a block see. */
    Tensor stream(int block) {
        return streams.get(block);
    }

    /** The residual stream at the embeddings' share of the way from the baseline to these prompts. */
    Tensor embedded(double share) {
        return streams.getFirst().sub(embeddingDelta.mul(1 - share));
    }

    /** A layer's head outputs before W_O, {@code [heads, tokens, headDim]}. */
    Tensor values(int layer) {
        return values.get(layer);
    }

    /** What a block adds at a share of the way. */
    Tensor output(int block, double share) {
        if (share == 1) {
            return outputs.get(block);
        }
        FullBlock its = blocks.get(block);
        Tensor delta = deltas.narrow(0, its.firstWriter(), its.writers()).sum(0);
        return outputs.get(block).sub(delta.mul(1 - share));
    }

    /** The block that a point sets, or -1 where it sets embeddings. */
    int replaced(GradientPoint point) {
        return point instanceof GradientPoint.Output output ? 2 * output.layer() + (output.heads() ? 0 : 1) : -1;
    }

    Optional<Tensor> replacement(GradientPoint point) {
        return point instanceof GradientPoint.Output output
                ? Optional.of(output(replaced(point), output.share()))
                : Optional.empty();
    }
}
