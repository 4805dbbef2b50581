package org.edgeprune.engine;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.graph.Reader;
import org.edgeprune.mask.Masks;
import org.edgeprune.model.HeadSet;
import org.edgeprune.model.TokenBatch;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.torch.Autograd;
import org.edgeprune.torch.DType;
import org.edgeprune.torch.GradMode;
import org.edgeprune.torch.Index;
import org.edgeprune.torch.Tensor;
import org.edgeprune.torch.TensorScope;

/**
 * One run of the masked model, in delta form (see the package's description), and its backward.
 *
 * <p>Everything it makes belongs to the scope that was open when it started.
 */
public final class MaskedPass {
    private final TransformerModel model;
    private final ComputationGraph graph;
    private final TokenBatch batch;
    private final Baseline baseline;
    private final Masks masks;
    private final Gradients gradients;

    private final float[] nodeMasks;
    private final Liveness live;
    private final ReaderMasks readerMasks;

    /** What each embedding node adds beyond the baseline, {@code [tokens, hidden]}. */
    private final List<Tensor> embeddingDiffs;
    /** Added to every reader's base where embeddings are no nodes; else null. */
    private final Tensor shift;
    /** delta_w of every live writer, {@code [writers, tokens, hidden]}. */
    private final Tensor outbox;

    private final List<Step> steps = new ArrayList<>();
    private final Tensor scored;
    private final List<ReaderRows> lastReader;
    private final EdgeMux lastMux;
    private final Tensor finalResidual;

    /** What a pass prepares for its backward. */
    public enum Gradients {
        /** Nothing: there will be none. */
        NONE,
        /** Blocks keep what they computed: the faster backward. */
        KEPT,
        /** Blocks keep nothing, and the backward computes each a second time: the smaller one. */
        RECOMPUTED
    }

    /** A block that was run; what it computed is null where it is to be computed again. */
    private record Step(Block block, EdgeMux mux, Run run) {}

    /** What a block computed from leaves of autograd's graph. */
    private record Run(Tensor inputs, Tensor nodeMask, Tensor deltas) {}

    /**
     * Runs the masked model.
     *
     * @param batch the clean prompts
     * @param baseline the model's run on the corrupted prompts (interchange ablation), which must pack like
     *     {@code batch}; null for zero ablation
     * @param scored numbers of the tokens whose final residual stream is wanted, i64, each at most once; null for all
     * @param gradients whether {@link #backward} will be called, and what is kept for it
     */
    public MaskedPass(
            TransformerModel model,
            TokenBatch batch,
            Baseline baseline,
            Masks masks,
            Tensor scored,
            Gradients gradients) {
        this.model = model;
        this.graph = masks.layout().graph();
        this.batch = batch;
        this.baseline = baseline;
        this.masks = masks;
        this.scored = scored;
        this.gradients = gradients;
        this.nodeMasks = masks.nodes().toFloats();
        try (GradMode off = GradMode.disabled()) {
            List<Tensor> diffs = embeddingDiffs();
            boolean nodes = graph.shape().hasEmbeddings();
            this.embeddingDiffs = nodes ? diffs : List.of();
            this.shift = nodes ? null : Baseline.sum(diffs);
            float[] edgeMasks = masks.layout().edgesOf(masks.edges().toFloats());
            this.live = Liveness.of(graph, edgeMasks, nodeMasks, inertWriters(), model.coupledHeads());
            this.readerMasks = new ReaderMasks(masks.layout(), edgeMasks, live, model.device());
            this.outbox = newOutbox();
            writeEmbeddings();
            for (int layer = 0; layer < graph.shape().layers(); layer++) {
                forward(layer);
            }
            this.lastReader = List.of(new ReaderRows(graph.group(Reader.Kind.RESID_POST, 0), new int[] {0}));
            this.lastMux = readerMasks.mux(lastReader);
            this.finalResidual = readLast();
        }
    }

    /**
     * What {@code resid_post} reads at the scored tokens, {@code [scored, hidden]}: the input of the final norm.
     * Requires gradients if the pass was made for them, so that a loss on {@link TransformerModel#logits} can be
     * differentiated down to it.
     */
    public Tensor finalResidual() {
        return finalResidual;
    }

