package org.edgeprune.engine;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.graph.Reader;
import org.edgeprune.mask.Masks;
import org.edgeprune.model.TokenBatch;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.torch.Autograd;
import org.edgeprune.torch.DType;
import org.edgeprune.torch.GradMode;
import org.edgeprune.torch.Index;
import org.edgeprune.torch.Tensor;
import org.edgeprune.torch.TensorScope;

/**
 * A run of the masked model, in delta form (see the package's description), with its backward: masks in, gradients out.
 *
 * <p>Its tensors belong to the scope that was open when {@link #forward} was called.
 */
public final class MaskedPass {
    private final TransformerModel model;
    private final ComputationGraph graph;
    private final Baseline baseline;
    private final Gradients gradients;
    private final LiveMasks live;

    /** What each embedding node adds beyond the baseline, {@code [tokens, hidden]}. */
    private final List<Tensor> embeddingDeltas;
    /** delta_w of every live writer, {@code [writers, tokens, hidden]}. */
    private final Tensor outbox;
    /** The blocks that ran, in order; the backward takes them from the end. */
    private final List<Step> steps;

    private final Optional<Tensor> scored;
    private final Mux lastMux;
    private final Tensor finalResidual;

    /** What a forward pass prepares for its backward. */
    public enum Gradients {
        /** No backward will be called. */
        NONE,
        /** Blocks keep what autograd recorded in the forward: the faster backward. */
        KEPT,
        /** Blocks keep nothing, and the backward runs each of them again: needs less memory. */
        RECOMPUTED
    }

    /**
     * A block that ran.
     *
     * @param shift what its readers see besides their base
     * @param run what it computed; empty where it is to be computed again
     */
    record Step(Block block, Mux mux, Optional<Tensor> shift, Optional<BlockRun> run) {}

    MaskedPass(
            TransformerModel model,
            ComputationGraph graph,
            Baseline baseline,
            Gradients gradients,
            LiveMasks live,
            List<Tensor> embeddingDeltas,
            Tensor outbox,
            List<Step> steps,
            Optional<Tensor> scored,
            Mux lastMux,
            Tensor finalResidual) {
        this.model = model;
        this.graph = graph;
        this.baseline = baseline;
        this.gradients = gradients;
        this.live = live;
        this.embeddingDeltas = embeddingDeltas;
        this.outbox = outbox;
        this.steps = new ArrayList<>(steps);
        this.scored = scored;
        this.lastMux = lastMux;
        this.finalResidual = finalResidual;
    }

    /**
     * Runs the masked model for the final residual stream of every token.
     *
     * @param model the full model
     * @param batch the clean prompts, packed
     * @param baseline what flows along cut edges; a recorded run must have the same tokens as {@code batch}
     * @param masks edge and node masks, on the model's device
     * @param gradients whether {@link #backward} will be called, and what is kept for it
     * @return the pass, whose {@link #finalResidual()} is {@code [tokens, hidden]}
     */
    public static MaskedPass forward(
            TransformerModel model, TokenBatch batch, Baseline baseline, Masks masks, Gradients gradients) {
        return new ForwardPass(model, batch, baseline, masks.layout().graph(), gradients).run(masks, Optional.empty());
    }

    /**
     * Runs the masked model for the final residual stream of some tokens.
     *
     * @param model the full model
     * @param batch the clean prompts, packed
     * @param baseline what flows along cut edges; a recorded run must have the same tokens as {@code batch}
     * @param masks edge and node masks, on the model's device
     * @param scored indices of the wanted tokens in the packed batch, {@code [scored]}, i64, each at most once
     * @param gradients whether {@link #backward} will be called, and what is kept for it
     * @return the pass, whose {@link #finalResidual()} is {@code [scored, hidden]}
     */
    public static MaskedPass forward(
            TransformerModel model,
            TokenBatch batch,
            Baseline baseline,
            Masks masks,
            Tensor scored,
            Gradients gradients) {
        return new ForwardPass(model, batch, baseline, masks.layout().graph(), gradients)
                .run(masks, Optional.of(scored));
    }

    /**
     * What {@code resid_post} reads at the scored tokens: the input of the final norm. It requires gradients if the
     * pass was made for them, so that a loss on {@link TransformerModel#logits} can be differentiated down to it.
     *
     * @return {@code [scored, hidden]}, or {@code [tokens, hidden]} if the pass was made for all tokens
     */
    public Tensor finalResidual() {
        return finalResidual;
    }

    /**
     * What every writer adds in this run; writers that are not live add what the baseline has.
     *
     * @return {@code [writers, tokens, hidden]}, in the caller's scope
     */
    public Tensor writerStates() {
        try (GradMode _ = GradMode.disabled();
                TensorScope scope = TensorScope.open()) {
            Tensor deltas = Tensor.zeros(outbox.dtype(), outbox.device(), outbox.shape());
            for (int w = 0; w < graph.nodeCount(); w++) {
                if (live.live().writer(w)) {
                    deltas.select(0, w).copy_(outbox.select(0, w));
                }
            }
            return scope.keep(
                    baseline.plusWriterStates(deltas, model, graph.shape().hasEmbeddings()));
        }
    }

