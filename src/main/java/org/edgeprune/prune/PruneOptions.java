package org.edgeprune.prune;

import org.edgeprune.graph.Ablation;
import org.edgeprune.hub.BundledModel;
import org.edgeprune.mask.SparsitySchedule;

/**
 * A run's hyper-parameters. {@link #defaults()} are those of the published GPT-2 runs.
 *
 * @param steps optimiser steps
 * @param batchSize examples a step
 * @param seed of masks, noise and batches
 * @param edgeLearningRate of edge log_alphas
 * @param nodeLearningRate of node log_alphas
 * @param edgeMultiplierLearningRate of the edge constraint's multipliers
 * @param nodeMultiplierLearningRate of the node constraint's multipliers
 * @param warmupSteps of the learning rates, which then decay linearly to zero at the last step
 * @param edgeSparsity the edge constraint's target over the steps
 * @param nodeSparsity the node constraint's target over the steps
 * @param nodeLoss whether the node constraint is part of the loss
 * @param relaxSparserNodes whether the node constraint is dropped at steps where nodes are sparser than their target
 * @param linearTerm whether the linear terms of both constraints are used
 * @param embeddingNodes whether embeddings are nodes of the graph
 * @param ablation what a reader sees instead of a writer whose edge is cut
 * @param maxGradNorm global gradient norm above which gradients are scaled down; 0 for never
 * @param initialLogAlpha mean of log_alpha at the start. The published 10 puts every mask at one: a sample below one,
 *     and with it a gradient, is rare, and a run needs hundreds of steps before it cuts anything. At 4 one sample in
 *     twelve is below one
 */
public record PruneOptions(
        int steps,
        int batchSize,
        long seed,
        double edgeLearningRate,
        double nodeLearningRate,
        double edgeMultiplierLearningRate,
        double nodeMultiplierLearningRate,
        int warmupSteps,
        SparsitySchedule edgeSparsity,
        SparsitySchedule nodeSparsity,
        boolean nodeLoss,
        boolean relaxSparserNodes,
        boolean linearTerm,
        boolean embeddingNodes,
        Ablation ablation,
        double maxGradNorm,
        double initialLogAlpha) {

    /** For the bundled mini GPT-2: a circuit in minutes on two cores. */
    private static final PruneOptions BUNDLED = new PruneOptions(
            800,
            32,
            42,
            0.8,
            0.8,
            0.8,
            0.8,
            40,
            new SparsitySchedule(SparsitySchedule.Warmup.LINEAR, 0, 0.93, 600),
            new SparsitySchedule(SparsitySchedule.Warmup.LINEAR, 0, 0.5, 600),
            false,
            false,
            true,
            false,
            Ablation.INTERCHANGE,
            1.0,
            4);

    /** The published start of log_alpha. */
    public static final double PUBLISHED_LOG_ALPHA = 10;

    /** With the published start. */
    public PruneOptions(
            int steps,
            int batchSize,
            long seed,
            double edgeLearningRate,
            double nodeLearningRate,
            double edgeMultiplierLearningRate,
            double nodeMultiplierLearningRate,
            int warmupSteps,
            SparsitySchedule edgeSparsity,
            SparsitySchedule nodeSparsity,
            boolean nodeLoss,
            boolean relaxSparserNodes,
            boolean linearTerm,
            boolean embeddingNodes,
            Ablation ablation,
            double maxGradNorm) {
        this(
                steps,
                batchSize,
                seed,
                edgeLearningRate,
                nodeLearningRate,
                edgeMultiplierLearningRate,
                nodeMultiplierLearningRate,
                warmupSteps,
                edgeSparsity,
                nodeSparsity,
                nodeLoss,
                relaxSparserNodes,
                linearTerm,
                embeddingNodes,
                ablation,
                maxGradNorm,
                PUBLISHED_LOG_ALPHA);
    }

    /** The published GPT-2 hyper-parameters: 3,000 steps of 32 examples to 98% edge and 72% node sparsity. */
    public static PruneOptions defaults() {
        return new PruneOptions(
                3000,
                32,
                42,
                0.8,
                0.8,
                0.8,
                0.8,
                200,
                new SparsitySchedule(SparsitySchedule.Warmup.LINEAR, 0, 0.98, 2500),
                new SparsitySchedule(SparsitySchedule.Warmup.LINEAR, 0, 0.72, 2500),
                true,
                false,
                true,
                false,
                Ablation.INTERCHANGE,
                1.0);
    }

    /**
     * The published hyper-parameters of Tracr's reverse: 6,000 steps of 16 examples to more than all edges, under zero
     * ablation.
     */
    public static PruneOptions tracr() {
        return new PruneOptions(
                6000,
                16,
                42,
                0.03,
                0.03,
                0.001,
                0.001,
                1500,
                new SparsitySchedule(SparsitySchedule.Warmup.LINEAR, 0, 1.02, 5900),
                new SparsitySchedule(SparsitySchedule.Warmup.LINEAR, 0, 0.1, 5900),
                false,
                false,
                true,
                true,
                Ablation.ZERO,
                1.0,
                10);
    }

    /** What the tool uses for a model where nothing else is said. */
    public static PruneOptions preset(LoadedModel model) {
        if (model.name().equals(BundledModel.NAME)) {
            return BUNDLED;
        }
        return model.model().compiled() ? tracr() : defaults();
    }

    /** The same with another seed. */
    public PruneOptions withSeed(long newSeed) {
        return with(steps, batchSize, newSeed, warmupSteps, edgeSparsity, nodeSparsity);
    }

    /** The same with another batch size. */
    public PruneOptions withBatchSize(int newBatchSize) {
        return with(steps, newBatchSize, seed, warmupSteps, edgeSparsity, nodeSparsity);
    }

    /** The same run in more or fewer steps: all warm-ups keep their share of them. */
    public PruneOptions withSteps(int newSteps) {
        return with(
                newSteps,
                batchSize,
                seed,
                scaled(warmupSteps, newSteps),
                scaled(edgeSparsity, newSteps),
                scaled(nodeSparsity, newSteps));
    }

    /** The same with another target for edges. */
    public PruneOptions withEdgeSparsity(double target) {
        SparsitySchedule edges =
                new SparsitySchedule(edgeSparsity.warmup(), edgeSparsity.start(), target, edgeSparsity.warmupSteps());
        return with(steps, batchSize, seed, warmupSteps, edges, nodeSparsity);
    }

    private int scaled(int warmup, int newSteps) {
        return (int) Math.round((double) warmup * newSteps / steps);
    }

    private SparsitySchedule scaled(SparsitySchedule schedule, int newSteps) {
        return new SparsitySchedule(
                schedule.warmup(), schedule.start(), schedule.target(), scaled(schedule.warmupSteps(), newSteps));
    }

    private PruneOptions with(
            int newSteps,
            int newBatchSize,
            long newSeed,
            int newWarmupSteps,
            SparsitySchedule edges,
            SparsitySchedule nodes) {
        return new PruneOptions(
                newSteps,
                newBatchSize,
                newSeed,
                edgeLearningRate,
                nodeLearningRate,
                edgeMultiplierLearningRate,
                nodeMultiplierLearningRate,
                newWarmupSteps,
                edges,
                nodes,
                nodeLoss,
                relaxSparserNodes,
                linearTerm,
                embeddingNodes,
                ablation,
                maxGradNorm,
                initialLogAlpha);
    }
}
