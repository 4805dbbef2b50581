package org.edgeprune.cli;

import java.util.Optional;
import org.edgeprune.graph.Ablation;
import org.edgeprune.io.InputException;
import org.edgeprune.mask.SparsitySchedule;
import org.edgeprune.mask.SparsitySchedule.Warmup;
import org.edgeprune.prune.PruneOptions;
import picocli.CommandLine.Option;

/** The hyper-parameters of {@code edgeprune prune}: what is not given stays as it is in a preset. */
final class PruneSettings {
    @Option(names = "--steps", paramLabel = "N", description = "Optimiser steps.")
    private Optional<Integer> steps = Optional.empty();

    @Option(names = "--batch-size", paramLabel = "N", description = "Examples a step.")
    private Optional<Integer> batchSize = Optional.empty();

    @Option(names = "--seed", paramLabel = "N", description = "Seed of masks, noise, batches and generated data.")
    private Optional<Long> seed = Optional.empty();

    @Option(
            names = "--edge-sparsity",
            paramLabel = "S",
            description = "Target share of edges cut. May be above 1, to press harder.")
    private Optional<Double> edgeSparsity = Optional.empty();

    @Option(names = "--node-sparsity", paramLabel = "S", description = "Target share of nodes cut.")
    private Optional<Double> nodeSparsity = Optional.empty();

    @Option(names = "--start-edge-sparsity", paramLabel = "S", description = "Edge target at the first step.")
    private Optional<Double> startEdgeSparsity = Optional.empty();

    @Option(names = "--start-node-sparsity", paramLabel = "S", description = "Node target at the first step.")
    private Optional<Double> startNodeSparsity = Optional.empty();

    @Option(names = "--sparsity-warmup-steps", paramLabel = "N", description = "Steps in which both targets rise.")
    private Optional<Integer> sparsityWarmupSteps = Optional.empty();

    @Option(names = "--sparsity-warmup", paramLabel = "KIND", description = "How they rise: ${COMPLETION-CANDIDATES}.")
    private Optional<Warmup> sparsityWarmup = Optional.empty();

    @Option(names = "--edge-lr", paramLabel = "X", description = "Learning rate of edge masks.")
    private Optional<Double> edgeLearningRate = Optional.empty();

    @Option(names = "--node-lr", paramLabel = "X", description = "Learning rate of node masks.")
    private Optional<Double> nodeLearningRate = Optional.empty();

    @Option(
            names = "--edge-reg-lr",
            paramLabel = "X",
            description = "Learning rate of the edge constraint's multipliers.")
    private Optional<Double> edgeMultiplierLearningRate = Optional.empty();

    @Option(
            names = "--node-reg-lr",
            paramLabel = "X",
            description = "Learning rate of the node constraint's multipliers.")
    private Optional<Double> nodeMultiplierLearningRate = Optional.empty();

    @Option(
            names = "--warmup-steps",
            paramLabel = "N",
            description = "Steps of learning rate warm-up; then it decays to 0.")
    private Optional<Integer> warmupSteps = Optional.empty();

    @Option(
            names = "--max-grad-norm",
            paramLabel = "X",
            description = "Clip the gradient's global norm to this; 0 for never.")
    private Optional<Double> maxGradNorm = Optional.empty();

    @Option(names = "--node-loss", negatable = true, description = "Whether the node constraint is part of the loss.")
    private Optional<Boolean> nodeLoss = Optional.empty();

    @Option(
            names = "--relax-sparser-nodes",
            negatable = true,
            description = "Whether to drop the node constraint at steps where nodes are sparser than their target.")
    private Optional<Boolean> relaxSparserNodes = Optional.empty();

    @Option(names = "--linear-term", negatable = true, description = "Whether both constraints have their linear term.")
    private Optional<Boolean> linearTerm = Optional.empty();

    @Option(names = "--embedding-nodes", negatable = true, description = "Whether embeddings are nodes of the graph.")
    private Optional<Boolean> embeddingNodes = Optional.empty();

    @Option(
            names = "--ablation",
            paramLabel = "KIND",
            completionCandidates = AblationNames.class,
            description =
                    "What a cut edge carries: the corrupted prompt's state, or nothing: ${COMPLETION-CANDIDATES}.")
    private Optional<Ablation> ablation = Optional.empty();

    @Option(
            names = "--initial-log-alpha",
            paramLabel = "X",
            description = "Mean of log_alpha at the start: 10 as published; less begins to cut sooner.")
    private Optional<Double> initialLogAlpha = Optional.empty();

    /** The preset with the options that were given in place of its own. */
    PruneOptions over(PruneOptions preset) {
        positive("--steps", steps);
        positive("--batch-size", batchSize);
        return new PruneOptions(
                steps.orElse(preset.steps()),
                batchSize.orElse(preset.batchSize()),
                seed.orElse(preset.seed()),
                edgeLearningRate.orElse(preset.edgeLearningRate()),
                nodeLearningRate.orElse(preset.nodeLearningRate()),
                edgeMultiplierLearningRate.orElse(preset.edgeMultiplierLearningRate()),
                nodeMultiplierLearningRate.orElse(preset.nodeMultiplierLearningRate()),
                notNegative("--warmup-steps", warmupSteps.orElse(preset.warmupSteps())),
                schedule(preset.edgeSparsity(), "edge", startEdgeSparsity, edgeSparsity),
                schedule(preset.nodeSparsity(), "node", startNodeSparsity, nodeSparsity),
                nodeLoss.orElse(preset.nodeLoss()),
                relaxSparserNodes.orElse(preset.relaxSparserNodes()),
                linearTerm.orElse(preset.linearTerm()),
                embeddingNodes.orElse(preset.embeddingNodes()),
                ablation.orElse(preset.ablation()),
                maxGradNorm.orElse(preset.maxGradNorm()),
                initialLogAlpha.orElse(preset.initialLogAlpha()));
    }

    private SparsitySchedule schedule(
            SparsitySchedule preset, String which, Optional<Double> start, Optional<Double> target) {
        try {
            return new SparsitySchedule(
                    sparsityWarmup.orElse(preset.warmup()),
                    start.orElse(preset.start()),
                    target.orElse(preset.target()),
                    sparsityWarmupSteps.orElse(preset.warmupSteps()));
        } catch (IllegalArgumentException e) {
            throw new InputException("--start-" + which + "-sparsity, --" + which + "-sparsity: " + e.getMessage(), e);
        }
    }

    private static void positive(String option, Optional<Integer> value) {
        if (value.isPresent() && value.get() < 1) {
            throw new InputException(option + " " + value.get() + ": must be at least 1");
        }
    }

    private static int notNegative(String option, int value) {
        if (value < 0) {
            throw new InputException(option + " " + value + ": must not be negative");
        }
        return value;
    }
}
