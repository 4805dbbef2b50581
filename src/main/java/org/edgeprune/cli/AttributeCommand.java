package org.edgeprune.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import org.edgeprune.attribute.AttributionDirectory;
import org.edgeprune.attribute.AttributionMemory;
import org.edgeprune.attribute.AttributionMethod;
import org.edgeprune.attribute.AttributionRecord;
import org.edgeprune.attribute.AttributionSetting;
import org.edgeprune.attribute.EdgeScores;
import org.edgeprune.attribute.ExactPatching;
import org.edgeprune.attribute.GradientAttribution;
import org.edgeprune.attribute.GradientMethod;
import org.edgeprune.attribute.PromptScores;
import org.edgeprune.attribute.RandomScores;
import org.edgeprune.attribute.Ranking;
import org.edgeprune.graph.Ablation;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.graph.Edge;
import org.edgeprune.graph.Writer;
import org.edgeprune.hub.BundledModel;
import org.edgeprune.io.FolderLock;
import org.edgeprune.io.InputException;
import org.edgeprune.prune.LoadedModel;
import org.edgeprune.task.Example;
import org.edgeprune.task.Split;
import org.edgeprune.task.Task;
import org.edgeprune.task.Tasks;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code edgeprune attribute}: scores every edge. */
@Command(
        name = "attribute",
        description = {
            "Score every edge by how much a task's loss rises when it is cut: by gradients (EAP, EAP-IG), which takes",
            "seconds, or exactly, one edge after the other. The scores are in OUT/scores.safetensors, what they were made",
            "from in OUT/run.json. A positive score: the edge helps."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  edgeprune attribute --task ioi --method eap --out out/eap",
            "  edgeprune attribute --task gt --method eap-ig-inputs --steps 20 --objective probability-difference --out out/gt-eap-ig",
            "  edgeprune attribute --task ioi --data data/ioi --method eap --bootstrap 100 --out out/stable",
            "  edgeprune attribute --task ioi --method exact --max-samples 20 --out out/exact --resume"
        })
final class AttributeCommand implements Callable<Integer> {
    private static final double SECONDS_BETWEEN_STATES = 30;
    private static final int SHOWN = 10;

    @Option(
            names = "--method",
            paramLabel = "METHOD",
            required = true,
            description = "How edges are scored: ${COMPLETION-CANDIDATES}.",
            completionCandidates = MethodNames.class)
    private AttributionMethod method;

    @Option(
            names = "--steps",
            paramLabel = "N",
            description = "Points of integration of eap-ig-inputs and eap-ig-activations (default: 20).")
    private Optional<Integer> steps = Optional.empty();

    @Mixin
    private ObjectiveOption objective;

