package org.edgeprune.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.UnaryOperator;
import org.edgeprune.graph.Ablation;
import org.edgeprune.io.InputException;
import org.edgeprune.mask.SparsitySchedule;
import org.edgeprune.mask.SparsitySchedule.Warmup;
import org.edgeprune.prune.LoadedModel;
import org.edgeprune.prune.MaskLevel;
import org.edgeprune.prune.PruneOptions;
import picocli.CommandLine.Option;

/**
 * The hyper-parameters of {@code edgeprune prune} and {@code sweep}: each option that was given changes the preset.
 *
 * <p>Options are fields, not methods: the JVM names methods in any order, and completion scripts would follow it.
 */
final class PruneSettings {
    private static final int MOST_LEARNING_RATE = 1000;

    @Option(
            names = "--published",
            description =
                    "Train as published, from the same log_alpha for all edges, with masks of nodes, and in more steps. Otherwise edges start from Matryoshka attribution (mattr), as sparse as the target, and are refined in 100 steps with a small learning rate: closer to the full model on new prompts.")
    private boolean published;

    // Each of the two schedules is made of several options, which can only be checked together.

    @Option(
            names = "--edge-sparsity",
            paramLabel = "S",
            description =
                    "Target edge sparsity, the fraction of edges removed. May be above 1 for a stronger constraint.")
    private Optional<Double> edgeSparsity = Optional.empty();

    @Option(
            names = "--node-sparsity",
            paramLabel = "S",
            description = "Target node sparsity, the fraction of nodes removed.")
    private Optional<Double> nodeSparsity = Optional.empty();

    @Option(
            names = "--neuron-sparsity",
            paramLabel = "S",
            description =
                    "Target neuron sparsity, the fraction of MLP neurons removed, where --level has neurons (default: 0.5). It rises as that of nodes does, and neurons have the learning rates of nodes.")
    private Optional<Double> neuronSparsity = Optional.empty();

    @Option(names = "--start-edge-sparsity", paramLabel = "S", description = "Target edge sparsity at the first step.")
    private Optional<Double> startEdgeSparsity = Optional.empty();

    @Option(names = "--start-node-sparsity", paramLabel = "S", description = "Target node sparsity at the first step.")
    private Optional<Double> startNodeSparsity = Optional.empty();

    @Option(names = "--sparsity-warmup-steps", paramLabel = "N", description = "Steps over which both targets rise.")
    private Optional<Integer> sparsityWarmupSteps = Optional.empty();

    @Option(
            names = "--sparsity-warmup",
            paramLabel = "KIND",
            description = "How the targets rise: ${COMPLETION-CANDIDATES}.")
    private Optional<Warmup> sparsityWarmup = Optional.empty();

    // Before all others: it changes the schedules that they may replace.
    @Option(
            names = "--steps",
            paramLabel = "N",
            description = "Optimiser steps. All warm-ups keep their share of them, unless they are given.")
    private Optional<Integer> steps = Optional.empty();

    @Option(names = "--batch-size", paramLabel = "N", description = "Examples per step.")
    private Optional<Integer> batchSize = Optional.empty();

    @Option(
            names = "--max-grad-norm",
            paramLabel = "X",
            description = "Clip the gradient's global norm to this value; 0 for no clipping.")
    private Optional<Double> maxGradNorm = Optional.empty();