    /**
     * What every writer adds in this run, {@code [writers, tokens, hidden]}; writers that are not live add what the
     * baseline has.
     */
    public Tensor writerStates() {
        try (GradMode off = GradMode.disabled();
                TensorScope scope = TensorScope.open()) {
            Tensor states = Tensor.zeros(outbox.dtype(), outbox.device(), outbox.shape());
            for (int w = 0; w < graph.nodeCount(); w++) {
                if (live.writer(w)) {
                    states.select(0, w).copy_(outbox.select(0, w));
                }
            }
            return scope.keep(
                    baseline == null
                            ? states
                            : states.add(
                                    baseline.writerStates(model, graph.shape().hasEmbeddings())));
        }
    }

    // ---- forward ----

    private List<Tensor> embeddingDiffs() {
        List<Tensor> clean = model.embeddings(batch);
        return baseline == null
                ? clean
                : IntStream.range(0, clean.size())
                        .mapToObj(i -> clean.get(i).sub(baseline.embeddings().get(i)))
                        .toList();
    }

    /** Clean and corrupted prompts of one length have the same position embeddings: those nodes' deltas are zero. */
    private boolean[] inertWriters() {
        boolean[] inert = new boolean[graph.nodeCount()];
        for (int i = 0; i < embeddingDiffs.size(); i++) {
            inert[i] = embeddingDiffs.get(i).ne(0).any().itemLong() == 0;
        }
        return inert;
    }

    private Tensor newOutbox() {
        long[] shape = {graph.nodeCount(), batch.tokenCount(), model.hiddenSize()};
        // Fused kernels never touch a writer that is not live; dense products multiply it by zero, so it must be
        // finite.
        return EdgeMux.fused(model.device(), model.dtype())
                ? Tensor.empty(model.dtype(), model.device(), shape)
                : Tensor.zeros(model.dtype(), model.device(), shape);
    }

    private void writeEmbeddings() {
        for (int i = 0; i < embeddingDiffs.size(); i++) {
            if (live.writer(i)) {
                try (TensorScope scope = TensorScope.open()) {
                    outbox.select(0, i).copy_(embeddingDiffs.get(i).mul(nodeMasks[i]));
                }
            }
        }
    }

    private void forward(int layer) {
        Baseline.Layer corrupted = baseline == null ? null : baseline.layers().get(layer);
        int[] heads = live.heads(graph, layer);
        if (heads.length > 0) {
            HeadSet set = HeadSet.of(heads, graph.shape().heads(), graph.shape().kvHeads());
            forward(new Block.Heads(model, graph, layer, set, batch, corrupted));
        }
        if (live.writer(graph.firstWriter(layer) + graph.shape().heads())) {
            forward(new Block.Neurons(model, graph, layer, corrupted));
        }
    }

    private void forward(Block block) {
        try (TensorScope scope = TensorScope.open()) {
            EdgeMux mux = readerMasks.mux(block.readers());
            Run run = run(block, mux, gradients == Gradients.KEPT);
            Index.store(outbox, block.writers(), run.deltas());
            if (gradients != Gradients.NONE) {
                scope.keep(mux.masks());
                steps.add(new Step(block, mux, gradients == Gradients.KEPT ? keep(scope, run) : null));
            }
        }
    }

    private static Run keep(TensorScope scope, Run run) {
        scope.keep(run.inputs());
        scope.keep(run.nodeMask());
        scope.keep(run.deltas());
        return run;
    }

    /** Computes a block from the outbox, recorded for differentiation or not. */
    private Run run(Block block, EdgeMux mux, boolean recorded) {
        Tensor inputs = mux.read(shifted(block.base()), outbox);
        Tensor nodeMask = nodeMask(block.writers());
        if (!recorded) {
            return new Run(inputs, nodeMask, block.deltas(inputs, nodeMask));
        }
        inputs.requiresGrad_(true);
        nodeMask.requiresGrad_(true);
        try (GradMode on = GradMode.enabled()) {
            return new Run(inputs, nodeMask, block.deltas(inputs, nodeMask));
        }
    }

    private Tensor readLast() {
        try (TensorScope scope = TensorScope.open()) {
            Tensor base = shifted(baseline == null ? null : baseline.finalResidual());
            Tensor sent = outbox;
            if (scored != null) {
                base = base == null ? null : base.indexSelect(0, scored);
                sent = outbox.indexSelect(1, scored);
            }
            Tensor read = scope.keep(lastMux.read(base, sent).squeeze(0).detach());
            return gradients == Gradients.NONE ? read : read.requiresGrad_(true);
        }
    }

