package org.edgeprune.engine;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.graph.Reader;
import org.edgeprune.graph.ReaderGroup;
import org.edgeprune.mask.Masks;
import org.edgeprune.model.HeadSet;
import org.edgeprune.model.SelfAttention;
import org.edgeprune.model.TokenBatch;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.torch.Autograd;
import org.edgeprune.torch.DType;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.GradMode;
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
    private final boolean forGradients;

    private final float[] edgeMasks;
    private final float[] nodeMasks;
    private final Liveness live;

    /** What each embedding node adds beyond the baseline, {@code [tokens, hidden]}. */
    private final List<Tensor> embeddingDiffs;
    /** Added to every reader's base where embeddings are no nodes; else null. */
    private final Tensor shift;
    /** delta_w of every live writer, {@code [writers, tokens, hidden]}. */
    private final Tensor outbox;

    private final List<Block> blocks = new ArrayList<>();
    private final Tensor scored;
    private final Read last;

    /** Some readers of a group. */
    private record Rows(ReaderGroup group, int[] numbers) {}

    /** Readers that see the same writers, mixed by {@code mux} into {@code input [readers, tokens, hidden]}. */
    private record Read(List<Rows> rows, EdgeMux mux, Tensor input) {}

    /** One layer's attention or MLP, with what its backward needs. */
    private record Block(Read read, int[] writers, Tensor nodeMask, Tensor deltas) {}

    /**
     * Runs the masked model.
     *
     * @param batch the clean prompts
     * @param baseline the model's run on the corrupted prompts (interchange ablation), which must pack like {@code batch}; null for zero
     *     ablation
     * @param scored numbers of the tokens whose final residual stream is wanted, i64, each at most once; null for all
     * @param forGradients whether {@link #backward} will be called
     */
    public MaskedPass(
            TransformerModel model,
            TokenBatch batch,
            Baseline baseline,
            Masks masks,
            Tensor scored,
            boolean forGradients) {
        this.model = model;
        this.graph = masks.layout().graph();
        this.batch = batch;
        this.baseline = baseline;
        this.masks = masks;
        this.scored = scored;
        this.forGradients = forGradients;
        this.edgeMasks = masks.layout().edgesOf(masks.edges().toFloats());
        this.nodeMasks = masks.nodes().toFloats();
        try (GradMode off = GradMode.disabled()) {
            List<Tensor> diffs = embeddingDiffs();
            boolean nodes = graph.shape().hasEmbeddings();
            this.embeddingDiffs = nodes ? diffs : List.of();
            this.shift = nodes ? null : Baseline.sum(diffs);
            this.live = Liveness.of(graph, edgeMasks, nodeMasks, inertWriters(), model.attention(0).coupled());
            this.outbox = newOutbox();
            writeEmbeddings();
            for (int layer = 0; layer < graph.shape().layers(); layer++) {
                attention(layer);
                mlp(layer);
            }
            this.last = readLast();
        }
    }

    /**
     * What {@code resid_post} reads at the scored tokens, {@code [scored, hidden]}: the input of the final norm. Requires gradients
     * if the pass was made for them, so that a loss on {@link TransformerModel#logits} can be differentiated down to it.
     */
    public Tensor finalResidual() {
        return last.input();
    }

    /** What every writer adds in this run, {@code [writers, tokens, hidden]}; writers that are not live add what the baseline has. */
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
                            : states.add(baseline.writerStates(model, graph.shape().hasEmbeddings())));
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
        // Fused kernels never touch a writer that is not live; dense products multiply it by zero, so it must be finite.
        return model.device().equals(Device.CPU)
                ? Tensor.empty(DType.F32, model.device(), shape)
                : Tensor.zeros(DType.F32, model.device(), shape);
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

    private void attention(int layer) {
        SelfAttention attention = model.attention(layer);
        int[] heads = live.heads(graph, layer);
        if (heads.length == 0) {
            return;
        }
        try (TensorScope scope = TensorScope.open()) {
            HeadSet set = HeadSet.of(heads, attention.heads(), attention.kvHeads());
            Tensor base = base(baseline == null ? null : baseline.layers().get(layer).attentionInput());
            Read read = read(
                    List.of(
                            new Rows(graph.group(Reader.Kind.QUERY, layer), set.heads()),
                            new Rows(graph.group(Reader.Kind.KEY, layer), set.kvHeads()),
                            new Rows(graph.group(Reader.Kind.VALUE, layer), set.kvHeads())),
                    base,
                    outbox);
            int first = graph.firstWriter(layer);
            int[] writers = Arrays.stream(heads).map(h -> first + h).toArray();
            Tensor nodeMask = nodeMask(writers);
            try (GradMode mode = gradMode()) {
                List<Tensor> qkv =
                        read.input().split(0, set.heads().length, set.kvHeads().length, set.kvHeads().length);
                Tensor values = attention.values(qkv.get(0), qkv.get(1), qkv.get(2), set, batch);
                Tensor scale = nodeMask.view(-1, 1, 1);
                Tensor deltas;
                if (baseline == null) {
                    deltas = attention.writeEach(values.mul(scale), heads);
                    if (attention.outputBias() != null) {
                        deltas = deltas.add(attention.outputBias().mul(1.0 / attention.heads()).mul(scale));
                    }
                } else {
                    Tensor corrupted = select(baseline.layers().get(layer).headValues(), heads);
                    deltas = attention.writeEach(values.sub(corrupted).mul(scale), heads);
                }
                finish(scope, new Block(read, writers, nodeMask, deltas));
            }
        }
    }

    private void mlp(int layer) {
        int writer = graph.firstWriter(layer) + graph.shape().heads();
        if (!live.writer(writer)) {
            return;
        }
        try (TensorScope scope = TensorScope.open()) {
            Tensor base = base(baseline == null ? null : baseline.layers().get(layer).mlpInput());
            Read read = read(List.of(new Rows(graph.group(Reader.Kind.MLP, layer), new int[] {0})), base, outbox);
            Tensor nodeMask = nodeMask(new int[] {writer});
            try (GradMode mode = gradMode()) {
                Tensor output = model.mlp(layer).apply(read.input().squeeze(0));
                Tensor diff = baseline == null ? output : output.sub(baseline.layers().get(layer).mlpOutput());
                Tensor deltas = diff.mul(nodeMask).unsqueeze(0);
                finish(scope, new Block(read, new int[] {writer}, nodeMask, deltas));
            }
        }
    }

    private Read readLast() {
        try (TensorScope scope = TensorScope.open()) {
            ReaderGroup group = graph.group(Reader.Kind.RESID_POST, 0);
            Tensor base = base(baseline == null ? null : baseline.finalResidual());
            Tensor sent = outbox;
            if (scored != null) {
                base = base == null ? null : base.indexSelect(0, scored);
                sent = outbox.indexSelect(1, scored);
            }
            Read all = read(List.of(new Rows(group, new int[] {0})), base, sent);
            Tensor input = scope.keep(leaf(all.input().squeeze(0).detach()));
            scope.keep(all.mux().masks());
            return new Read(all.rows(), all.mux(), input);
        }
    }

    /** The residual stream that a reader falls back on. */
    private Tensor base(Tensor corrupted) {
        if (shift == null) {
            return corrupted;
        }
        return corrupted == null ? shift : corrupted.add(shift);
    }

    private Read read(List<Rows> rows, Tensor base, Tensor sent) {
        EdgeMux mux = new EdgeMux(effectiveMasks(rows));
        return new Read(rows, mux, leaf(mux.read(base, sent)));
    }

    /** The readers' masks {@code [readers, visibleWriters]}, zero towards writers that are not live. */
    private Tensor effectiveMasks(List<Rows> rows) {
        int writers = rows.get(0).group().visibleWriters();
        int readers = rows.stream().mapToInt(r -> r.numbers().length).sum();
        float[] z = new float[readers * writers];
        int next = 0;
        for (Rows some : rows) {
            for (int row : some.numbers()) {
                int first = some.group().firstEdge() + row * writers;
                for (int w = 0; w < writers; w++) {
                    z[next++] = live.writer(w) ? edgeMasks[first + w] : 0;
                }
            }
        }
        return Tensor.of(z, readers, writers).to(model.device());
    }

    private Tensor nodeMask(int[] writers) {
        float[] z = new float[writers.length];
        for (int i = 0; i < z.length; i++) {
            z[i] = nodeMasks[writers[i]];
        }
        return leaf(Tensor.of(z, z.length).to(model.device()));
    }

    private Tensor leaf(Tensor tensor) {
        return forGradients ? tensor.requiresGrad_(true) : tensor;
    }

    private GradMode gradMode() {
        return forGradients ? GradMode.enabled() : GradMode.disabled();
    }

    /** Puts a block's deltas into the outbox and keeps what its backward needs beyond this block's scope. */
    private void finish(TensorScope scope, Block block) {
        try (GradMode off = GradMode.disabled()) {
            store(block.writers(), block.deltas());
        }
        if (forGradients) {
            scope.keep(block.read().input());
            scope.keep(block.read().mux().masks());
            scope.keep(block.nodeMask());
            scope.keep(block.deltas());
            blocks.add(block);
        }
    }

    private void store(int[] writers, Tensor deltas) {
        if (contiguous(writers)) {
            outbox.narrow(0, writers[0], writers.length).copy_(deltas);
        } else {
            outbox.indexCopy_(0, index(writers), deltas);
        }
    }

    private Tensor select(Tensor tensor, int[] rows) {
        return rows.length == tensor.size(0) ? tensor : tensor.indexSelect(0, index(rows));
    }

    private static boolean contiguous(int[] numbers) {
        return numbers[numbers.length - 1] - numbers[0] == numbers.length - 1;
    }

    private Tensor index(int[] numbers) {
        return Tensor.of(Arrays.stream(numbers).asLongStream().toArray(), numbers.length).to(model.device());
    }

    // ---- backward ----

    /**
     * Carries a gradient back through the masked model to the masks. May be called once.
     *
     * @param gradient of the loss with respect to {@link #finalResidual()}, {@code [scored, hidden]}
     * @throws IllegalStateException if the pass was not made for gradients or was carried back already
     */
    public MaskGradients backward(Tensor gradient) {
        if (!forGradients) {
            throw new IllegalStateException("this pass was not made for gradients");
        }
        Tensor edgeGradients = Tensor.zeros(DType.F32, model.device(), masks.layout().size());
        Tensor nodeGradients = Tensor.zeros(DType.F32, model.device(), graph.nodeCount());
        try (GradMode off = GradMode.disabled();
                TensorScope scope = TensorScope.open()) {
            Tensor outboxGradient = newOutboxGradient();
            backwardLast(gradient, outboxGradient, edgeGradients);
            for (int i = blocks.size() - 1; i >= 0; i--) {
                backward(blocks.remove(i), outboxGradient, edgeGradients, nodeGradients);
            }
            for (int i = 0; i < embeddingDiffs.size(); i++) {
                if (live.writer(i)) {
                    Tensor dot = outboxGradient.select(0, i).mul(embeddingDiffs.get(i)).sum();
                    nodeGradients.select(0, i).copy_(dot);
                }
            }
            nodeGradients.mul_(masks.nodes().detach().gt(0).and(masks.nodes().detach().lt(1)).to(DType.F32));
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
            storeEdgeGradients(last, last.mux().maskGradients(sent, grad), edgeGradients);
            if (scored == null) {
                last.mux().addDeltaGradients(outboxGradient, grad);
            } else {
                Tensor flowing = Tensor.zeros(DType.F32, model.device(), sent.shape());
                last.mux().addDeltaGradients(flowing, grad);
                outboxGradient.indexAdd_(1, scored, flowing);
            }
        }
    }

    private void backward(Block block, Tensor outboxGradient, Tensor edgeGradients, Tensor nodeGradients) {
        try (TensorScope scope = TensorScope.open()) {
            Tensor grad = contiguous(block.writers())
                    ? outboxGradient.narrow(0, block.writers()[0], block.writers().length)
                    : outboxGradient.indexSelect(0, index(block.writers()));
            List<Tensor> gradients = Autograd.grad(
                    List.of(block.deltas()),
                    List.of(grad),
                    List.of(block.read().input(), block.nodeMask()),
                    false,
                    false,
                    false);
            Tensor toInput = gradients.get(0).contiguous();
            storeEdgeGradients(block.read(), block.read().mux().maskGradients(outbox, toInput), edgeGradients);
            block.read().mux().addDeltaGradients(outboxGradient, toInput);
            nodeGradients.indexCopy_(0, index(block.writers()), gradients.get(1));
        }
        // The block's input is the largest thing that a pass holds: free it as soon as it is used up.
        block.read().input().close();
        block.deltas().close();
    }

    private void storeEdgeGradients(Read read, Tensor gradients, Tensor edgeGradients) {
        int next = 0;
        for (Rows rows : read.rows()) {
            Tensor target = masks.layout().block(edgeGradients, rows.group());
            Tensor part = gradients.narrow(0, next, rows.numbers().length);
            if (rows.numbers().length == rows.group().count()) {
                target.copy_(part);
            } else {
                target.indexCopy_(0, index(rows.numbers()), part);
            }
            next += rows.numbers().length;
        }
    }
}
