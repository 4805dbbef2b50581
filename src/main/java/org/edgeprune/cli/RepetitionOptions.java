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
    void requireFor(Path circuit, Optional<RunRecord> record, String task) {
        Bounds.atLeast(1, "--bootstrap", bootstrap);
        if (randomWeights) {
            requireRun("--random-weights", circuit, record, task);
        }
        if (bootstrap.isPresent()
                && requireRun("--bootstrap", circuit, record, task)
                        .options()
                        .controls()
                        .freshData()) {
            throw new InputException("--bootstrap: " + circuit + " had fresh prompts every epoch, and there are none to"
                    + " draw from: name runs of several seeds instead");
        }
    }

    private static RunRecord requireRun(String option, Path circuit, Optional<RunRecord> record, String task) {
        RunRecord made = record.orElseThrow(() -> new InputException(
                option + ": " + circuit + " is not a run, which it repeats: name the directory of a run"));
        if (!made.task().equals(task)) {
            throw new InputException(option + ": " + circuit + " is a run of " + made.task()
                    + ", which it repeats, and not of " + task + ": leave out --task, or " + option);
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
            List<Circuit> circuits = new ArrayList<>();
            SplittableRandom random = new SplittableRandom(seed);
            for (int i = 0; i < draws; i++) {
                results.note("pruning on %d training prompts drawn with replacement, %d of %d"
                        .formatted(data.train().size(), i + 1, draws));
                try (PruneProgress progress = new PruneProgress("kl", results)) {
                    circuits.add(new BootstrapRuns(model, task, data, run).prune(random.split(), progress));
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
