package org.edgeprune.prune;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import org.edgeprune.graph.Ablation;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.graph.GraphShape;
import org.edgeprune.hub.BundledModel;
import org.edgeprune.mask.SparsitySchedule;

/**
 * A run's hyper-parameters. They start from a preset ({@link #gpt2}, {@link #tracr}, {@link #bundled}), and the
 * {@code with} methods change what is to be different:
 *
 * <pre>{@code
 * PruneOptions options = PruneOptions.gpt2().withEdgeSparsity(0.95).with(Ablation.ZERO);
 * options = options.with(options.targets().withNodeLoss(false));
 * }</pre>
 *
 * <p>In {@code run.json} all groups are one flat object. To add a hyper-parameter, add a component with its
 * {@code with} method to a group here, and an option to {@code PruneSettings} of the command line. Its value in
 * {@link #gpt2} must be what runs did before it existed: files without it are read that way ({@link OptionsFormat}).
 *
 * @param training length of the run, batches, start and clipping
 * @param learningRates of masks and multipliers
 * @param targets the sparsity constraints
 * @param graph which nodes and edges there are
 * @param ablation what a reader gets through an edge that is cut
 * @param seed of masks, noise and batches
 */
public record PruneOptions(
        @JsonUnwrapped Training training,
        @JsonUnwrapped LearningRates learningRates,
        @JsonUnwrapped Targets targets,
        @JsonUnwrapped Graph graph,
        Ablation ablation,
        long seed) {

    /**
     * @param steps optimiser steps, at least 1
     * @param batchSize examples a step, at least 1
     * @param maxGradNorm global gradient norm above which gradients are scaled down; 0 for never
     * @param initialLogAlpha mean of log_alpha at the start, 10 as published. Only a mask sampled below one has a
     *     gradient: at 10 that is one sample in 4,500, at 4 one in twelve. A run is hardly delayed by it, because the
     *     size of an AdamW step does not depend on the size of the gradient: measured from both starts, 41% of the
     *     edges are cut by step 128
     */
    public record Training(int steps, int batchSize, double maxGradNorm, double initialLogAlpha) {
        public Training {
            require(steps >= 1, "steps must be at least 1, not " + steps);
            require(batchSize >= 1, "the batch size must be at least 1, not " + batchSize);
            require(
                    maxGradNorm >= 0 && maxGradNorm <= Float.MAX_VALUE,
                    "the gradient norm must be a number from 0 (for never) on, not " + maxGradNorm);
            require(
                    Math.abs(initialLogAlpha) <= MOST_LOG_ALPHA,
                    "log_alpha must be a number between -" + MOST_LOG_ALPHA + " and " + MOST_LOG_ALPHA + ", not "
                            + initialLogAlpha);
        }

        /** The same with another number of steps; schedules stay as they are, see {@link PruneOptions#withSteps}. */
        public Training withSteps(int value) {
            return new Training(value, batchSize, maxGradNorm, initialLogAlpha);
        }

        public Training withBatchSize(int value) {
            return new Training(steps, value, maxGradNorm, initialLogAlpha);
        }

        public Training withMaxGradNorm(double value) {
            return new Training(steps, batchSize, value, initialLogAlpha);
        }

        public Training withInitialLogAlpha(double value) {
            return new Training(steps, batchSize, maxGradNorm, value);
        }
    }

    /**
     * @param edgeLearningRate of edge log_alphas
     * @param nodeLearningRate of node log_alphas
     * @param edgeMultiplierLearningRate of the edge constraint's Lagrange multipliers
     * @param nodeMultiplierLearningRate of the node constraint's Lagrange multipliers
     * @param warmupSteps in which all rates rise from zero; afterwards they decay linearly to zero at the last step
     */
    public record LearningRates(
            double edgeLearningRate,
            double nodeLearningRate,
            double edgeMultiplierLearningRate,
            double nodeMultiplierLearningRate,
            int warmupSteps) {
        public LearningRates {
            require(warmupSteps >= 0, "warm-up steps must not be negative, like " + warmupSteps);
            requireRate(edgeLearningRate);
            requireRate(nodeLearningRate);
            requireRate(edgeMultiplierLearningRate);
            requireRate(nodeMultiplierLearningRate);
        }

        /** One rate for edge and node log_alphas, one for all multipliers. */
        public static LearningRates of(double masks, double multipliers, int warmupSteps) {
            return new LearningRates(masks, masks, multipliers, multipliers, warmupSteps);
        }

        public LearningRates withEdgeLearningRate(double value) {
            return new LearningRates(
                    value, nodeLearningRate, edgeMultiplierLearningRate, nodeMultiplierLearningRate, warmupSteps);
        }

        public LearningRates withNodeLearningRate(double value) {
            return new LearningRates(
                    edgeLearningRate, value, edgeMultiplierLearningRate, nodeMultiplierLearningRate, warmupSteps);
        }

        public LearningRates withEdgeMultiplierLearningRate(double value) {
            return new LearningRates(
                    edgeLearningRate, nodeLearningRate, value, nodeMultiplierLearningRate, warmupSteps);
        }

        public LearningRates withNodeMultiplierLearningRate(double value) {
            return new LearningRates(
                    edgeLearningRate, nodeLearningRate, edgeMultiplierLearningRate, value, warmupSteps);
        }

        public LearningRates withWarmupSteps(int value) {
            return new LearningRates(
                    edgeLearningRate, nodeLearningRate, edgeMultiplierLearningRate, nodeMultiplierLearningRate, value);
        }
    }

    /**
     * @param edgeSparsity the edge constraint's target over the steps
     * @param nodeSparsity the node constraint's target over the steps
     * @param nodeLoss whether the node constraint is part of the loss
     * @param relaxSparserNodes whether the node constraint is dropped at steps where nodes are sparser than their
     *     target
     * @param linearTerm whether the linear terms of both constraints are used
     */
    public record Targets(
            SparsitySchedule edgeSparsity,
            SparsitySchedule nodeSparsity,
            boolean nodeLoss,
            boolean relaxSparserNodes,
            boolean linearTerm) {
        /** Both rise linearly from zero in so many steps; without node loss and relaxing, with linear terms. */
        public static Targets rising(double edges, double nodes, int steps) {
            return new Targets(linear(edges, steps), linear(nodes, steps), false, false, true);
        }

        private static SparsitySchedule linear(double target, int steps) {
            return new SparsitySchedule(SparsitySchedule.Warmup.LINEAR, 0, target, steps);
        }

        public Targets withEdgeSparsity(SparsitySchedule value) {
            return new Targets(value, nodeSparsity, nodeLoss, relaxSparserNodes, linearTerm);
        }

        public Targets withNodeSparsity(SparsitySchedule value) {
            return new Targets(edgeSparsity, value, nodeLoss, relaxSparserNodes, linearTerm);
        }

        public Targets withNodeLoss(boolean value) {
            return new Targets(edgeSparsity, nodeSparsity, value, relaxSparserNodes, linearTerm);
        }

        public Targets withRelaxSparserNodes(boolean value) {
            return new Targets(edgeSparsity, nodeSparsity, nodeLoss, value, linearTerm);
        }

        public Targets withLinearTerm(boolean value) {
            return new Targets(edgeSparsity, nodeSparsity, nodeLoss, relaxSparserNodes, value);
        }
    }

    /** @param embeddingNodes whether embeddings are nodes of the graph */
    public record Graph(boolean embeddingNodes) {
        /**
         * The graph that is pruned.
         *
         * @param model shape of the model's graph, with embedding nodes
         */
        public ComputationGraph of(GraphShape model) {
            return new ComputationGraph(embeddingNodes ? model : model.withoutEmbeddings());
        }

        public Graph withEmbeddingNodes(boolean value) {
            return new Graph(value);
        }
    }

    /** The published start of log_alpha. */
    public static final double PUBLISHED_LOG_ALPHA = 10;

    /** A mask is 0 or 1 for any noise long before this. */
    private static final int MOST_LOG_ALPHA = 1000;

    /** Within float, also after the optimiser's division by its bias correction. */
    private static final double MOST_LEARNING_RATE = 1e36;

    private static final double PUBLISHED_MAX_GRAD_NORM = 1;
    private static final long SEED = 42;

    /** The published GPT-2 hyper-parameters: 3,000 steps of 32 examples to 98% edge and 72% node sparsity. */
    public static PruneOptions gpt2() {
        return new PruneOptions(
                new Training(3000, 32, PUBLISHED_MAX_GRAD_NORM, PUBLISHED_LOG_ALPHA),
                LearningRates.of(0.8, 0.8, 200),
                Targets.rising(0.98, 0.72, 2500).withNodeLoss(true),
                new Graph(false),
                Ablation.INTERCHANGE,
                SEED);
    }

    /**
     * The published hyper-parameters of Tracr's reverse: 6,000 steps of 16 examples to more than all edges, under zero
     * ablation.
     */
    public static PruneOptions tracr() {
        return new PruneOptions(
                new Training(6000, 16, PUBLISHED_MAX_GRAD_NORM, PUBLISHED_LOG_ALPHA),
                LearningRates.of(0.03, 0.001, 1500),
                Targets.rising(1.02, 0.1, 5900),
                new Graph(true),
                Ablation.ZERO,
                SEED);
    }

    /** For the bundled mini GPT-2: a circuit in minutes on two cores. */
    public static PruneOptions bundled() {
        return new PruneOptions(
                new Training(800, 32, PUBLISHED_MAX_GRAD_NORM, 4),
                LearningRates.of(0.8, 0.8, 40),
                Targets.rising(0.93, 0.5, 600),
                new Graph(false),
                Ablation.INTERCHANGE,
                SEED);
    }

    /** What the tool uses for a model where nothing else is said. */
    public static PruneOptions preset(LoadedModel model) {
        if (model.name().equals(BundledModel.NAME)) {
            return bundled();
        }
        return model.model().compiled() ? tracr() : gpt2();
    }

    public PruneOptions with(Training value) {
        return new PruneOptions(value, learningRates, targets, graph, ablation, seed);
    }

    public PruneOptions with(LearningRates value) {
        return new PruneOptions(training, value, targets, graph, ablation, seed);
    }

    public PruneOptions with(Targets value) {
        return new PruneOptions(training, learningRates, value, graph, ablation, seed);
    }

    public PruneOptions with(Graph value) {
        return new PruneOptions(training, learningRates, targets, value, ablation, seed);
    }

    public PruneOptions with(Ablation value) {
        return new PruneOptions(training, learningRates, targets, graph, value, seed);
    }

    /** The same with another seed. */
    public PruneOptions withSeed(long value) {
        return new PruneOptions(training, learningRates, targets, graph, ablation, value);
    }

    /** The same with another batch size. */
    public PruneOptions withBatchSize(int value) {
        return with(training.withBatchSize(value));
    }

    /** The same run in more or fewer steps: all warm-ups keep their share of them. */
    public PruneOptions withSteps(int value) {
        return with(training.withSteps(value))
                .with(learningRates.withWarmupSteps(scaled(learningRates.warmupSteps(), value)))
                .with(targets.withEdgeSparsity(scaled(targets.edgeSparsity(), value))
                        .withNodeSparsity(scaled(targets.nodeSparsity(), value)));
    }

    /** The same with another target for edges. */
    public PruneOptions withEdgeSparsity(double target) {
        SparsitySchedule edges = targets.edgeSparsity();
        return with(targets.withEdgeSparsity(
                new SparsitySchedule(edges.warmup(), edges.start(), target, edges.warmupSteps())));
    }

    private int scaled(int warmup, int newSteps) {
        return (int) Math.round((double) warmup * newSteps / training.steps());
    }

    private SparsitySchedule scaled(SparsitySchedule schedule, int newSteps) {
        return new SparsitySchedule(
                schedule.warmup(), schedule.start(), schedule.target(), scaled(schedule.warmupSteps(), newSteps));
    }

    private static void requireRate(double rate) {
        require(
                rate >= 0 && rate <= MOST_LEARNING_RATE,
                "a learning rate must be a number from 0 on (0.8 as published), not " + rate);
    }

    private static void require(boolean condition, String message) {
        if (!condition) {
            throw new IllegalArgumentException(message);
        }
    }
}
