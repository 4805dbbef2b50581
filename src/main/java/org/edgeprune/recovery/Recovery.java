package org.edgeprune.recovery;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.stream.Stream;
import org.edgeprune.eval.AblationStates;
import org.edgeprune.eval.Evaluator;
import org.edgeprune.eval.ReferencePrompts;
import org.edgeprune.graph.Ablation;
import org.edgeprune.graph.Circuit;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.io.AtomicFile;
import org.edgeprune.io.FolderLock;
import org.edgeprune.io.Folders;
import org.edgeprune.io.InputException;
import org.edgeprune.mask.MaskValues;
import org.edgeprune.model.Execution;
import org.edgeprune.prune.LoadedModel;
import org.edgeprune.prune.Minimizer;
import org.edgeprune.prune.PruneOptions;
import org.edgeprune.prune.Pruner;
import org.edgeprune.prune.RunDirectory;
import org.edgeprune.prune.RunRecord;
import org.edgeprune.prune.SparsestFaithful;
import org.edgeprune.task.DataRequest;
import org.edgeprune.task.Dataset;
import org.edgeprune.task.Generated;
import org.edgeprune.task.tracr.TracrTask;
import org.edgeprune.torch.Device;
import org.edgeprune.tracr.circuit.GroundTruth;
import org.edgeprune.tracr.files.CompiledModelFiles;

/**
 * From a program to its circuit: compiles it, prunes the model, minimizes the circuit that pruning found, and checks
 * both circuits against the ground truth.
 *
 * <p>The target sparsity rises beyond what any circuit can have, so that even edges without any effect are removed. The
 * result is the sparsest circuit that was faithful during training.
 *
 * @param ablation what ablated edges carry
 * @param steps optimiser steps
 * @param seed the seed of masks, noise, batches and data
 */
public record Recovery(Ablation ablation, int steps, long seed) {
    /**
     * Checks the ablation.
     *
     * @throws InputException if there is no ground truth under it
     */
    public Recovery {
        GroundTruth.requireKnown(ablation);
    }

    /**
     * A circuit counts as faithful during training up to this mean KL, as a fraction of the KL of the empty circuit.
     */
    static final double FAITHFUL_SHARE = 1e-4;

    /**
     * By how much the mean KL may rise while the circuit is minimized, as a fraction of the KL of the empty circuit.
     */
    private static final double MINIMIZE_SHARE = 1e-5;

    /**
     * Learning rate of the multipliers, for each edge of the graph and in units of the KL of the empty circuit. The
     * constraint pulls on each edge with its share of the multipliers, lambda over edges, and the gradient of the KL
     * must be able to balance that: a small graph or a small KL requires small multipliers.
     */
    private static final double MULTIPLIER_RATE = 4e-6;

    /**
     * Learning rate of the masks. An edge into a saturated softmax has no gradient until its mask is almost zero. With
     * much higher rates masks cross that last stretch in one step, and a mask of exactly zero never recovers. An edge
     * into a step function (an MLP that distinguishes adjacent numbers) has no gradient anywhere; no learning rate
     * helps there, which is why circuits are minimized.
     */
    private static final double MASK_RATE = 0.05;

    /** The last target edge sparsity: beyond what any circuit can have. */
    private static final double PRESSED = 1.1;

    private static final double MAX_GRAD_NORM = 1;
    private static final int BATCH = 64;
    private static final int EVALUATE_EVERY = 25;
    private static final long CACHE_BYTES = 1L << 30;

    /** The most examples that circuits are checked on; enough for every input of the library's programs. */
    private static final int LIMIT = 10_000;
    /** The last file that is written. */
    private static final String RESULT = "minimal.json";

    /** The names of the files in the directory of a recovery. */
    private static final Set<String> FILES = Set.of("model", "data", "run", "trained.json", RESULT);

    /** The number of steps that suffices for every program of the library. */
    public static final int STEPS = 2000;

    /**
     * The result of a recovery.
     *
     * @param task the task's name
     * @param graphEdges the number of edges of the whole graph
     * @param trained the check of the circuit that training found
     * @param minimal the check of that circuit after {@link Minimizer}
     * @param metrics the metrics of the minimal circuit on the test split, such as accuracy and KL
     * @param seconds the time of training and minimizing, in seconds
     */
    public record Result(
            String task,
            int graphEdges,
            CircuitCheck trained,
            CircuitCheck minimal,
            Map<String, Double> metrics,
            double seconds) {}

