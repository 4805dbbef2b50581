package org.edgeprune.methods;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.DoubleFunction;
import java.util.function.Supplier;
import org.edgeprune.attribute.AttributionSetting;
import org.edgeprune.attribute.CircuitInput;
import org.edgeprune.attribute.CurveEvaluator;
import org.edgeprune.attribute.EdgeScores;
import org.edgeprune.attribute.FaithfulnessCurve;
import org.edgeprune.attribute.Objective;
import org.edgeprune.attribute.Ranking;
import org.edgeprune.attribute.ScoredStart;
import org.edgeprune.eval.AblationStates;
import org.edgeprune.eval.Evaluator;
import org.edgeprune.graph.Ablation;
import org.edgeprune.graph.Jaccard;
import org.edgeprune.io.Complaint;
import org.edgeprune.io.Digest;
import org.edgeprune.io.FolderLock;
import org.edgeprune.io.Folders;
import org.edgeprune.io.InputException;
import org.edgeprune.io.Json;
import org.edgeprune.prune.LoadedModel;
import org.edgeprune.prune.PruneOptions;
import org.edgeprune.prune.Pruner;
import org.edgeprune.prune.RunDirectory;
import org.edgeprune.prune.RunInputs;
import org.edgeprune.prune.RunRecord;
import org.edgeprune.prune.StepMetrics;
import org.edgeprune.task.DataRequest;
import org.edgeprune.task.Dataset;
import org.edgeprune.task.Records;
import org.edgeprune.task.Scorer;
import org.edgeprune.task.Task;

/**
 * Compares methods on one task: each finds circuits on training prompts, which are evaluated at ten sizes on held-out
 * prompts under interchange ablation, and finds those of 5% of the edges again on other prompts with another seed.
 *
 * <p>Edge pruning refines the ranking of {@link CircuitMethod#MATTR} once for each of the sizes 1, 2, 5 and 10%; a size
 * takes the best edges, by log_alpha, of the run that is nearest in size. Its targets are held, so that short runs
 * reach them, and only edges have masks, so that an edge's log_alpha alone ranks it. All other methods give one ranking
 * for all sizes.
 *
 * <ul>
 *   <li>{@code data-N}: the prompts of repetition N; the held-out ones are the test part of {@code data-1}
 *   <li>{@code METHOD/scores-N.safetensors}: the scores, those of the run for 5% where the method is edge pruning
 *   <li>{@code METHOD/run-N-SIZE}: the runs of edge pruning
 *   <li>{@code METHOD/result.json}: what was measured, a {@link MethodResult}
 * </ul>
 *
 * @param loaded the model
 * @param task what the circuits are for
 * @param effort how much work each method may do
 * @param repeats how often each method finds a circuit, at least 2
 * @param seed of prompts and methods
 * @param folder of the task's files
 */
public record MethodStudy(LoadedModel loaded, Task task, Effort effort, int repeats, long seed, Path folder) {
    /** The sizes that tables show, and that edge pruning is trained for. */
    public static final List<Double> SIZES = List.of(.01, .02, .05, .1);

    private static final double STABLE_SIZE = .05;
    private static final String PROBABILITY_DIFFERENCE = "probability_difference";
    private static final String REMEDY = "choose another --out, or remove it";
    private static final int EVALUATION_BATCH = 32;
    private static final long CACHE_BYTES = 1L << 30;

    /** Checks the number of repetitions. */
    public MethodStudy {
        if (repeats < 2) {
            throw new InputException("number of repetitions: must be at least 2, not " + repeats
                    + ": stability compares the circuits of two");
        }
    }

    /**
     * What was measured before.
     *
     * @param method the method
     * @return empty if it was not
     * @throws InputException if the file is damaged, or of another model, other prompts, effort or seed
     */
    public Optional<MethodResult> result(CircuitMethod method) {
        Path file = resultFile(method);
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        JsonNode tree = Json.read(file, REMEDY);
        MethodResult result = Json.SNAKE_CASE.value(file.toString(), tree, MethodResult.class, REMEDY);
        if (!madeFrom(method).equals(result.madeFrom())) {
            throw new InputException(
                    file + ": was measured with another model, other prompts, options or seed: " + REMEDY);
        }
        return Optional.of(result);
    }

