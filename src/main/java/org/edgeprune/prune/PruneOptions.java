package org.edgeprune.prune;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import org.edgeprune.graph.Ablation;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.graph.GraphShape;
import org.edgeprune.hub.BundledModel;
import org.edgeprune.mask.MaskParameters;
import org.edgeprune.mask.MaskValues;
import org.edgeprune.mask.NeuronParameters;
import org.edgeprune.mask.Noise;
import org.edgeprune.mask.SparsitySchedule;
import org.edgeprune.model.TransformerModel;

/**
 * The hyper-parameters of a run. They start from a preset ({@link #gpt2}, {@link #tracr}, {@link #bundled}), and the
 * {@code with} methods change some of them:
 *
 * <pre>{@code
 * PruneOptions options = PruneOptions.gpt2().withEdgeSparsity(0.95).with(Ablation.ZERO);
 * options = options.with(options.targets().withNodeLoss(false));
 * }</pre>
 *
 * <p>In {@code run.json} all groups form one flat object. To add a hyper-parameter, add a component with its
 * {@code with} method to a group here, and an option to {@code PruneSettings} of the command line. Its value in
 * {@link #gpt2} must be what runs did before it existed, because files without it are read that way (package-private
 * class {@code OptionsFormat}).
 *
 * @param training number of steps, batch size, initial log_alpha and gradient clipping
 * @param learningRates learning rates of masks and multipliers
 * @param targets the sparsity constraints
 * @param graph which nodes and edges there are
 * @param controls what a run does beyond the published algorithm
 * @param ablation what a cut edge carries
 * @param seed seed of initial masks, noise and batches
 */