    /**
     * Runs the recovery and writes {@code model}, {@code data} and {@code run} into a directory; {@code run/edges.json}
     * is the circuit at the end of training, {@code trained.json} the circuit that was chosen and {@code minimal.json}
     * its minimized form. Files of an interrupted recovery in the directory are written again.
     *
     * @param task the task of a library program
     * @param directory created if it does not exist
     * @param device where the model is run
     * @return the result
     * @throws InputException if the directory has a finished recovery or other files, or another process is using it
     */
    public Result run(TracrTask task, Path directory, Device device) {
        try (FolderLock _ = FolderLock.of(directory)) {
            if (Files.exists(directory.resolve(RESULT))) {
                throw new InputException(directory + ": already has a finished run: choose another --out");
            }
            prepare(directory);
            return recover(task, directory, device);
        }
    }

    /**
     * Like {@link #run}, but repeats a recovery that the directory already has. Its {@code minimal.json} stays until
     * the new one replaces it.
     *
     * @param task the task of a library program
     * @param directory created if it does not exist
     * @param device where the model is run
     * @return the result
     * @throws InputException if the directory has other files, or another process is using it
     */
    public Result repeat(TracrTask task, Path directory, Device device) {
        try (FolderLock _ = FolderLock.of(directory)) {
            prepare(directory);
            return recover(task, directory, device);
        }
    }

    private static void prepare(Path directory) {
        for (Path file : Folders.visible(directory)) {
            if (!FILES.contains(file.getFileName().toString())) {
                throw new InputException(
                        directory + ": has other files, such as " + file.getFileName() + ": choose another --out");
            }
        }
        Stream.of("", "run", "data", "model").forEach(name -> Folders.removeTemporary(directory.resolve(name)));
    }

    private AblationStates states(LoadedModel model) {
        return AblationStates.of(ablation, model.model(), ReferencePrompts.NONE, BATCH);
    }

    private Result recover(TracrTask task, Path directory, Device device) {
        Path models = directory.resolve("model");
        CompiledModelFiles.write(task.model(), models);
        Generated generated = task.generate(DataRequest.seeded(seed));
        generated.records().write(directory.resolve("data"));
        long began = System.nanoTime();
        try (LoadedModel model = LoadedModel.open(models.toString(), models, Execution.on(device))) {
            Dataset data = task.read(directory.resolve("data"), model.tokenizer());
            Evaluator evaluator = new Evaluator(model.model(), task.scorer(), states(model), 8 * BATCH);
            ComputationGraph graph = new ComputationGraph(model.model().graphShape());
            double scale = kl(evaluator, data, Circuit.of(graph, new BitSet()));
            SparsestFaithful faithful = new SparsestFaithful(FAITHFUL_SHARE * scale);
            pruner(task, model, data, directory, scale).run(false, faithful);
            Circuit trained =
                    faithful.found().map(SparsestFaithful.Found::circuit).orElse(Circuit.full(graph));
            Minimizer.Result minimal = new Minimizer(evaluator, data.train(), MINIMIZE_SHARE * scale).minimize(trained);
            double seconds = (System.nanoTime() - began) / 1e9;
            write(trained, directory.resolve("trained.json"));
            write(minimal.circuit(), directory.resolve(RESULT));
            return new Result(
                    task.name(),
                    graph.edgeCount(),
                    CircuitCheck.of(task.model(), trained, ablation, LIMIT),
                    CircuitCheck.of(task.model(), minimal.circuit(), ablation, LIMIT),
                    evaluator
                            .evaluate(data.test(), MaskValues.of(minimal.circuit()))
                            .metrics(),
                    seconds);
        }
    }

    private static double kl(Evaluator evaluator, Dataset data, Circuit circuit) {
        return evaluator
                .evaluate(data.train(), MaskValues.of(circuit))
                .metrics()
                .get("kl");
    }

    private Pruner pruner(TracrTask task, LoadedModel model, Dataset data, Path directory, double scale) {
        RunDirectory run = RunDirectory.create(directory.resolve("run"));
        RunRecord record = RunRecord.of(
                model,
                task,
                Optional.of(directory.resolve("data")),
                data,
                CACHE_BYTES,
                OptionalDouble.empty(),
                options(scale, new ComputationGraph(model.model().graphShape()).edgeCount()));
        return new Pruner(
                model.model(), data, task.scorer(), record, run, new Pruner.Pace(EVALUATE_EVERY, 0, CACHE_BYTES));
    }

    private PruneOptions options(double scale, int edges) {
        double multipliers = MULTIPLIER_RATE * scale * edges;
        return new PruneOptions(
                new PruneOptions.Training(steps, BATCH, MAX_GRAD_NORM, PruneOptions.PUBLISHED_LOG_ALPHA),
                PruneOptions.LearningRates.of(MASK_RATE, multipliers, steps / 20),
                PruneOptions.Targets.rising(PRESSED, PRESSED, steps),
                new PruneOptions.Graph(true),
                ablation,
                seed);
    }

    private static void write(Circuit circuit, Path file) {
        AtomicFile.writeText(file, circuit.toJson());
    }
}
