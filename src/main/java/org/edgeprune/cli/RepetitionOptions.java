package org.edgeprune.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.Function;
import org.edgeprune.graph.Circuit;
import org.edgeprune.io.InputException;
import org.edgeprune.prune.LoadedModel;
import org.edgeprune.prune.RunRecord;
import org.edgeprune.task.Dataset;
import org.edgeprune.task.Example;
import org.edgeprune.task.Task;
import org.edgeprune.validate.BootstrapRuns;
import org.edgeprune.validate.Check;
import org.edgeprune.validate.RandomModel;
import picocli.CommandLine.Option;

/** The tests of {@code edgeprune validate} that prune as the run was pruned. */
final class RepetitionOptions {
    @Option(
            names = "--random-weights",
            description =
                    "Also prune a model with random weights as the run was pruned, and compare the circuits. Takes as long as the run did.")
    private boolean randomWeights;

    @Option(
            names = "--bootstrap",
            paramLabel = "N",
            description =
                    "Also prune N times as the run was pruned, on training prompts drawn from the run's with replacement, and compare the circuits. Takes N times as long as the run did.")
    private Optional<Integer> bootstrap = Optional.empty();

    /** @throws InputException if they are asked for of something that cannot be repeated */
    void requireFor(Path circuit, Optional<RunRecord> record, String model, String task, boolean givesData) {
        Bounds.atLeast(1, "--bootstrap", bootstrap);
        if (randomWeights) {
            requireRun("--random-weights", circuit, record, model, task, givesData);
        }
        if (bootstrap.isPresent()
                && requireRun("--bootstrap", circuit, record, model, task, givesData)
                        .options()
                        .controls()
                        .freshData()) {
            throw new InputException("--bootstrap: " + circuit + " had fresh prompts every epoch, and there are none to"
                    + " draw from: name runs of several seeds instead");
        }
    }

    /** With the model, task and prompts of the run: what is repeated is the run. */
    private static RunRecord requireRun(
            String option, Path circuit, Optional<RunRecord> record, String model, String task, boolean givesData) {
        RunRecord made = record.orElseThrow(() -> new InputException(
                option + " repeats a run, and " + circuit + " is none: name the directory of a run"));
        String repeats = option + " repeats " + circuit + ", a run of " + made.task() + " on " + made.model();
        if (!made.model().equals(model) || !made.task().equals(task)) {
            throw new InputException(
                    repeats + ", not of " + task + " on " + model + ": leave out --model and --task, or " + option);
        }
        if (givesData) {
            throw new InputException(repeats + ", on the run's own prompts: leave out --data, or " + option);
        }
        return made;
    }

    /**
     * Prepares what was asked for, and prunes nothing yet.
     *
     * @param record what the run was made from, as {@link #requireFor} was given it
     * @param trained the run's data, of the training part what it used
     */
    Optional<Repeated> of(
            LoadedModel model,
            Task task,
            Optional<RunRecord> record,
            Function<RunRecord, Dataset> trained,
            long seed,
            Results results) {
        return record.filter(_ -> randomWeights || bootstrap.isPresent())
                .map(made -> new Repeated(
                        model, task, trained.apply(made), made, bootstrap.orElse(0), randomWeights, seed, results));
    }

    /** A run that is pruned again: on so many draws of its prompts, and perhaps with random weights. */
    record Repeated(
            LoadedModel model,
            Task task,
            Dataset data,
            RunRecord run,
            int draws,
            boolean randomly,
            long seed,
            Results results) {
        /** The circuits of {@code --bootstrap}. */
        List<Circuit> drawn() {
            BootstrapRuns runs = new BootstrapRuns(model, task, data, run);
            SplittableRandom random = new SplittableRandom(seed);
            List<Dataset> drawn = new ArrayList<>();
            for (int i = 0; i < draws; i++) {
                drawn.add(runs.draw(random.split())
                        .orElseThrow(() -> new InputException("--bootstrap: no draw of the run's "
                                + data.train().size() + " training prompts has the prompts that ablation "
                                + run.options().ablation().name()
                                + " needs: leave it out, and compare runs of several seeds")));
            }
            List<Circuit> circuits = new ArrayList<>();
            for (Dataset prompts : drawn) {
                results.note("pruning on %d training prompts drawn with replacement, %d of %d"
                        .formatted(prompts.train().size(), circuits.size() + 1, draws));
                try (PruneProgress progress = new PruneProgress("kl", results)) {
                    circuits.add(runs.prune(prompts, progress));
                }
            }
            return circuits;
        }

        /** The test of {@code --random-weights}, against a circuit's faithfulness. */
        Optional<Check> randomWeights(List<Example> examples, Check faithfulness) {
            if (!randomly) {
                return Optional.empty();
            }
            try (PruneProgress progress = new PruneProgress("kl", results)) {
                return Optional.of(new RandomModel(model, task, data, run)
                        .prune(examples, seed, progress)
                        .check(faithfulness.values().get("closed")));
            }
        }
    }
}