    /** The residual stream that a reader falls back on. */
    private Tensor shifted(Tensor corrupted) {
        if (shift == null) {
            return corrupted;
        }
        return corrupted == null ? shift : corrupted.add(shift);
    }

    private Tensor nodeMask(int[] writers) {
        float[] z = new float[writers.length];
        for (int i = 0; i < z.length; i++) {
            z[i] = nodeMasks[writers[i]];
        }
        return Tensor.of(z, z.length).to(model.device());
    }

    // ---- backward ----

    /**
     * Carries a gradient back through the masked model to the masks. May be called once.
     *
     * @param gradient of the loss with respect to {@link #finalResidual()}, {@code [scored, hidden]}
     * @throws IllegalStateException if the pass was not made for gradients
     */
    public MaskGradients backward(Tensor gradient) {
        if (gradients == Gradients.NONE) {
            throw new IllegalStateException("this pass was not made for gradients");
        }
        Tensor edgeGradients =
                Tensor.zeros(DType.F32, model.device(), masks.layout().size());
        Tensor nodeGradients = Tensor.zeros(DType.F32, model.device(), graph.nodeCount());
        try (GradMode off = GradMode.disabled();
                TensorScope scope = TensorScope.open()) {
            Tensor outboxGradient = newOutboxGradient();
            backwardLast(gradient, outboxGradient, edgeGradients);
            while (!steps.isEmpty()) {
                backward(steps.remove(steps.size() - 1), outboxGradient, edgeGradients, nodeGradients);
            }
            for (int i = 0; i < embeddingDiffs.size(); i++) {
                if (live.writer(i)) {
                    Tensor dot = outboxGradient
                            .select(0, i)
                            .mul(embeddingDiffs.get(i))
                            .to(DType.F32)
                            .sum();
                    nodeGradients.select(0, i).copy_(dot);
                }
            }
            nodeGradients.mul_(masks.nodes()
                    .detach()
                    .gt(0)
                    .and(masks.nodes().detach().lt(1))
                    .to(DType.F32));
        }
        return new MaskGradients(edgeGradients, nodeGradients);
    }

    private Tensor newOutboxGradient() {
        Tensor gradient = Tensor.empty(outbox.dtype(), outbox.device(), outbox.shape());
        for (int w = 0; w < graph.nodeCount(); w++) {
            if (live.writer(w)) {
                try (Tensor slice = gradient.select(0, w)) {
                    slice.zero_();
                }
            }
        }
        return gradient;
    }

    private void backwardLast(Tensor gradient, Tensor outboxGradient, Tensor edgeGradients) {
        try (TensorScope scope = TensorScope.open()) {
            Tensor grad = gradient.contiguous().unsqueeze(0);
            Tensor sent = scored == null ? outbox : outbox.indexSelect(1, scored);
            readerMasks.store(lastReader, lastMux.maskGradients(sent, grad), edgeGradients);
            if (scored == null) {
                lastMux.addDeltaGradients(outboxGradient, grad);
            } else {
                Tensor flowing = Tensor.zeros(outbox.dtype(), outbox.device(), sent.shape());
                lastMux.addDeltaGradients(flowing, grad);
                outboxGradient.indexAdd_(1, scored, flowing);
            }
        }
    }

    private void backward(Step step, Tensor outboxGradient, Tensor edgeGradients, Tensor nodeGradients) {
        EdgeMux mux = step.mux();
        int[] writers = step.block().writers();
        try (TensorScope scope = TensorScope.open()) {
            Run run = step.run() == null ? run(step.block(), mux, true) : step.run();
            List<Tensor> flowing = Autograd.grad(
                    List.of(run.deltas()),
                    List.of(Index.select(outboxGradient, writers)),
                    List.of(run.inputs(), run.nodeMask()),
                    false,
                    false,
                    false);
            Tensor toInputs = flowing.get(0).contiguous();
            readerMasks.store(step.block().readers(), mux.maskGradients(outbox, toInputs), edgeGradients);
            mux.addDeltaGradients(outboxGradient, toInputs);
            Index.store(nodeGradients, writers, flowing.get(1));
            // A block's inputs are the largest thing that a pass holds: free them as soon as they are used up.
            run.inputs().close();
            run.deltas().close();
        }
    }
}