    @Option(
            names = "--ablation",
            paramLabel = "KIND",
            completionCandidates = AblationNames.class,
            defaultValue = "interchange",
            description = "What a cut edge carries: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
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

    @Option(names = "--max-samples", paramLabel = "N", description = "Use the first N examples only.")
    private Optional<Integer> maxSamples = Optional.empty();

    @Mixin
    private SeedOption seed;

    @Option(
            names = "--batch-size",
            paramLabel = "N",
            defaultValue = "16",
            description = "Examples per batch, which is run in micro-batches (default: ${DEFAULT-VALUE}).")
    private int batchSize;

    @Option(
            names = "--bootstrap",
            paramLabel = "N",
            description =
                    "Also draw the prompts anew N times and say how much the best edges of the draws have in common"
                            + " (mean pairwise Jaccard index). Runs prompts one by one.")
    private Optional<Integer> bootstrap = Optional.empty();

    @Option(
            names = "--top",
            paramLabel = "N",
            description = "How many edges are the best ones of a draw (default: 1%% of all, at least 10).")
    private Optional<Integer> top = Optional.empty();

    @Option(names = "--out", paramLabel = "DIR", required = true, description = "Folder of the result.")
    private Path out;

    @Option(names = "--resume", description = "Continue the run in --out: exact patching goes on where it was cut off.")
    private boolean resume;

    @Mixin
    private ExecutionOptions execution;

    @Mixin
    private RecomputeOption recompute;

    @Mixin
    private Results results;

    @Override
    public Integer call() {
        checkOptions();
        AttributionDirectory directory = new AttributionDirectory(out);
        try (FolderLock lock = FolderLock.of(out)) {
            lock.note().ifPresent(results::note);
            directory.requireUsable(resume);
            attribute(directory);
        }
        return 0;
    }

    private void checkOptions() {
        requirePositive("--batch-size", Optional.of(batchSize));
        requirePositive("--steps", steps);
        requirePositive("--max-samples", maxSamples);
        requirePositive("--top", top);
        if (bootstrap.isPresent() && bootstrap.get() < 2) {
            throw new InputException("--bootstrap " + bootstrap.get() + ": must be at least 2");
        }
        if (bootstrap.isPresent() && method.gradients(1).isEmpty()) {
            throw new InputException("--bootstrap: --method " + method.key()
                    + " gives no scores of each prompt: use a method of gradients, such as eap");
        }
        if (top.isPresent() && bootstrap.isEmpty()) {
            throw new InputException("--top: says how many edges --bootstrap compares: give --bootstrap N, too");
        }
        if (steps.isPresent() && !method.hasSteps()) {
            throw new InputException("--steps: --method " + method.key() + " has none: leave it out");
        }
        method.requireSensible(objective.value());
    }

    private static void requirePositive(String option, Optional<Integer> value) {
        if (value.isPresent() && value.get() < 1) {
            throw new InputException(option + " " + value.get() + ": must be at least 1");
        }
    }

    private void attribute(AttributionDirectory directory) {
        String name = model.name(BundledModel.NAME);
        Path modelDirectory = ModelOption.directory(name);
        Task chosen = Tasks.named(task.name(Optional.empty())).forModel(modelDirectory);
        try (LoadedModel loaded =
                LoadedModel.open(name, modelDirectory, recompute.over(execution.start(modelDirectory)))) {
            results.note(loaded.model());
            List<Example> examples = examples(chosen, loaded);
            AttributionSetting setting = new AttributionSetting(
                    loaded.model(),
                    new ComputationGraph(loaded.model().graphShape()),
                    chosen.scorer(loaded.tokenizer()),
                    objective.value(),
                    ablation,
                    batchSize);
            AttributionRecord record = record(loaded, chosen, examples);
            if (directory.holdsRecord()) {
                requireSame(directory, record);
            }
            if (method != AttributionMethod.RANDOM) {
                setting.requireAnswers(examples);
                AttributionMemory.of(
                                setting,
                                loaded,
                                method,
                                stepCount(),
                                examples,
                                bootstrap.isPresent() ? examples.size() : 0)
                        .require(loaded.model().execution());
            }
            directory.write(record);
            long began = System.nanoTime();
            Map<String, Object> summary = summary(record);
            EdgeScores scores = scores(setting, examples, directory, record, summary);
            summary.put("seconds", (System.nanoTime() - began) / 1e9);
            directory.write(scores);
            show(directory, scores, summary);
        }
    }

    private List<Example> examples(Task chosen, LoadedModel loaded) {
        List<Example> all = new PromptSource(chosen, task.data(Optional.empty()), null, Optional.of(seed.value()))
                .read(loaded.tokenizer(), loaded.model().maxPositions(), results)
                .part(split);
        return maxSamples.isPresent() && maxSamples.get() < all.size() ? all.subList(0, maxSamples.get()) : all;
    }

    private int stepCount() {
        return steps.orElse(20);
    }

    private AttributionRecord record(LoadedModel loaded, Task chosen, List<Example> examples) {
        Path data = task.data(Optional.empty());
        return AttributionRecord.of(
                loaded,
                chosen.fullName(),
                data == null ? null : data.toString(),
                split,
                examples,
                new AttributionRecord.Options(
                        method.key(),
                        method.hasSteps() ? stepCount() : null,
                        objective.value().key(),
                        ablation.name(),
                        batchSize,
                        seed.value()));
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

    /** The scores; their stability is added to {@code summary} if it was requested. */
    private EdgeScores scores(
            AttributionSetting setting,
            List<Example> examples,
            AttributionDirectory directory,
            AttributionRecord record,
            Map<String, Object> summary) {
        if (Files.exists(directory.scoresFile()) && bootstrap.isEmpty()) {
            results.note(out + ": was done before");
            return EdgeScores.read(directory.scoresFile(), setting.model().graphShape());
        }
        if (method == AttributionMethod.RANDOM) {
            return RandomScores.of(setting.graph(), seed.value());
        }
        Optional<GradientMethod> gradients = method.gradients(stepCount());
        try (AttributionProgress progress = new AttributionProgress(method.key())) {
            if (gradients.isEmpty()) {
                return new ExactPatching(setting)
                        .scores(
                                examples,
                                directory.exactState(setting.graph(), record, SECONDS_BETWEEN_STATES),
                                progress);
            }
            GradientAttribution attribution = new GradientAttribution(setting, gradients.get());
            if (bootstrap.isEmpty()) {
                return attribution.scores(examples, progress);
            }
            PromptScores each = attribution.scoresByPrompt(examples, progress);
            int best = Math.min(
                    setting.graph().edgeCount(),
                    top.orElse(Math.max(10, setting.graph().edgeCount() / 100)));
            summary.put("bootstrap_resamples", bootstrap.get());
            summary.put("bootstrap_top", best);
            summary.put("bootstrap_jaccard", each.stability(bootstrap.get(), best, Ranking.ABSOLUTE, seed.value()));
            return each.mean();
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

    private record ScoredEdge(String writer, String reader, float score) {}

    private record ScoredHead(String head, float score) {}

    private void show(AttributionDirectory directory, EdgeScores scores, Map<String, Object> summary) {
        summary.put("num_edges", scores.size());
        List<ScoredEdge> edges = IntStream.of(scores.ranked(Ranking.ABSOLUTE))
                .limit(SHOWN)
                .mapToObj(i -> {
                    Edge edge = scores.graph().edge(i);
                    return new ScoredEdge(edge.writer().name(), edge.reader().name(), scores.at(i));
                })
                .toList();
        float[] byWriter = scores.byWriter();
        List<ScoredHead> heads = scores.graph().writers().stream()
                .filter(writer -> writer.kind() == Writer.Kind.HEAD)
                .map(writer -> new ScoredHead(writer.name(), byWriter[writer.index()]))
                .sorted(Comparator.comparing((ScoredHead head) -> -Math.abs(head.score())))
                .limit(SHOWN)
                .toList();
        Map<String, Object> all = new LinkedHashMap<>(summary);
        all.put("scores", directory.scoresFile().toString());
        all.put("strongest_edges", edges);
        all.put("strongest_heads", heads);
        results.print(all, () -> text(directory, summary, edges, heads));
    }

    private static String text(
            AttributionDirectory directory,
            Map<String, Object> summary,
            List<ScoredEdge> edges,
            List<ScoredHead> heads) {
        Table table = new Table();
        summary.forEach(table::row);
        Table strongest = new Table();
        edges.forEach(edge -> strongest.row(edge.writer() + " -> " + edge.reader(), (double) edge.score()));
        Table strongestHeads = new Table();
        heads.forEach(head -> strongestHeads.row(head.head(), (double) head.score()));
        return table + "\nStrongest edges\n" + strongest + "\nStrongest heads (sum over the edges out of each)\n"
                + strongestHeads + "\nThe scores are in " + directory.scoresFile();
    }

    /** The names of all methods, for help texts. */
    static final class MethodNames implements Iterable<String> {
        @Override
        public java.util.Iterator<String> iterator() {
            return Arrays.stream(AttributionMethod.values())
                    .map(AttributionMethod::key)
                    .iterator();
        }
    }
}
