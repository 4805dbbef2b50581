package org.edgeprune.cli;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.edgeprune.attribute.MatryoshkaAttribution;
import org.edgeprune.attribute.MatryoshkaSchedule;
import org.edgeprune.attribute.Objective;
import org.edgeprune.attribute.ScoredStart;
import org.edgeprune.io.InputException;
import picocli.CommandLine.Option;

/** The hyper-parameters of {@code edgeprune mattr}: each option that was given changes the preset. */
final class MattrSettings {
    /** The value of {@code --warm-start} for scores that begin at zero. */
    private static final String NO_START = "none";

    @Option(
            names = "--published",
            description = "Train as published: the logit difference, 2000 steps (published: 5000) of 1 example, no warm"
                    + " start, circuits of all sizes, and every step alike.")
    private boolean published;

    @Option(names = "--steps", paramLabel = "N", description = "Steps of training (default: 300).")
    private Optional<Integer> steps = Optional.empty();

    @Option(names = "--batch-size", paramLabel = "N", description = "Examples per step (default: 8).")
    private Optional<Integer> batchSize = Optional.empty();

    @Option(
            names = "--learning-rate",
            paramLabel = "RATE",
            description = "Of Adam (default: 0.05); it falls linearly to 0 unless --published.")
    private Optional<Double> learningRate = Optional.empty();

    @Option(
            names = "--temperature",
            paramLabel = "T",
            description = "How soft the choice of edges is: mask = sigmoid((score - threshold) / T) (default: 0.5);"
                    + " it falls to a fifth unless --published.")
    private Optional<Double> temperature = Optional.empty();

    @Option(
            names = "--sizes",
            paramLabel = "FROM,TO",
            split = ",",
            description = "Sizes of the circuits that steps draw, as shares of all edges"
                    + " (default: 0.005,0.2; all sizes with --published).")
    private List<Double> sizes = List.of();

    @Option(
            names = "--warm-start",
            paramLabel = "SCORES",
            description = "Start scores from a ranking of the edges: eap-ig (the default), which is computed first, a"
                    + " scores.safetensors, the directory of an attribution or run, or a graph file of EAP-IG; none for"
                    + " scores of zero.")
    private Optional<String> warmStart = Optional.empty();

    int steps() {
        return steps.orElse(published ? 2000 : MatryoshkaAttribution.Options.STEPS);
    }

    int batchSize() {
        return batchSize.orElse(published ? 1 : MatryoshkaAttribution.Options.BATCH);
    }

    Objective objective() {
        return published ? Objective.LOGIT_DIFFERENCE : Objective.KL;
    }

    /** @throws InputException naming the option whose value is invalid */
    void check() {
        Bounds.atLeast(1, "--steps", steps);
        Bounds.atLeast(1, "--batch-size", batchSize);
        requireInRange("--learning-rate", learningRate);
        requireInRange("--temperature", temperature);
        schedule();
    }

    private static void requireInRange(String option, Optional<Double> given) {
        if (given.isPresent() && !(given.get() > 0 && given.get() <= MatryoshkaAttribution.Options.LARGEST)) {
            throw new InputException(option + " " + given.get() + ": must be above 0 and at most "
                    + MatryoshkaAttribution.Options.LARGEST);
        }
    }

    MatryoshkaAttribution.Options options(long seed) {
        return new MatryoshkaAttribution.Options(
                steps(),
                learningRate.orElse(MatryoshkaAttribution.Options.LEARNING_RATE),
                temperature.orElse(MatryoshkaAttribution.Options.TEMPERATURE),
                seed,
                schedule());
    }

    private MatryoshkaSchedule schedule() {
        MatryoshkaSchedule preset = published ? MatryoshkaSchedule.PUBLISHED : MatryoshkaSchedule.ANNEALED;
        if (sizes.isEmpty()) {
            return preset;
        }
        try {
            if (sizes.size() == 2) {
                return preset.withSizes(sizes.getFirst(), sizes.getLast());
            }
        } catch (IllegalArgumentException e) {
            throw new InputException("--sizes: " + e.getMessage(), e);
        }
        throw new InputException("--sizes: name the smallest and the largest share, such as 0.005,0.2");
    }

    /** The value of {@code --warm-start}; empty for scores of zero. */
    Optional<String> start() {
        return Optional.of(warmStart.orElse(published ? NO_START : ScoredStart.EAP_IG))
                .filter(given -> !given.equals(NO_START));
    }

    /** What {@code run.json} notes; of a published training, what it noted when there was no other. */
    Map<String, Object> parameters(Optional<String> startName) {
        MatryoshkaAttribution.Options options = options(0);
        MatryoshkaSchedule schedule = options.schedule();
        Map<String, Object> parameters = new LinkedHashMap<>();
        parameters.put("learning_rate", options.learningRate());
        parameters.put("temperature", options.temperature());
        startName.ifPresent(name -> parameters.put("warm_start", name));
        if (!schedule.equals(MatryoshkaSchedule.PUBLISHED)) {
            parameters.put("smallest", schedule.smallest());
            parameters.put("largest", schedule.largest());
            parameters.put("cooling", schedule.cooling());
            parameters.put("decay", schedule.decay());
            parameters.put("unit_gradients", schedule.unitGradients());
        }
        return parameters;
    }
}