public record PruneOptions(
        @JsonUnwrapped Training training,
        @JsonUnwrapped LearningRates learningRates,
        @JsonUnwrapped Targets targets,
        @JsonUnwrapped Graph graph,
        @JsonUnwrapped PruneControls controls,
        Ablation ablation,
        long seed) {
    /**
     * Hyper-parameters of the published algorithm, {@link PruneControls#PUBLISHED}.
     *
     * @param training number of steps, batch size, initial log_alpha and gradient clipping
     * @param learningRates learning rates of masks and multipliers
     * @param targets the sparsity constraints
     * @param graph which nodes and edges there are
     * @param ablation what a cut edge carries
     * @param seed seed of initial masks, noise and batches
     */
    public PruneOptions(
            Training training,
            LearningRates learningRates,
            Targets targets,
            Graph graph,
            Ablation ablation,
            long seed) {
        this(training, learningRates, targets, graph, PruneControls.PUBLISHED, ablation, seed);
    }

    /**
     * The length of a run, its batches, and its start.
     *
     * @param steps number of optimiser steps, at least 1
     * @param batchSize examples per step, at least 1
     * @param maxGradNorm global gradient norm above which gradients are scaled down; 0 for no clipping
     * @param initialLogAlpha mean of log_alpha at the start, 10 as published. Only a mask sampled below one has a
     *     gradient: at 10 that is one sample in 4,500, at 4 one in twelve. A run is hardly delayed by it, because the
     *     size of an AdamW step does not depend on the size of the gradient: measured from both starts, 41% of the
     *     edges are cut by step 128
     */
    public record Training(int steps, int batchSize, double maxGradNorm, double initialLogAlpha) {
        /**
         * Checks the ranges.
         *
         * @throws IllegalArgumentException if a value is outside its range
         */
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

        /**
         * The same with another number of steps. Schedules keep their lengths, unlike with
         * {@link PruneOptions#withSteps}.
         *
         * @param value number of steps, at least 1
         * @return new options
         */
        public Training withSteps(int value) {
            return new Training(value, batchSize, maxGradNorm, initialLogAlpha);
        }

        /**
         * The same with another batch size.
         *
         * @param value examples per step, at least 1
         * @return new options
         */
        public Training withBatchSize(int value) {
            return new Training(steps, value, maxGradNorm, initialLogAlpha);
        }

        /**
         * The same with another limit on the gradient norm.
         *
         * @param value the limit; 0 for no clipping
         * @return new options
         */
        public Training withMaxGradNorm(double value) {
            return new Training(steps, batchSize, value, initialLogAlpha);
        }

        /**
         * The same with another mean of log_alpha at the start.
         *
         * @param value between -1000 and 1000
         * @return new options
         */
        public Training withInitialLogAlpha(double value) {
            return new Training(steps, batchSize, maxGradNorm, value);
        }
    }

    /**
     * Learning rates of the four parameter groups, 0 or more each, and their warm-up.
     *
     * @param edgeLearningRate of edge log_alphas
     * @param nodeLearningRate of node log_alphas
     * @param edgeMultiplierLearningRate of the edge constraint's Lagrange multipliers
     * @param nodeMultiplierLearningRate of the node constraint's Lagrange multipliers
     * @param warmupSteps number of steps in which all rates rise linearly from zero; afterwards they fall linearly, to
     *     zero at the last step
     */
    public record LearningRates(
            double edgeLearningRate,
            double nodeLearningRate,
            double edgeMultiplierLearningRate,
            double nodeMultiplierLearningRate,
            int warmupSteps) {
        /**
         * Checks the ranges.
         *
         * @throws IllegalArgumentException if a value is negative, too large or not a number
         */
        public LearningRates {
            require(warmupSteps >= 0, "warm-up steps must not be negative, like " + warmupSteps);
            requireRate(edgeLearningRate);
            requireRate(nodeLearningRate);
            requireRate(edgeMultiplierLearningRate);
            requireRate(nodeMultiplierLearningRate);
        }

        /**
         * One rate for edge and node log_alphas, and one for all multipliers.
         *
         * @param masks rate of all log_alphas
         * @param multipliers rate of all Lagrange multipliers
         * @param warmupSteps number of warm-up steps
         * @return the learning rates
         */
        public static LearningRates of(double masks, double multipliers, int warmupSteps) {
            return new LearningRates(masks, masks, multipliers, multipliers, warmupSteps);
        }

        /**
         * The same with another rate for edge log_alphas.
         *
         * @param value the rate
         * @return new options
         */
        public LearningRates withEdgeLearningRate(double value) {
            return new LearningRates(
                    value, nodeLearningRate, edgeMultiplierLearningRate, nodeMultiplierLearningRate, warmupSteps);
        }

        /**
         * The same with another rate for node log_alphas.
         *
         * @param value the rate
         * @return new options
         */
        public LearningRates withNodeLearningRate(double value) {
            return new LearningRates(
                    edgeLearningRate, value, edgeMultiplierLearningRate, nodeMultiplierLearningRate, warmupSteps);
        }

        /**
         * The same with another rate for the edge constraint's multipliers.
         *
         * @param value the rate
         * @return new options
         */
        public LearningRates withEdgeMultiplierLearningRate(double value) {
            return new LearningRates(
                    edgeLearningRate, nodeLearningRate, value, nodeMultiplierLearningRate, warmupSteps);
        }

        /**
         * The same with another rate for the node constraint's multipliers.
         *
         * @param value the rate
         * @return new options
         */
        public LearningRates withNodeMultiplierLearningRate(double value) {
            return new LearningRates(
                    edgeLearningRate, nodeLearningRate, edgeMultiplierLearningRate, value, warmupSteps);
        }

        /**
         * The same with another warm-up.
         *
         * @param value number of steps
         * @return new options
         */
        public LearningRates withWarmupSteps(int value) {
            return new LearningRates(
                    edgeLearningRate, nodeLearningRate, edgeMultiplierLearningRate, nodeMultiplierLearningRate, value);
        }
    }

    /**
     * The sparsity constraints.
     *
     * @param edgeSparsity the edge constraint's target at each step
     * @param nodeSparsity the node constraint's target at each step
     * @param nodeLoss whether the node constraint is part of the loss
     * @param relaxSparserNodes whether the node constraint is dropped at steps where nodes are sparser than their
     *     target
     * @param linearTerm whether the multipliers of the linear terms of both constraints are trained
     */
    public record Targets(
            SparsitySchedule edgeSparsity,
            SparsitySchedule nodeSparsity,
            boolean nodeLoss,
            boolean relaxSparserNodes,
            boolean linearTerm) {
        /**
         * Targets that rise linearly from zero, with linear terms, without node loss and without relaxing.
         *
         * @param edges final target of the edge sparsity; above 1 presses on all edges to the end
         * @param nodes final target of the node sparsity
         * @param steps number of steps until the final targets are reached
         * @return the constraints
         */
        public static Targets rising(double edges, double nodes, int steps) {
            return new Targets(linear(edges, steps), linear(nodes, steps), false, false, true);
        }

        private static SparsitySchedule linear(double target, int steps) {
            return new SparsitySchedule(SparsitySchedule.Warmup.LINEAR, 0, target, steps);
        }

        /**
         * The same with another target of the edge sparsity.
         *
         * @param value the target at each step
         * @return new options
         */
        public Targets withEdgeSparsity(SparsitySchedule value) {
            return new Targets(value, nodeSparsity, nodeLoss, relaxSparserNodes, linearTerm);
        }

        /**
         * The same with another target of the node sparsity.
         *
         * @param value the target at each step
         * @return new options
         */
        public Targets withNodeSparsity(SparsitySchedule value) {
            return new Targets(edgeSparsity, value, nodeLoss, relaxSparserNodes, linearTerm);
        }

        /**
         * The same with or without the node constraint.
         *
         * @param value whether it is part of the loss
         * @return new options
         */
        public Targets withNodeLoss(boolean value) {
            return new Targets(edgeSparsity, nodeSparsity, value, relaxSparserNodes, linearTerm);
        }

        /**
         * The same, relaxing the node constraint or not.
         *
         * @param value whether it is dropped at steps where nodes are sparser than their target
         * @return new options
         */
        public Targets withRelaxSparserNodes(boolean value) {
            return new Targets(edgeSparsity, nodeSparsity, nodeLoss, value, linearTerm);
        }

        /**
         * The same with or without the linear terms.
         *
         * @param value whether the multipliers of the linear terms are trained
         * @return new options
         */
        public Targets withLinearTerm(boolean value) {
            return new Targets(edgeSparsity, nodeSparsity, nodeLoss, relaxSparserNodes, value);
        }
    }

    /**
     * The computation graph that is pruned.
     *
     * @param embeddingNodes whether embeddings are nodes of the graph
     */
    public record Graph(boolean embeddingNodes) {
        /**
         * Builds the graph that is pruned.
         *
         * @param model shape of the model's graph, with embedding nodes
         * @return the graph, with or without embedding nodes
         */
        public ComputationGraph of(GraphShape model) {
            return new ComputationGraph(embeddingNodes ? model : model.withoutEmbeddings());
        }

        /**
         * The same with or without embedding nodes.
         *
         * @param value whether embeddings are nodes
         * @return new options
         */
        public Graph withEmbeddingNodes(boolean value) {
            return new Graph(value);
        }
    }

    /** The published mean of log_alpha at the start. */
    public static final double PUBLISHED_LOG_ALPHA = 10;

    /** A mask is 0 or 1 for any noise long before log_alpha is this large. */
    private static final int MOST_LOG_ALPHA = 1000;

    /** Within float, also after the optimiser's division by its bias correction. */
    private static final double MOST_LEARNING_RATE = 1e36;

    private static final double PUBLISHED_MAX_GRAD_NORM = 1;
    private static final long SEED = 42;

    private static final int REFINING_STEPS = 100;

    private static final double REFINING_LEARNING_RATE = 0.03;

    /**
     * The published hyper-parameters for GPT-2: 3,000 steps of 32 examples to 98% edge and 72% node sparsity.
     *
     * @return the preset
     */
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
     * The published hyper-parameters for Tracr's reverse program: 6,000 steps of 16 examples, under zero ablation. The
     * target of 102% of the edges presses on every edge to the end.
     *
     * @return the preset
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

    /**
     * Hyper-parameters for the bundled mini GPT-2, which give a circuit in minutes on two cores.
     *
     * @return the preset
     */
    public static PruneOptions bundled() {
        return new PruneOptions(
                new Training(800, 32, PUBLISHED_MAX_GRAD_NORM, 4),
                LearningRates.of(0.8, 0.8, 40),
                Targets.rising(0.93, 0.5, 600),
                new Graph(false),
                Ablation.INTERCHANGE,
                SEED);
    }

    /**
     * The published preset for a model.
     *
     * @param model the model
     * @return {@link #bundled} for the bundled model, {@link #tracr} for a compiled one, {@link #gpt2} otherwise
     */
    public static PruneOptions preset(LoadedModel model) {
        if (model.name().equals(BundledModel.NAME)) {
            return bundled();
        }
        return model.model().compiled() ? tracr() : gpt2();
    }

    /**
     * The same for masks that start from Matryoshka attribution, as sparse as the target, and are only refined: 100
     * steps at a learning rate of 0.03, held at the target, with embeddings as nodes, and with masks of edges only.
     * This is what the command line does by default: its circuits are closer to the full model on new prompts than
     * those of the published training. At the published rate of 0.8 masks forget where they started.
     *
     * @return new options; {@code ScoredStart.refining} gives a session its start
     */
    public PruneOptions refining() {
        PruneOptions shorter = withSteps(REFINING_STEPS);
        return shorter.with(shorter.learningRates().withEdgeLearningRate(REFINING_LEARNING_RATE))
                .with(shorter.targets().withNodeLoss(false))
                .with(graph.withEmbeddingNodes(true))
                .with(controls.withLevel(MaskLevel.EDGES).withHoldTarget(true).withWarmStart(PruneControls.MATTR))
                .fromTarget();
    }

    /**
     * The same with another group of values.
     *
     * @param value number of steps, batch size, initial log_alpha and gradient clipping
     * @return new options
     */
    public PruneOptions with(Training value) {
        return new PruneOptions(value, learningRates, targets, graph, controls, ablation, seed);
    }

    /**
     * The same with another group of values.
     *
     * @param value learning rates of masks and multipliers
     * @return new options
     */
    public PruneOptions with(LearningRates value) {
        return new PruneOptions(training, value, targets, graph, controls, ablation, seed);
    }

    /**
     * The same with another group of values.
     *
     * @param value the sparsity constraints
     * @return new options
     */
    public PruneOptions with(Targets value) {
        return new PruneOptions(training, learningRates, value, graph, controls, ablation, seed);
    }

    /**
     * The same on another graph.
     *
     * @param value which nodes and edges there are
     * @return new options
     */
    public PruneOptions with(Graph value) {
        return new PruneOptions(training, learningRates, targets, value, controls, ablation, seed);
    }

    /**
     * The same with other controls.
     *
     * @param value what a run does beyond the published algorithm
     * @return new options
     */
    public PruneOptions with(PruneControls value) {
        return new PruneOptions(training, learningRates, targets, graph, value, ablation, seed);
    }

    /**
     * The same with another ablation.
     *
     * @param value what a cut edge carries
     * @return new options
     */
    public PruneOptions with(Ablation value) {
        return new PruneOptions(training, learningRates, targets, graph, controls, value, seed);
    }

    /**
     * The same with another seed.
     *
     * @param value seed of initial masks, noise and batches
     * @return new options
     */
    public PruneOptions withSeed(long value) {
        return new PruneOptions(training, learningRates, targets, graph, controls, ablation, value);
    }

    /**
     * The same with another batch size.
     *
     * @param value examples per step, at least 1
     * @return new options
     */
    public PruneOptions withBatchSize(int value) {
        return with(training.withBatchSize(value));
    }

    /**
     * The same run in more or fewer steps: the warm-ups of learning rates and targets keep their share of the steps.
     *
     * @param value number of steps, at least 1
     * @return new options
     */
    public PruneOptions withSteps(int value) {
        return with(training.withSteps(value))
                .with(learningRates.withWarmupSteps(scaled(learningRates.warmupSteps(), value)))
                .with(targets.withEdgeSparsity(scaled(targets.edgeSparsity(), value))
                        .withNodeSparsity(scaled(targets.nodeSparsity(), value)));
    }

    /**
     * The same with another final target of the edge sparsity.
     *
     * @param target share of the edges to cut
     * @return new options
     */
    public PruneOptions withEdgeSparsity(double target) {
        SparsitySchedule edges = targets.edgeSparsity();
        return with(targets.withEdgeSparsity(
                new SparsitySchedule(edges.warmup(), edges.start(), target, edges.warmupSteps())));
    }

    /**
     * The same with the final target of the edge sparsity from the first step on.
     *
     * @return new options
     */
    public PruneOptions fromTarget() {
        return with(targets.withEdgeSparsity(targets.edgeSparsity().atTarget()));
    }

    /**
     * The same for steps that are only timed, with no edge removed: where the target is held, the first step would
     * remove what it asks for.
     */
    PruneOptions dense() {
        return with(controls.withHoldTarget(false));
    }

    /**
     * Where soft masks are cut after some steps: as sparse as they are in the mean, or as the target of that step asks
     * if it is held ({@link PruneControls#holdTarget}) and can be reached.
     *
     * @param soft masks without noise
     * @param steps steps that were made
     * @return thresholds for {@link MaskValues#binary}
     */
    public MaskValues.Thresholds thresholds(MaskValues soft, int steps) {
        double target = targets.edgeSparsity().at(steps);
        return controls.holdTarget() && target < 1 ? soft.thresholdsAt(target) : soft.thresholds();
    }

    /** Parameters at the start of a run, with those of neurons where these have masks. */
    MaskParameters withNeurons(MaskParameters others, TransformerModel model, Noise noise) {
        return controls.level().neurons()
                ? others.withNeurons(NeuronParameters.initial(
                        model.graphShape().layers(),
                        Math.toIntExact(model.sizes().inner()),
                        training.initialLogAlpha(),
                        noise,
                        model.device()))
                : others;
    }

    /**
     * The neuron constraint's target at each step: it rises to {@link PruneControls#neuronSparsity} as that of the
     * nodes does.
     *
     * @return the target
     */
    public SparsitySchedule neuronTarget() {
        SparsitySchedule nodes = targets.nodeSparsity();
        return new SparsitySchedule(nodes.warmup(), nodes.start(), controls.neuronSparsity(), nodes.warmupSteps());
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
