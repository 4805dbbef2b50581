package org.edgeprune.engine;

import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.model.ModelSizes;

/**
 * What a pruning step holds in memory while every edge is alive, in bytes: the peak of a run, which later steps stay below as
 * edges die. Computation is in f32.
 *
 * @param weights the model's parameters
 * @param outboxes what every writer adds and its gradient, {@code [writers, tokens, hidden]} each, and the blocks' own outputs
 * @param readerInputs what every reader sees, {@code [readers, tokens, hidden]}
 * @param baseline the corrupted run: a few residual streams a layer
 * @param blocks what autograd keeps inside blocks
 * @param logits the scored positions' logits and the tensors of the KL loss, {@code [scored, vocab]} each
 * @param masks log_alphas, their gradients, noise and optimiser state
 */
public record StepMemory(
        long weights, long outboxes, long readerInputs, long baseline, long blocks, long logits, long masks) {
    private static final int F32 = 4;

    /**
     * @param model sizes
     * @param parameters number of the model's parameters
     * @param graph with or without embedding nodes
     * @param tokens of a batch, all examples together
     * @param scored positions of a batch
     */
    public static StepMemory of(ModelSizes model, long parameters, ComputationGraph graph, long tokens, long scored) {
        long state = tokens * model.hidden() * F32;
        long layers = model.graph().layers();
        long readers = graph.readers().size();
        return new StepMemory(
                parameters * F32,
                3L * graph.nodeCount() * state,
                readers * state,
                (4 * layers + 1) * state,
                // queries, keys, values, head outputs; the MLP before and after its activation
                layers * (4 * state + 2L * tokens * model.inner() * F32),
                8L * scored * model.vocabulary() * F32,
                8L * (graph.edgeCount() + graph.nodeCount()) * F32);
    }

    /** All of it. */
    public long total() {
        return weights + outboxes + readerInputs + baseline + blocks + logits + masks;
    }
}