    private Path resultFile(CircuitMethod method) {
        return folder.resolve(method.key()).resolve("result.json");
    }

    /**
     * Measures a method and writes the result.
     *
     * @param method the method
     * @param peak the peak of memory so far, asked when the method has found its first circuits; empty where other work
     *     was done before
     * @param progress follows each piece of work
     * @return what was measured
     * @throws InputException if the method cannot be used on the task
     */
    public MethodResult measure(
            CircuitMethod method, Supplier<Optional<Long>> peak, AttributionSetting.Progress progress) {
        Path files = made(folder.resolve(method.key()));
        Dataset data = dataset(1);
        Evaluator evaluator = new Evaluator(loaded.model(), scorer(), AblationStates.INTERCHANGE, EVALUATION_BATCH);
        long began = System.nanoTime();
        DoubleFunction<EdgeScores> found = find(method, 1, SIZES, progress);
        double seconds = (System.nanoTime() - began) / 1e9;
        Optional<Long> bytes = peak.get();
        List<EdgeScores> repeated = new ArrayList<>(List.of(found.apply(STABLE_SIZE)));
        for (int repeat = 2; repeat <= repeats; repeat++) {
            repeated.add(find(method, repeat, List.of(STABLE_SIZE), progress).apply(STABLE_SIZE));
        }
        for (int i = 0; i < repeats; i++) {
            repeated.get(i).write(files.resolve("scores-" + (i + 1) + ".safetensors"));
        }
        try (CurveEvaluator curves = new CurveEvaluator(evaluator, data.test(), Optional.empty())) {
            FaithfulnessCurve curve = curves.curve(found, method.ranking());
            MethodResult result = MethodResult.of(
                    task.fullName(),
                    method,
                    madeFrom(method),
                    seconds,
                    bytes,
                    curves.totalEdges(),
                    curve,
                    stability(method, repeated, curves.totalEdges()));
            Json.write(resultFile(method), Json.SNAKE_CASE.tree(result));
            return result;
        }
    }

    private static Path made(Path files) {
        try {
            Folders.make(files);
            return files;
        } catch (IOException e) {
            throw new InputException(
                    files + ": the folder cannot be made: " + Complaint.reason(e) + ": choose another --out", e);
        }
    }

    /** Scores by size. */
    private DoubleFunction<EdgeScores> find(
            CircuitMethod method, int repeat, List<Double> sizes, AttributionSetting.Progress progress) {
        Dataset data = dataset(repeat);
        MethodRunner runner =
                new MethodRunner(loaded.model(), scorer(), objective(), AblationStates.INTERCHANGE, effort);
        if (method == CircuitMethod.EDGE_PRUNING) {
            ScoredStart start = ScoredStart.of(
                    runner.scores(CircuitMethod.MATTR, data.train(), seed + repeat, progress), Ranking.SIGNED);
            List<EdgeScores> runs = sizes.stream()
                    .map(size -> prune(data, start, repeat, size, progress))
                    .toList();
            return size -> runs.get(nearest(sizes, size));
        }
        EdgeScores scores = runner.scores(method, data.train(), seed + repeat, progress);
        return size -> scores;
    }

    private static int nearest(List<Double> sizes, double size) {
        int nearest = 0;
        for (int i = 1; i < sizes.size(); i++) {
            if (Math.abs(Math.log(sizes.get(i) / size)) < Math.abs(Math.log(sizes.get(nearest) / size))) {
                nearest = i;
            }
        }
        return nearest;
    }

