package org.edgeprune.engine;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.mask.Masks;
import org.edgeprune.model.HeadSet;
import org.edgeprune.model.TokenBatch;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.torch.GradMode;
import org.edgeprune.torch.Index;
import org.edgeprune.torch.Tensor;
import org.edgeprune.torch.TensorScope;

/** Runs the masked model: embeddings, then each layer's attention and MLP, then what {@code resid_post} reads. */
final class ForwardPass {
    private final TransformerModel model;
    private final TokenBatch batch;
    private final Baseline baseline;
    private final ComputationGraph graph;
    private final MaskedPass.Gradients gradients;

    ForwardPass(
            TransformerModel model,
            TokenBatch batch,
            Baseline baseline,
            ComputationGraph graph,
            MaskedPass.Gradients gradients) {
        this.model = model;
        this.batch = batch;
        this.baseline = baseline;
        this.graph = graph;
        this.gradients = gradients;
    }

    /**
     * @param nodes deltas of the embedding nodes; none where embeddings are not nodes
     * @param shift then their sum, which every reader sees
     */
    private record Embeddings(List<Tensor> nodes, Optional<Tensor> shift) {}

    MaskedPass run(Masks masks, Optional<Tensor> scored) {
        try (GradMode _ = GradMode.disabled()) {
            Embeddings embeddings = embeddings();
            LiveMasks live = live(masks, embeddings);
            Tensor outbox = newOutbox(masks);
            write(embeddings.nodes(), outbox, live);
            List<MaskedPass.Step> steps = new ArrayList<>();
            for (int layer = 0; layer < graph.shape().layers(); layer++) {
                for (Block block : blocks(layer, live.live())) {
                    run(block, embeddings, outbox, live).ifPresent(steps::add);
                }
            }
            Mux lastMux = live.mux(MaskedPass.lastReader(graph), scored);
            Tensor finalResidual = readLast(lastMux, embeddings, outbox, scored);
            return new MaskedPass(
                    model,
                    graph,
                    baseline,
                    gradients,
                    live,
                    embeddings.nodes(),
                    outbox,
                    steps,
                    scored,
                    lastMux,
                    finalResidual);
        }
    }

    private LiveMasks live(Masks masks, Embeddings embeddings) {
        try (Phase _ = Phase.of(Phase.Part.LIVENESS)) {
            return LiveMasks.of(masks.detach(), batch, embeddings.nodes(), model.coupledHeads());
        }
    }

    private Embeddings embeddings() {
        List<Tensor> clean = model.embeddings(batch);
        List<Tensor> deltas = IntStream.range(0, clean.size())
                .mapToObj(i -> baseline.embeddingDelta(i, clean.get(i)))
                .toList();
        return graph.shape().hasEmbeddings()
                ? new Embeddings(deltas, Optional.empty())
                : new Embeddings(List.of(), Optional.of(FullModel.sum(deltas)));
    }

    private Tensor newOutbox(Masks masks) {
        long[] shape = {graph.nodeCount(), batch.tokenCount(), model.hiddenSize()};
        // Fused kernels never touch a writer that is not live; dense products multiply it by zero, so it must be
        // finite.
        return EdgeMux.fused(model.device(), model.dtype()) && !masks.layout().byPosition()
                ? Tensor.empty(model.dtype(), model.device(), shape)
                : Tensor.zeros(model.dtype(), model.device(), shape);
    }

    private static void write(List<Tensor> embeddingDeltas, Tensor outbox, LiveMasks live) {
        for (int i = 0; i < embeddingDeltas.size(); i++) {
            if (live.live().writer(i)) {
                try (TensorScope _ = TensorScope.open()) {
                    outbox.select(0, i).copy_(embeddingDeltas.get(i).mul(live.node(i)));
                }
            }
        }
    }

    /** A layer's blocks that have a live writer, in the order in which they run. */
    private List<Block> blocks(int layer, Liveness live) {
        Baseline.Layer its = baseline.layer(layer);
        List<Block> blocks = new ArrayList<>();
        int[] heads = live.heads(graph, layer);
        if (heads.length > 0) {
            HeadSet set = HeadSet.of(heads, graph.shape().heads(), graph.shape().kvHeads());
            blocks.add(new Block.Heads(model, graph, layer, set, batch, its));
        }
        if (live.writer(graph.firstWriter(layer) + graph.shape().heads())) {
            blocks.add(new Block.Neurons(model, graph, layer, its));
        }
        return blocks;
    }

    /** @return what the backward needs; empty where there will be none */
    private Optional<MaskedPass.Step> run(Block block, Embeddings embeddings, Tensor outbox, LiveMasks live) {
        try (TensorScope scope = TensorScope.open()) {
            Mux mux = live.mux(block.readers(), Optional.empty());
            Optional<Tensor> base = shifted(block.base(), embeddings);
            boolean kept = gradients == MaskedPass.Gradients.KEPT;
            BlockRun run = BlockRun.of(block, mux, base, outbox, live, kept);
            Index.store(outbox, block.writers(), run.deltas());
            if (gradients == MaskedPass.Gradients.NONE) {
                return Optional.empty();
            }
            scope.keep(mux.masks());
            return Optional.of(new MaskedPass.Step(
                    block, mux, embeddings.shift(), kept ? Optional.of(run.keep(scope)) : Optional.empty()));
        }
    }

    private Tensor readLast(Mux mux, Embeddings embeddings, Tensor outbox, Optional<Tensor> scored) {
        try (Phase _ = Phase.of(Phase.Part.MIX);
                TensorScope scope = TensorScope.open()) {
            Optional<Tensor> base = shifted(baseline.finalBase(), embeddings);
            Tensor read = scored.map(
                            tokens -> mux.read(base.map(b -> b.indexSelect(0, tokens)), outbox.indexSelect(1, tokens)))
                    .orElseGet(() -> mux.read(base, outbox));
            Tensor residual = scope.keep(read.squeeze(0).detach());
            return gradients == MaskedPass.Gradients.NONE ? residual : residual.requiresGrad_(true);
        }
    }

    private static Optional<Tensor> shifted(Optional<Tensor> base, Embeddings embeddings) {
        return shifted(base, embeddings.shift());
    }

    /** What readers see where all edges are cut. */
    static Optional<Tensor> shifted(Optional<Tensor> base, Optional<Tensor> shift) {
        return shift.map(s -> base.map(b -> b.add(s)).orElse(s)).or(() -> base);
    }
}