    /**
     * Propagates a gradient back through the masked model to the masks. May be called once.
     *
     * @param gradient gradient of the loss with respect to {@link #finalResidual()}, of the same shape
     * @return gradients of the loss with respect to all masks, in the caller's scope
     * @throws IllegalStateException if the pass was not made for gradients
     */
    public MaskGradients backward(Tensor gradient) {
        if (gradients == Gradients.NONE) {
            throw new IllegalStateException("this pass was not made for gradients");
        }
        Tensor edgeGradients = live.newEdgeGradients();
        Tensor nodeGradients = live.newNodeGradients();
        Optional<Tensor> neuronGradients = live.newNeuronGradients();
        try (GradMode _ = GradMode.disabled();
                TensorScope _ = TensorScope.open()) {
            Tensor outboxGradient = newOutboxGradient();
            backwardLast(gradient, outboxGradient, edgeGradients);
            while (!steps.isEmpty()) {
                backward(steps.remove(steps.size() - 1), outboxGradient, edgeGradients, nodeGradients, neuronGradients);
            }
            backwardEmbeddings(outboxGradient, nodeGradients);
            nodeGradients.mul_(live.nodesInside());
        }
        return new MaskGradients(edgeGradients, nodeGradients, neuronGradients.map(gradients -> gradients
                .view(-1)
                .mul(live.neuronsInside())));
    }

    /** {@code resid_post}, which reads after all layers. */
    static ReaderRows lastReader(ComputationGraph graph) {
        return ReaderRows.single(graph.group(Reader.Kind.RESID_POST, 0));
    }

    private Tensor newOutboxGradient() {
        Tensor gradient = Tensor.empty(outbox.dtype(), outbox.device(), outbox.shape());
        for (int w = 0; w < graph.nodeCount(); w++) {
            if (live.live().writer(w)) {
                try (Tensor slice = gradient.select(0, w)) {
                    slice.zero_();
                }
            }
        }
        return gradient;
    }

    private void backwardLast(Tensor gradient, Tensor outboxGradient, Tensor edgeGradients) {
        try (Phase _ = Phase.of(Phase.Part.MIX_BACKWARD);
                TensorScope _ = TensorScope.open()) {
            Tensor grad = gradient.contiguous().unsqueeze(0);
            Tensor sent = scored.map(tokens -> outbox.indexSelect(1, tokens)).orElse(outbox);
            live.store(lastReader(graph), lastMux.maskGradients(sent, grad), edgeGradients);
            if (scored.isEmpty()) {
                lastMux.addDeltaGradients(outboxGradient, grad);
            } else {
                Tensor flowing = Tensor.zeros(outbox.dtype(), outbox.device(), sent.shape());
                lastMux.addDeltaGradients(flowing, grad);
                outboxGradient.indexAdd_(1, scored.get(), flowing);
            }
        }
    }

    private void backward(
            Step step,
            Tensor outboxGradient,
            Tensor edgeGradients,
            Tensor nodeGradients,
            Optional<Tensor> neuronGradients) {
        Mux mux = step.mux();
        Block block = step.block();
        try (TensorScope _ = TensorScope.open()) {
            BlockRun run = step.run().orElseGet(() -> again(step));
            List<Tensor> flowing;
            try (Phase _ = Phase.of(Phase.Part.BLOCKS_BACKWARD)) {
                flowing = Autograd.grad(
                        List.of(run.deltas()),
                        List.of(Index.select(outboxGradient, block.writers())),
                        run.leaves(),
                        false,
                        false,
                        false);
            }
            try (Phase _ = Phase.of(Phase.Part.MIX_BACKWARD)) {
                Tensor toInputs = flowing.get(0).contiguous();
                live.store(block.readers(), mux.maskGradients(outbox, toInputs), edgeGradients);
                mux.addDeltaGradients(outboxGradient, toInputs);
            }
            Index.store(nodeGradients, block.writers(), flowing.get(1));
            if (run.neuronMasks().isPresent()) {
                int layer = block.readers().first().layer();
                neuronGradients.orElseThrow().select(0, layer).copy_(flowing.get(2));
            }
            // A block's inputs are the largest thing that a pass holds: free them as soon as they are used up.
            run.inputs().close();
            run.deltas().close();
        }
    }

    /** A block's run, computed a second time; what autograd does not need of it is freed at once. */
    private BlockRun again(Step step) {
        try (TensorScope scope = TensorScope.open()) {
            Optional<Tensor> base = ForwardPass.shifted(step.block().base(), step.shift());
            return BlockRun.of(step.block(), step.mux(), base, outbox, live, true)
                    .keep(scope);
        }
    }

    private void backwardEmbeddings(Tensor outboxGradient, Tensor nodeGradients) {
        for (int i = 0; i < embeddingDeltas.size(); i++) {
            if (live.live().writer(i)) {
                Tensor dot = outboxGradient
                        .select(0, i)
                        .mul(embeddingDeltas.get(i))
                        .to(DType.F32)
                        .sum();
                nodeGradients.select(0, i).copy_(dot);
            }
        }
    }
}
