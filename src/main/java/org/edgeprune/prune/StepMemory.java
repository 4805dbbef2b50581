package org.edgeprune.prune;

import org.edgeprune.engine.MicroBatches;
import org.edgeprune.engine.Workers;
import org.edgeprune.graph.Ablation;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.graph.GraphShape;
import org.edgeprune.model.Blueprint;
import org.edgeprune.model.Decoder;
import org.edgeprune.model.Execution;
import org.edgeprune.model.ModelSizes;

/**
 * The memory that a pruning step needs while every edge is alive, in bytes: the peak of a run, since later steps need
 * less as edges are cut. All devices and all workers together: of a batch, the micro-batches that are at work at a
 * time.
 *
 * @param weights parameters that are copied to the compute dtype or to a device; with offloading those of the largest
 *     block
 * @param mapped the other parameters: pages of the checkpoint's file, which the operating system may drop and read
 *     again
 * @param fullModel what the full model's run leaves: residual streams and head values of the corrupted prompts, and
 *     logits of the clean ones; under mean ablation, the means
 * @param outbox what every writer adds, {@code [writers, tokens, hidden]}
 * @param blocks reader inputs and what autograd keeps inside blocks, until the backward; zero if blocks are recomputed
 * @param loss the scored positions' logits and the intermediate results of the KL loss, {@code [scored, vocab]} each,
 *     and with offloading the part of the unembedding that exceeds {@code weights}; freed before the backward
 * @param backward the outbox's gradient and the workspace of a block, beyond {@code weights}
 * @param masks log_alphas, samples, gradients, noise and optimiser state
 * @param cache the full model's runs that are kept for later steps, by each copy of the model
 * @param process Java and libtorch themselves
 */