    @Option(names = "--initial-log-alpha", paramLabel = "X", description = "Initial mean of log_alpha (published: 10).")
    private Optional<Double> initialLogAlpha = Optional.empty();

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
            description = "Steps of learning rate warm-up, after which it decays linearly to 0.")
    private Optional<Integer> warmupSteps = Optional.empty();

    @Option(names = "--node-loss", negatable = true, description = "Whether the node constraint is part of the loss.")
    private Boolean nodeLoss;

    @Option(
            names = "--relax-sparser-nodes",
            negatable = true,
            description = "Whether to drop the node constraint at steps where nodes are sparser than their target.")
    private Boolean relaxSparserNodes;

    @Option(names = "--linear-term", negatable = true, description = "Whether both constraints have their linear term.")
    private Boolean linearTerm;

    @Option(names = "--embedding-nodes", negatable = true, description = "Whether embeddings are nodes of the graph.")
    private Boolean embeddingNodes;

    @Option(
            names = "--level",
            paramLabel = "LEVELS",
            completionCandidates = LevelNames.class,
            description =
                    "What has masks: edges, nodes, neurons, or several of them joined by commas (default: edges; with --published edges,nodes).")
    private Optional<MaskLevel> level = Optional.empty();

    @Option(
            names = "--positions",
            negatable = true,
            description =
                    "Whether every edge has a mask at each position, for prompts of one template, which all have as many tokens. Sparsity counts edges at each position.")
    private Boolean positions;

    @Option(
            names = "--hold-target",
            negatable = true,
            description =
                    "Whether to shift all log_alphas together where masks are off the target, so that runs of any length reach it.")
    private Boolean holdTarget;

    @Option(
            names = "--early-exit",
            paramLabel = "N",
            description =
                    "End the run once the thresholded circuit has been stable for N steps after the target's rise; 0 for never.")
    private Optional<Integer> earlyExit = Optional.empty();

    @Option(
            names = "--fresh-data",
            negatable = true,
            description = "Whether to train on newly generated prompts every epoch.")
    private Boolean freshData;

    @Option(
            names = "--ablation",
            paramLabel = "KIND",
            completionCandidates = AblationNames.class,
            description = "What an ablated edge carries: ${COMPLETION-CANDIDATES}.")
    private Optional<Ablation> ablation = Optional.empty();

    @Option(names = "--seed", paramLabel = "N", description = "Seed of masks, noise, batches and generated data.")
    private Optional<Long> seed = Optional.empty();

    private static double rate(double value) {
        if (value > MOST_LEARNING_RATE) {
            throw new IllegalArgumentException(
                    "a learning rate is at most " + MOST_LEARNING_RATE + " (published: 0.8)");
        }
        return value;
    }

    /** The options with one of them changed, if it was given. */
    private static <T> PruneOptions edit(
            PruneOptions options, String option, Optional<T> given, BiFunction<PruneOptions, T, PruneOptions> edit) {
        return given.map(value -> named(option + " " + value, options, o -> edit.apply(o, value)))
                .orElse(options);
    }

    /**
     * The hyper-parameters of a new run.
     *
     * @param model whose published preset they start from
     * @param last changes the resulting hyper-parameters
     * @throws InputException naming the option whose value is invalid
     */
    PruneOptions fresh(LoadedModel model, UnaryOperator<PruneOptions> last) {
        PruneOptions preset = PruneOptions.preset(model);
        PruneOptions asPublished = last.apply(over(preset));
        if (published || model.model().compiled() || cold(asPublished).isPresent()) {
            return asPublished;
        }
        PruneOptions refining = last.apply(over(preset.refining()));
        return startEdgeSparsity.isPresent() ? refining : refining.fromTarget();
    }

    /** Whether runs are trained as published because that was asked for. */
    boolean published() {
        return published;
    }

    /** The option that only a run has which is trained as published; empty if there is none. */
    private Optional<String> cold(PruneOptions options) {
        MaskLevel masked = options.controls().level();
        SparsitySchedule edges = options.targets().edgeSparsity();
        boolean rising = startEdgeSparsity.isPresent();
        Map<String, Boolean> asked = new LinkedHashMap<>();
        asked.put("--positions", options.controls().positions());
        asked.put("--level " + masked.key(), level.isPresent() && (masked.nodes() || !masked.edges()));
        asked.put("an edge sparsity of " + edges.target(), edges.target() >= 1 || edges.target() == 0);
        asked.put("--start-edge-sparsity " + edges.start(), rising && edges.start() == 0);
        asked.put("--sparsity-warmup", sparsityWarmup.isPresent() && !rising);
        asked.put("--sparsity-warmup-steps", sparsityWarmupSteps.isPresent() && !rising);
        asked.put("--initial-log-alpha", initialLogAlpha.isPresent());
        asked.put("--node-loss", Boolean.TRUE.equals(nodeLoss));
        asked.put("--relax-sparser-nodes", Boolean.TRUE.equals(relaxSparserNodes));
        asked.put("--node-sparsity", nodeSparsity.isPresent());
        asked.put("--start-node-sparsity", startNodeSparsity.isPresent());
        asked.put("--node-lr", nodeLearningRate.isPresent() && !masked.neurons());
        asked.put("--node-reg-lr", nodeMultiplierLearningRate.isPresent() && !masked.neurons());
        return asked.entrySet().stream()
                .filter(Map.Entry::getValue)
                .map(Map.Entry::getKey)
                .findFirst();
    }

    /**
     * The preset, changed by the options that were given.
     *
     * @throws InputException naming the option whose value is invalid
     */
    PruneOptions over(PruneOptions preset) {
        PruneOptions sized = steps.map(n -> named("--steps " + n, preset, o -> o.withSteps(n)))
                .orElse(preset);
        PruneOptions options = sized.with(sized.targets()
                .withEdgeSparsity(schedule(sized.targets().edgeSparsity(), "edge", startEdgeSparsity, edgeSparsity))
                .withNodeSparsity(schedule(sized.targets().nodeSparsity(), "node", startNodeSparsity, nodeSparsity)));
        options = edit(
                options,
                "--batch-size",
                batchSize,
                (o, value) -> o.with(o.training().withBatchSize(value)));
        options = edit(
                options,
                "--max-grad-norm",
                maxGradNorm,
                (o, value) -> o.with(o.training().withMaxGradNorm(value)));
        options = edit(
                options,
                "--initial-log-alpha",
                initialLogAlpha,
                (o, value) -> o.with(o.training().withInitialLogAlpha(value)));
        options = edit(
                options,
                "--edge-lr",
                edgeLearningRate,
                (o, value) -> o.with(o.learningRates().withEdgeLearningRate(rate(value))));
        options = edit(
                options,
                "--node-lr",
                nodeLearningRate,
                (o, value) -> o.with(o.learningRates().withNodeLearningRate(rate(value))));
        options = edit(
                options,
                "--edge-reg-lr",
                edgeMultiplierLearningRate,
                (o, value) -> o.with(o.learningRates().withEdgeMultiplierLearningRate(rate(value))));
        options = edit(
                options,
                "--node-reg-lr",
                nodeMultiplierLearningRate,
                (o, value) -> o.with(o.learningRates().withNodeMultiplierLearningRate(rate(value))));
        options = edit(
                options,
                "--warmup-steps",
                warmupSteps,
                (o, value) -> o.with(o.learningRates().withWarmupSteps(value)));
        options = edit(
                options,
                "--node-loss",
                Optional.ofNullable(nodeLoss),
                (o, value) -> o.with(o.targets().withNodeLoss(value)));
        options = edit(
                options,
                "--relax-sparser-nodes",
                Optional.ofNullable(relaxSparserNodes),
                (o, value) -> o.with(o.targets().withRelaxSparserNodes(value)));
        options = edit(
                options,
                "--linear-term",
                Optional.ofNullable(linearTerm),
                (o, value) -> o.with(o.targets().withLinearTerm(value)));
        options = edit(
                options,
                "--embedding-nodes",
                Optional.ofNullable(embeddingNodes),
                (o, value) -> o.with(o.graph().withEmbeddingNodes(value)));
        options = edit(
                options,
                "--level",
                level.map(MaskLevel::key),
                (o, _) -> o.with(o.controls().withLevel(level.orElseThrow())));
        options = edit(
                options,
                "--neuron-sparsity",
                neuronSparsity,
                (o, value) -> o.with(o.controls().withNeuronSparsity(value)));
        options = edit(
                options,
                "--positions",
                Optional.ofNullable(positions),
                (o, value) -> o.with(o.controls().withPositions(value)));
        options = edit(
                options,
                "--hold-target",
                Optional.ofNullable(holdTarget),
                (o, value) -> o.with(o.controls().withHoldTarget(value)));
        options = edit(
                options,
                "--early-exit",
                earlyExit,
                (o, value) -> o.with(o.controls().withEarlyExit(value)));
        options = edit(
                options,
                "--fresh-data",
                Optional.ofNullable(freshData),
                (o, value) -> o.with(o.controls().withFreshData(value)));
        options = edit(options, "--ablation", ablation, (o, value) -> o.with(value));
        options = edit(options, "--seed", seed, (o, value) -> o.withSeed(value));
        return constrained(options);
    }

    /** Without masks of edges, nodes are cut by their constraint alone, which is then part of the loss. */
    private PruneOptions constrained(PruneOptions options) {
        MaskLevel masked = options.controls().level();
        if (!masked.neurons()) {
            neuronSparsity.ifPresent(target -> {
                throw new InputException("--neuron-sparsity " + target + ": with --level " + masked.key()
                        + " neurons have no masks: add neurons to --level");
            });
        }
        if (!masked.nodes()) {
            String remedy = ": with --level " + masked.key() + " nodes have no masks: add nodes to --level";
            nodeSparsity.ifPresent(target -> {
                throw new InputException("--node-sparsity " + target + remedy);
            });
            if (Boolean.TRUE.equals(nodeLoss)) {
                throw new InputException("--node-loss" + remedy);
            }
        }
        if (masked.edges()) {
            return options;
        }
        if (masked.nodes() && Boolean.FALSE.equals(nodeLoss)) {
            throw new InputException(
                    "--no-node-loss: with --level " + masked.key() + " nothing else cuts a node: leave it out");
        }
        edgeSparsity.ifPresent(target -> {
            throw new InputException("--edge-sparsity " + target + ": with --level " + masked.key()
                    + " edges have no masks: ask for a " + (masked.nodes() ? "--node-sparsity" : "--neuron-sparsity"));
        });
        return masked.nodes() ? options.with(options.targets().withNodeLoss(true)) : options;
    }

    /** Why a new run is trained as published although that was not asked for; empty if it is not. */
    Optional<String> coldNote(PruneOptions options) {
        return published
                ? Optional.empty()
                : cold(options).map(option -> option + ": the run is trained as published (--published)");
    }

    /** Notes about valid but unusual {@code options}, which {@link #over} returned. */
    List<String> notes(PruneOptions options) {
        List<String> notes = new ArrayList<>();
        int length = options.training().steps();
        edgeSparsity.filter(target -> target > 1).ifPresent(target -> notes.add(aboveOne("--edge-sparsity " + target)));
        nodeSparsity.filter(target -> target > 1).ifPresent(target -> notes.add(aboveOne("--node-sparsity " + target)));
        SparsitySchedule edges = options.targets().edgeSparsity();
        if (edges.risen() > length) {
            notes.add(
                    "the warm-up of the target, %d steps, is longer than the run of %d: it ends at %.3g and never reaches %s (--sparsity-warmup-steps)"
                            .formatted(edges.warmupSteps(), length, edges.at(length), edges.target()));
        } else if (steps.isPresent() && sparsityWarmupSteps.isEmpty() && edges.start() < edges.target()) {
            notes.add(
                    "warm-ups scaled to %d steps: the targets rise in %d steps (--sparsity-warmup-steps), the learning rates in %d (--warmup-steps)"
                            .formatted(
                                    length,
                                    edges.warmupSteps(),
                                    options.learningRates().warmupSteps()));
        }
        if (options.learningRates().warmupSteps() > length) {
            notes.add("the warm-up of the learning rates, %d steps, is longer than the run of %d (--warmup-steps)"
                    .formatted(options.learningRates().warmupSteps(), length));
        }
        return notes;
    }

    static String aboveOne(String option) {
        return option + ": no circuit can reach a sparsity above 1; such a target strengthens the constraint, as in the"
                + " published sweeps";
    }

    private SparsitySchedule schedule(
            SparsitySchedule preset, String which, Optional<Double> start, Optional<Double> target) {
        SparsitySchedule schedule = preset;
        if (sparsityWarmup.isPresent() || sparsityWarmupSteps.isPresent()) {
            schedule = named(
                    "--sparsity-warmup, --sparsity-warmup-steps",
                    schedule,
                    s -> new SparsitySchedule(
                            sparsityWarmup.orElse(s.warmup()),
                            s.start(),
                            target.filter(t -> sparsityWarmup.isPresent()).orElse(s.target()),
                            sparsityWarmupSteps.orElse(s.warmupSteps())));
        }
        if (start.isPresent()) {
            schedule = named(
                    "--start-" + which + "-sparsity " + start.get(),
                    schedule,
                    s -> new SparsitySchedule(s.warmup(), start.get(), s.target(), s.warmupSteps()));
        }
        if (target.isPresent()) {
            schedule = named(
                    "--" + which + "-sparsity " + target.get(),
                    schedule,
                    s -> new SparsitySchedule(s.warmup(), s.start(), target.get(), s.warmupSteps()));
        }
        return schedule;
    }

    private static <T> T named(String option, T value, UnaryOperator<T> edit) {
        try {
            return edit.apply(value);
        } catch (IllegalArgumentException e) {
            throw new InputException(option + ": " + e.getMessage(), e);
        }
    }
}
