package org.edgeprune.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.edgeprune.attribute.AttributionDirectory;
import org.edgeprune.attribute.AttributionRecord;
import org.edgeprune.attribute.AttributionSetting;
import org.edgeprune.attribute.EdgeScores;
import org.edgeprune.attribute.LevelScores;
import org.edgeprune.attribute.Objective;
import org.edgeprune.attribute.Ranking;
import org.edgeprune.attribute.ScoreLevels;
import org.edgeprune.engine.Ranks;
import org.edgeprune.engine.Workers;
import org.edgeprune.eval.AblationStates;
import org.edgeprune.eval.ReferencePrompts;
import org.edgeprune.graph.Ablation;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.hub.BundledModel;
import org.edgeprune.io.InputException;
import org.edgeprune.io.Json;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.prune.LoadedModel;
import org.edgeprune.prune.RankedDirectory;
import org.edgeprune.prune.SameRun;
import org.edgeprune.task.Example;
import org.edgeprune.task.Split;
import org.edgeprune.task.Task;
import org.edgeprune.task.Tasks;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What every command takes that scores edges: model, task, objective, ablation, folder, and what computes. */
final class AttributionOptions {
    @Mixin
    private ObjectiveOption objective;

    @Option(
            names = "--ablation",
            paramLabel = "KIND",
            completionCandidates = AblationNames.class,
            defaultValue = "interchange",
            description = "What an ablated edge carries: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
    private Ablation ablation;

    @Mixin
    private ModelOption model;

    @Mixin
    private TaskOptions task;

    @Option(
            names = "--split",
            paramLabel = "SPLIT",
            defaultValue = "TRAIN",
            description = "Part of the data: ${COMPLETION-CANDIDATES} (default: train).")
    private Split split;

    @Mixin
    private SamplesOption samples;

    @Mixin
    private SeedOption seed;

    @Option(
            names = {"-o", "--out"},
            paramLabel = "DIR",
            required = true,
            description = "Folder of the result.")
    private Path out;

    @Option(
            names = "--resume",
            description = "Continue the run in --out, with the same options; begin if there is none.")
    private boolean resume;

    @Mixin
    private ExecutionOptions execution;

    @Mixin
    private RecomputeOption recompute;

    /**
     * A method with its parameters.
     *
     * @param name in {@code run.json}
     * @param steps of integration or of training; empty for none
     * @param batchSize examples of a batch
     * @param ranking what makes an edge strong by its scores
     * @param parameters that it has besides, for a model
     * @param levels what is scored beside edges
     */
    record Method(
            String name,
            Optional<Integer> steps,
            int batchSize,
            Ranking ranking,
            Function<TransformerModel, Map<String, Object>> parameters,
            ScoreLevels levels) {
        /** The same with parameters that are alike for all models. */
        Method(
                String name,
                Optional<Integer> steps,
                int batchSize,
                Ranking ranking,
                Map<String, Object> parameters,
                ScoreLevels levels) {
            this(name, steps, batchSize, ranking, _ -> parameters, levels);
        }
    }

    /**
     * All that a method works with.
     *
     * @param summary what will be printed, which a method may add to
     */
    record Job(
            LoadedModel loaded,
            AttributionSetting setting,
            List<Example> examples,
            AttributionDirectory directory,
            AttributionRecord record,
            Map<String, Object> summary) {}

    /** A method at work. */
    @FunctionalInterface
    interface Work {
        LevelScores scores(Job job);
    }

    /** The objective that was given, or the usual one. */
    Objective objective(Objective otherwise) {
        return objective.value().orElse(otherwise);
    }

    long seed() {
        return seed.value();
    }

    /** Scores edges, writes the result to {@code --out} and prints what is strongest. */
    void run(Method method, Objective chosen, Results results, Ranks ranks, Work work) {
        Bounds.atLeast(1, "--batch-size", method.batchSize());
        samples.check();
        try (RankedDirectory folder = RankedDirectory.of(
                out, ranks, AttributionDirectory.READ, path -> new AttributionDirectory(path).requireUsable(resume))) {
            folder.lock().note().ifPresent(results::note);
            try (ResumeHint _ = results.resumeHint("To continue, repeat the command with --resume.")) {
                run(method, chosen, new AttributionDirectory(folder.folder()), results, ranks, work);
            }
        }
    }

    private void run(
            Method method, Objective chosen, AttributionDirectory directory, Results results, Ranks ranks, Work work) {
        String name = model.name(BundledModel.NAME);
        Path modelDirectory = ModelOption.directory(name);
        Task itsTask = Tasks.named(task.name(Optional.empty())).forModel(modelDirectory);
        try (LoadedModel loaded =
                LoadedModel.open(name, modelDirectory, recompute.over(execution.start(modelDirectory)))) {
            results.note(loaded.model());
            List<Example> examples = examples(itsTask, loaded, results);
            method.levels().positionCount(examples); // refuses prompts of several lengths, before anything is written
            AttributionRecord record = record(method, loaded, itsTask, chosen, examples);
            SameRun.require(
                    Json.SNAKE_CASE
                            .objectTree(record)
                            .put(
                                    "micro_batch",
                                    loaded.model()
                                            .execution()
                                            .microBatchOf(loaded.model().sizes())),
                    ranks);
            if (directory.holdsRecord()) {
                requireSame(directory, record);
            }
            Map<String, Object> summary = summary(record);
            LevelScores scores;
            if (Files.exists(directory.scoresFile())) {
                results.note(directory.path() + ": was done before");
                EdgeScores.read(directory.scoresFile(), loaded.model().graphShape()); // refuses another graph's
                scores = LevelScores.read(directory.scoresFile());
            } else {
                long began = System.nanoTime();
                ReferencePrompts reference = new ReferencePrompts(examples, seed.value());
                reference.requireFor(ablation, split.key(), examples);
                try (AblationStates states = AblationStates.of(
                        ablation,
                        loaded.model(),
                        reference,
                        method.batchSize(),
                        method.levels().neurons())) {
                    AttributionSetting setting = new AttributionSetting(
                            loaded.model(),
                            new ComputationGraph(loaded.model().graphShape()),
                            itsTask.scorer(loaded.tokenizer()),
                            chosen,
                            states,
                            method.batchSize(),
                            Workers.of(loaded.model().execution()).on(ranks));
                    setting.requireAnswers(examples);
                    scores = work.scores(new Job(loaded, setting, examples, directory, record, summary));
                }
                summary.put("seconds", (System.nanoTime() - began) / 1e9);
                directory.write(scores);
            }
            new ScoreSummary(scores, method.ranking(), summary, directory.scoresFile()).print(results);
        }
    }

    private List<Example> examples(Task itsTask, LoadedModel loaded, Results results) {
        return samples.first(new PromptSource(itsTask, task.data(Optional.empty()), null, Optional.of(seed.value()))
                .read(loaded.tokenizer(), loaded.model().maxPositions(), results)
                .part(split));
    }

    private AttributionRecord record(
            Method method, LoadedModel loaded, Task itsTask, Objective chosen, List<Example> examples) {
        Path data = task.data(Optional.empty());
        return AttributionRecord.of(
                loaded,
                itsTask.fullName(),
                data == null ? null : data.toString(),
                split,
                examples,
                new AttributionRecord.Options(
                        method.name(),
                        method.steps().orElse(null),
                        chosen.key(),
                        ablation.name(),
                        method.batchSize(),
                        seed.value(),
                        method.parameters().apply(loaded.model())));
    }

    private static void requireSame(AttributionDirectory directory, AttributionRecord record) {
        List<String> differences = record.differencesFrom(directory.readRecord());
        if (!differences.isEmpty()) {
            throw new InputException(
                    directory.path() + ": belongs to a run with other options, data or model (changed: "
                            + String.join(", ", differences)
                            + "): resume with what run.json says, or start anew in another --out");
        }
    }

    private static Map<String, Object> summary(AttributionRecord record) {
        Map<String, Object> summary = new LinkedHashMap<>();
        summary.put("model", record.model());
        summary.put("task", record.task());
        summary.put("method", record.options().method());
        if (record.options().steps() != null) {
            summary.put("steps", record.options().steps());
        }
        summary.put("objective", record.options().objective());
        summary.put("ablation", record.options().ablation());
        summary.put("split", record.split());
        summary.put("examples", record.examples());
        return summary;
    }
}
