package org.edgeprune.cli;

import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.edgeprune.attribute.AttributionMemory;
import org.edgeprune.attribute.EdgeScores;
import org.edgeprune.attribute.LevelScores;
import org.edgeprune.attribute.MatryoshkaAttribution;
import org.edgeprune.attribute.Objective;
import org.edgeprune.attribute.Ranking;
import org.edgeprune.attribute.ScoreLevels;
import org.edgeprune.io.InputException;
import org.edgeprune.prune.Pruner;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code edgeprune mattr}: trains scores whose best edges are a good circuit at every size. */
@Command(
        name = "mattr",
        description = {
            "Train a score for every edge so that the best k edges are a good circuit for every k (Matryoshka attribution).",
            "Each step masks the model with a soft choice of a random number of edges. Rank edges by their signed scores.",
            "The result is in OUT/scores.safetensors and OUT/run.json."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  edgeprune mattr --task ioi --out out/mattr",
            "  edgeprune mattr --task gt --steps 1000 --batch-size 4 --out out/gt-mattr",
            "  edgeprune mattr --task ioi --out out/mattr --resume"
        })
final class MattrCommand implements Callable<Integer> {
    private static final long CACHE = Pruner.Pace.REFERENCE.cacheBytes();

    @Option(
            names = "--steps",
            paramLabel = "N",
            defaultValue = "2000",
            description = "Steps of training (default: ${DEFAULT-VALUE}; published: 5000).")
    private int steps;

    @Option(
            names = "--batch-size",
            paramLabel = "N",
            defaultValue = "1",
            description = "Examples per step (default: ${DEFAULT-VALUE}).")
    private int batchSize;

    @Option(
            names = "--learning-rate",
            paramLabel = "RATE",
            defaultValue = "0.05",
            description = "Of Adam (default: ${DEFAULT-VALUE}).")
    private double learningRate;

    @Option(
            names = "--temperature",
            paramLabel = "T",
            defaultValue = "0.5",
            description =
                    "How soft the choice of edges is: mask = sigmoid((score - threshold) / T) (default: ${DEFAULT-VALUE}).")
    private double temperature;

    @Option(
            names = "--save-every",
            paramLabel = "N",
            defaultValue = "100",
            description = "Steps between states to resume from; 0 for none (default: ${DEFAULT-VALUE}).")
    private int saveEvery;

    @Mixin
    private AttributionOptions options;

    @Mixin
    private Results results;

    @Override
    public Integer call() {
        AttributionOptions.requirePositive("--steps", Optional.of(steps));
        requireInRange("--learning-rate", learningRate);
        requireInRange("--temperature", temperature);
        if (saveEvery < 0) {
            throw new InputException("--save-every " + saveEvery + ": must not be negative; 0 is for never");
        }
        options.run(
                new AttributionOptions.Method(
                        "mattr",
                        Optional.of(steps),
                        batchSize,
                        Ranking.SIGNED,
                        Map.of("learning_rate", learningRate, "temperature", temperature),
                        ScoreLevels.EDGES),
                options.objective(Objective.LOGIT_DIFFERENCE),
                results,
                job -> LevelScores.of(scores(job)));
        return 0;
    }

    private static void requireInRange(String option, double value) {
        if (!(value > 0 && value <= MatryoshkaAttribution.Options.LARGEST)) {
            throw new InputException(
                    option + " " + value + ": must be above 0 and at most " + MatryoshkaAttribution.Options.LARGEST);
        }
    }

    private EdgeScores scores(AttributionOptions.Job job) {
        AttributionMemory.ofTraining(job.setting(), job.loaded(), job.examples(), CACHE)
                .require(job.loaded().model().execution());
        try (MatryoshkaAttribution training = new MatryoshkaAttribution(
                job.setting(),
                new MatryoshkaAttribution.Options(steps, learningRate, temperature, options.seed()),
                job.examples(),
                CACHE)) {
            job.directory().trainingState(job.record()).ifPresent(training::restore);
            job.directory().write(job.record());
            return train(training, job);
        }
    }

    private EdgeScores train(MatryoshkaAttribution training, AttributionOptions.Job job) {
        try (Progress progress = new Progress("mattr", "steps", steps, training.steps())) {
            double[] average = {Double.NaN};
            EdgeScores scores = training.train((step, k, loss, now) -> {
                average[0] = Double.isNaN(average[0]) ? loss : 0.98 * average[0] + 0.02 * loss;
                progress.at(step + 1L, () -> "loss %.3f".formatted(average[0]));
                if (saveEvery > 0 && (step + 1) % saveEvery == 0 && step + 1 < steps) {
                    job.directory().keep(now.state(), job.record());
                }
            });
            job.summary().put("train_loss", average[0]);
            return scores;
        }
    }
}
