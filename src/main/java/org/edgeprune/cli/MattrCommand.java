package org.edgeprune.cli;

import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import org.edgeprune.attribute.AttributionMemory;
import org.edgeprune.attribute.EdgeScores;
import org.edgeprune.attribute.LevelScores;
import org.edgeprune.attribute.MatryoshkaAttribution;
import org.edgeprune.attribute.Ranking;
import org.edgeprune.attribute.ScoreLevels;
import org.edgeprune.attribute.ScoredStart;
import org.edgeprune.engine.Ranks;
import org.edgeprune.io.InputException;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.prune.Pruner;
import org.edgeprune.safetensors.KeptState;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code edgeprune mattr}: trains scores whose best edges are a good circuit at every size. */
@Command(
        name = "mattr",
        description = {
            "Train a score for every edge so that the best k edges are a good circuit for every k (Matryoshka attribution).",
            "Scores start from those of EAP-IG. Each step masks the model with a soft choice of a random number of edges, and brings",
            "its output closer to the full model's (KL). Rank edges by their signed scores. --published trains as the paper did.",
            "The result is in OUT/scores.safetensors and OUT/run.json."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  edgeprune mattr --task ioi --out out/mattr",
            "  edgeprune mattr --task gt --steps 1000 --sizes 0.001,0.05 --out out/gt-mattr",
            "  edgeprune mattr --task ioi --published --steps 5000 --out out/published",
            "  edgeprune mattr --task ioi --out out/mattr --resume"
        })
final class MattrCommand implements Ranked {
    private static final long CACHE = Pruner.Pace.REFERENCE.cacheBytes();

    @Option(
            names = "--save-every",
            paramLabel = "N",
            defaultValue = "100",
            description = "Steps between states to resume from; 0 for none (default: ${DEFAULT-VALUE}).")
    private int saveEvery;

    @Mixin
    private MattrSettings settings;

    @Mixin
    private AttributionOptions options;

    @Mixin
    private Results results;

    @Override
    public Results results() {
        return results;
    }

    @Override
    public int run(Ranks ranks) {
        settings.check();
        if (saveEvery < 0) {
            throw new InputException("--save-every " + saveEvery + ": must not be negative; 0 is for never");
        }
        Function<TransformerModel, Optional<ScoredStart>> read = model -> settings.start()
                .filter(given -> !given.equals(ScoredStart.EAP_IG))
                .map(given -> WarmStartOption.read(given, model));
        options.run(
                new AttributionOptions.Method(
                        "mattr",
                        Optional.of(settings.steps()),
                        settings.batchSize(),
                        Ranking.SIGNED,
                        model -> settings.parameters(
                                read.apply(model).map(ScoredStart::name).or(settings::start)),
                        ScoreLevels.EDGES),
                options.objective(settings.objective()),
                results,
                ranks,
                job -> LevelScores.of(scores(job, () -> read.apply(job.loaded().model()))));
        return 0;
    }

    private EdgeScores scores(AttributionOptions.Job job, Supplier<Optional<ScoredStart>> read) {
        AttributionMemory.ofTraining(job.setting(), job.loaded(), job.examples(), CACHE)
                .require(job.loaded().model().execution());
        try (MatryoshkaAttribution training =
                new MatryoshkaAttribution(job.setting(), settings.options(options.seed()), job.examples(), CACHE)) {
            KeptState kept = job.directory().trainingState(job.record(), saveEvery);
            Optional<MatryoshkaAttribution.State> state = MatryoshkaAttribution.State.read(kept);
            job.directory().write(job.record());
            if (state.isPresent()) {
                training.restore(state.get());
            } else if (settings.start().isPresent()) {
                training.startFrom(read.get()
                        .orElseGet(() -> ScoredStart.eapIg(job.setting(), StartProgress.of("eap-ig")))
                        .ranking(
                                job.setting().graph(),
                                job.examples(),
                                job.setting().workers()));
            }
            return train(training, job, kept);
        }
    }

    private EdgeScores train(MatryoshkaAttribution training, AttributionOptions.Job job, KeptState kept) {
        int steps = settings.steps();
        try (Progress progress = new Progress("mattr", "steps", steps, training.steps())) {
            double[] average = {Double.NaN};
            EdgeScores scores = training.train((step, k, loss, now) -> {
                average[0] = Double.isNaN(average[0]) ? loss : 0.98 * average[0] + 0.02 * loss;
                progress.at(step + 1L, () -> "loss %.3f".formatted(average[0]));
                if (kept.isDue(step + 1) && step + 1 < steps) {
                    now.keep(kept);
                }
            });
            job.summary().put("train_loss", average[0]);
            return scores;
        }
    }
}