public record StepMemory(
        long weights,
        long mapped,
        long fullModel,
        long outbox,
        long blocks,
        long loss,
        long backward,
        long masks,
        long cache,
        long process) {
    private static final int F32 = 4;
    /**
     * Arrays with one number per edge: masks, samples, noise, gradients and optimiser state. Some are tensors, the rest
     * Java arrays, including those that wait for the garbage collector.
     */
    private static final int MASK_TENSORS = 16;
    /** Of these, what a copy of the model beside the first one has: masks, gradients, and these joined to be read. */
    static final int MASK_TENSORS_OF_A_COPY = 4;
    /**
     * Arrays of the size of the scored logits: logits and log-probabilities of both models, probabilities, their
     * difference and product, and the gradients of these.
     */
    private static final int LOSS_TENSORS = 8;
    /** Java heap, code and libraries, as the launcher starts Java: measured between 130 MB and 190 MB. */
    private static final long PROCESS = 170_000_000;
    /**
     * Beyond the peak of use the allocator keeps this much freed memory at most. Weights that come and go in many sizes
     * fill it; other tensors of a step are of few sizes and take each other's place.
     */
    private static final long KEPT_FREED = 64 << 20;

    /**
     * What a step has to do, from which its memory follows. Made by {@link #of(Decoder, long, ComputationGraph,
     * Execution, Ablation, Tokens)}.
     *
     * @param model the model's sizes
     * @param parameters the model's parameters and their sizes
     * @param copied bytes of all parameters that a copy of the model cannot use in place in a mapped file
     * @param graph the graph that is pruned, with or without embedding nodes
     * @param execution how the model is run
     * @param ablation what cut edges carry, and so whether there is a corrupted run
     * @param tokens tokens of a batch, which is run in micro-batches as {@code execution} says
     * @param cacheBytes bytes of the full model's runs that are kept
     * @param neurons whether the neurons of MLPs have masks
     * @param positions that have masks of their own; 1 where all tokens have the same masks
     */
    public record Work(
            ModelSizes model,
            Blueprint parameters,
            long copied,
            ComputationGraph graph,
            Execution execution,
            Ablation ablation,
            Tokens tokens,
            long cacheBytes,
            boolean neurons,
            long positions) {
        /**
         * The work of a step in which the full model's runs are not kept.
         *
         * @param decoder the model's blocks and parameters
         * @param copied bytes of all parameters that a copy of the model cannot use in place in a mapped file
         * @param graph the graph that is pruned
         * @param execution how the model is run
         * @param ablation what cut edges carry
         * @param tokens tokens of a batch
         * @return the work
         */
        public static Work of(
                Decoder decoder,
                long copied,
                ComputationGraph graph,
                Execution execution,
                Ablation ablation,
                Tokens tokens) {
            return new Work(
                    decoder.sizes(),
                    Blueprint.of(decoder, name -> true),
                    copied,
                    graph,
                    execution,
                    ablation,
                    tokens,
                    0,
                    false,
                    1);
        }

        /** Micro-batches of the batch. */
        private long microBatches() {
            return MicroBatches.count(tokens.prompts(), tokens.masked(), execution.microBatchOf(model));
        }

        /** Micro-batches that are at work at a time. */
        long atATime() {
            return Math.min(microBatches(), Workers.most(execution));
        }

        /** The tokens of these. */
        Tokens tokensAtATime() {
            return tokens.of(Math.ceilDiv(atATime() * tokens.prompts(), microBatches()));
        }

        /**
         * The same work, run in another way.
         *
         * @param value how the model is run
         * @return a new description
         */
        public Work with(Execution value) {
            return new Work(model, parameters, copied, graph, value, ablation, tokens, cacheBytes, neurons, positions);
        }

        /**
         * The same work on other tokens.
         *
         * @param value tokens of a batch
         * @return a new description
         */
        public Work with(Tokens value) {
            return new Work(
                    model, parameters, copied, graph, execution, ablation, value, cacheBytes, neurons, positions);
        }

        /**
         * The same work with another cache.
         *
         * @param bytes what is kept of the full model's runs
         * @return a new description
         */
        public Work withCacheBytes(long bytes) {
            return new Work(model, parameters, copied, graph, execution, ablation, tokens, bytes, neurons, positions);
        }

        /**
         * The same work with or without masks of neurons.
         *
         * @param value whether they have masks
         * @return a new description
         */
        public Work withNeurons(boolean value) {
            return new Work(
                    model, parameters, copied, graph, execution, ablation, tokens, cacheBytes, value, positions);
        }

        /**
         * The same work with masks at each position.
         *
         * @param value number of positions; 1 for the same masks at all of them
         * @return a new description
         */
        public Work withPositions(long value) {
            return new Work(model, parameters, copied, graph, execution, ablation, tokens, cacheBytes, neurons, value);
        }
    }

    /**
     * Tokens of a batch, all examples together.
     *
     * @param prompts number of prompts
     * @param masked tokens that the masked model runs on
     * @param past tokens before these, where clean and corrupted prompts agree
     * @param scored the scored ones among the masked tokens
     */
    public record Tokens(long prompts, long masked, long past, long scored) {
        /**
         * Tokens of prompts that differ from their first token on, each scored at its last token.
         *
         * @param prompts number of prompts
         * @param length tokens per prompt
         * @return the tokens
         */
        public static Tokens of(long prompts, long length) {
            return new Tokens(prompts, prompts * length, 0, prompts);
        }

        /**
         * A share of these tokens.
         *
         * @param count of examples
         * @return as many tokens as fall to so many of these examples
         */
        public Tokens of(long count) {
            return new Tokens(
                    count,
                    Math.ceilDiv(masked * count, prompts),
                    Math.ceilDiv(past * count, prompts),
                    Math.ceilDiv(scored * count, prompts));
        }
    }

    /**
     * Computes the memory of a step.
     *
     * @param work what the step has to do
     * @return its memory, part by part
     */
    public static StepMemory of(Work work) {
        ModelSizes model = work.model();
        Tokens tokens = work.tokensAtATime();
        GraphShape graph = model.graph();
        long number = work.execution().dtype().byteSize();
        long stream = tokens.masked() * model.hidden() * number;
        long layers = graph.layers();
        long heads = graph.heads();
        long attentionReaders = heads + 2L * graph.kvHeads();
        long values = tokens.masked() * heads * model.headDim() * number;
        long inner = tokens.masked() * model.inner() * number;
        long logits = tokens.scored() * model.vocabulary() * F32;
        long outbox = work.graph().nodeCount() * stream;

        long corrupted = layers * (values + 3 * stream) + stream;
        long pasts = 2 * layers * tokens.past() * graph.kvHeads() * model.headDim() * number;
        long embeddings = 3L * graph.embeddings().size() * stream;
        // inputs, what is written; queries, keys, values, attention's output and its difference from the corrupted one
        long attention = (attentionReaders + heads) * stream + 5 * values;
        // inputs, what is written, its difference; a gated MLP's gate, activation and other factor, or an activation's
        // input
        // with masks of neurons: activations, those of the ablation, their difference and its product with the masks
        long mlp = 3 * stream + ((model.gatedMlp() ? 3 : 1) + (work.neurons() ? 4 : 0)) * inner;
        long neurons = work.neurons() ? layers * model.inner() : 0;
        // gradients of the inputs, once by reader kind and once together, and of the norms on the way
        long gradients = (2 * attentionReaders + 2 * heads) * stream;
        boolean kept = !work.execution().recompute();
        // what norms and positions make of queries and keys, where heads are wider than the stream that they write to
        long wide = Math.max(0, 10 * values - heads * stream);
        long workspace = kept ? Math.max(gradients, mlp) : Math.max(gradients + attention + wide, 2 * mlp);
        // where positions have masks of their own: what flows to the writers before it is added, and a matrix of masks,
        // its transpose and one of gradients for each token
        long byPosition = work.positions() == 1
                ? 0
                : outbox + 3 * tokens.masked() * attentionReaders * work.graph().nodeCount() * number;
        Blueprint all = work.parameters();
        long parameters = all.count() * number;
        int copies = work.execution().copies().size();
        long copied = Math.min(parameters, work.copied());
        long end = 0;
        if (work.execution().offload()) {
            // A block's weights are loaded for its forward; autograd has released them before the gradients of its
            // inputs are joined.
            long ofAttention = work.atATime() * Math.min(all.largestAttention() * number, work.copied());
            long ofMlp = work.atATime() * Math.min(all.largestMlp() * number, work.copied());
            copied = Math.max(ofAttention, ofMlp);
            parameters = Math.max(copied, Math.max(all.largestAttention(), all.largestMlp()) * number);
            end = Math.max(0, work.atATime() * Math.min(all.largestEnd() * number, work.copied()) - copied);
            workspace = Math.max(workspace, Math.max(ofAttention + attention, ofMlp + 2 * mlp)) - copied;
        }
        long masks = F32
                * (work.positions() * work.graph().edgeCount() + work.graph().nodeCount() + neurons);
        return new StepMemory(
                work.execution().offload() ? copied : copies * copied,
                parameters - copied,
                (work.ablation().hasStates() ? corrupted + pasts : 0) + embeddings + logits,
                outbox,
                kept ? layers * (attention + mlp) : 0,
                LOSS_TENSORS * logits + end,
                outbox + workspace + byPosition,
                (MASK_TENSORS + (copies - 1) * MASK_TENSORS_OF_A_COPY) * masks,
                copies * work.cacheBytes(),
                PROCESS + (work.execution().offload() ? KEPT_FREED : 0));
    }

    /** Bytes of one number for each mask, in the memory of a model without further copies. */
    long ofOneMaskTensor() {
        return masks / MASK_TENSORS;
    }

    /**
     * The peak, including the pages of the checkpoint.
     *
     * @return bytes
     */
    public long total() {
        return own() + mapped;
    }

    /**
     * The peak of the process's own memory, without the pages of the checkpoint.
     *
     * @return bytes
     */
    public long own() {
        return weights + fullModel + outbox + blocks + Math.max(loss, backward) + masks + cache + process;
    }
}