    private EdgeScores prune(
            Dataset data, ScoredStart start, int repeat, double size, AttributionSetting.Progress progress) {
        Path run = folder.resolve(CircuitMethod.EDGE_PRUNING.key()).resolve("run-" + repeat + "-" + size);
        try (FolderLock _ = FolderLock.of(run)) {
            PruneOptions refining = PruneOptions.preset(loaded)
                    .withEdgeSparsity(1 - size)
                    .refining()
                    .with(Ablation.INTERCHANGE)
                    .withSteps(effort.pruneSteps())
                    .withBatchSize(effort.pruneBatchSize())
                    .withSeed(seed + repeat);
            PruneOptions options = refining.with(refining.controls().withWarmStart(start.name()));
            Dataset used = data.withTrain(MethodRunner.first(data.train(), effort.prompts()));
            RunRecord record = RunRecord.of(
                    loaded, task, Optional.of(dataFolder(repeat)), used, CACHE_BYTES, OptionalDouble.empty(), options);
            new Pruner(
                            loaded.model(),
                            used,
                            scorer(),
                            record,
                            RunDirectory.create(run),
                            new Pruner.Pace(0, 0, CACHE_BYTES),
                            new Pruner.Sources(Optional.of(start), Optional.empty(), Map.of()))
                    .run(true, listener(progress));
        }
        return CircuitInput.of(run).scores(loaded.model().sizes(), note -> {});
    }

    private Pruner.Listener listener(AttributionSetting.Progress progress) {
        return new Pruner.Listener() {
            @Override
            public void stepped(StepMetrics metrics) {
                progress.at(metrics.step() + 1L, effort.pruneSteps());
            }
        };
    }

    /** Circuits are those of the curve, in EAP-IG's graph. */
    private double stability(CircuitMethod method, List<EdgeScores> repeated, int totalEdges) {
        int edges = (int) (STABLE_SIZE * totalEdges);
        List<BitSet> circuits = repeated.stream()
                .map(scores -> CurveEvaluator.inEapIg(scores, loaded.model().graphShape()))
                .map(scores -> scores.top(edges, method.ranking()).edgeSet())
                .toList();
        double sum = 0;
        int pairs = 0;
        for (int i = 0; i < circuits.size(); i++) {
            for (int j = 0; j < i; j++) {
                sum += Jaccard.of(circuits.get(i), circuits.get(j));
                pairs++;
            }
        }
        return sum / pairs;
    }

    private Scorer scorer() {
        return task.scorer(loaded.tokenizer());
    }

    /** The loss that goes with the task's own metric. */
    private Objective objective() {
        return scorer().headline().equals(PROBABILITY_DIFFERENCE)
                ? Objective.PROBABILITY_DIFFERENCE
                : Objective.LOGIT_DIFFERENCE;
    }

    private Path dataFolder(int repeat) {
        return folder.resolve("data-" + repeat);
    }

    /** The prompts of a repetition, written at its first use. Those of another seed or effort are refused. */
    private Dataset dataset(int repeat) {
        int train = Math.max(effort.prompts(), effort.searchedPrompts());
        Records records = task.generate(DataRequest.seeded(seed + repeat)
                        .sizes(train, 1, effort.heldOutPrompts())
                        .tokenizer(loaded.tokenizer()))
                .records();
        records.provide(dataFolder(repeat));
        return task.tokenise(records, loaded.tokenizer());
    }

    private String madeFrom(CircuitMethod method) {
        ObjectNode all = Json.SNAKE_CASE.objectTree(effort);
        all.put("method", method.key());
        if (method == CircuitMethod.EDGE_PRUNING) {
            all.put("start", CircuitMethod.MATTR.key()); // it began with masks that were all alike until 0.2
        }
        all.put("repeats", repeats);
        all.put("seed", seed);
        all.put("model", loaded.sha256());
        Dataset data = dataset(1);
        all.put("train", RunInputs.digest(data.train()));
        all.put("test", RunInputs.digest(data.test()));
        return Digest.sha256(Json.canonical(all));
    }
}
