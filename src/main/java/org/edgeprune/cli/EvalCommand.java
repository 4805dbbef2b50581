package org.edgeprune.cli;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.edgeprune.eval.Evaluation;
import org.edgeprune.eval.Evaluator;
import org.edgeprune.graph.Ablation;
import org.edgeprune.graph.Circuit;
import org.edgeprune.hub.BundledModel;
import org.edgeprune.io.AtomicFile;
import org.edgeprune.io.InputException;
import org.edgeprune.mask.MaskValues;
import org.edgeprune.model.ModelSizes;
import org.edgeprune.model.Models;
import org.edgeprune.prune.LoadedModel;
import org.edgeprune.prune.RunRecord;
import org.edgeprune.prune.SavedMasks;
import org.edgeprune.task.Example;
import org.edgeprune.task.PromptTokenizer;
import org.edgeprune.task.Split;
import org.edgeprune.task.Task;
import org.edgeprune.task.Tasks;
import org.edgeprune.torch.DType;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code edgeprune eval}: evaluates a circuit or a model on a task. */
@Command(
        name = "eval",
        description = {
            "Evaluate a circuit on a task: accuracy, KL to the full model and other metrics, beside the full model's.",
            "The circuit is that of a run, of a checkpoint of the published implementation, or of an edges.json;",
            "without a circuit, the full model is evaluated."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  edgeprune eval out/demo",
            "  edgeprune eval out/demo --data data/other --split validation --examples out/examples.jsonl",
            "  edgeprune eval --edges edges.json --model path/to/gpt2 --task gt",
            "  edgeprune eval --model path/to/gpt2 --task ioi --json"
        })
final class EvalCommand implements Callable<Integer> {
    @Parameters(
            paramLabel = "RUN",
            arity = "0..1",
            description = "Directory of a run, or a checkpoint of the published implementation.")
    private Path run;

    @Option(names = "--edges", paramLabel = "FILE", description = "An edges.json to evaluate.")
    private Path edges;

    @Mixin
    private ModelOption model;

    @Mixin
    private TaskOptions task;

    @Option(
            names = "--split",
            paramLabel = "SPLIT",
            defaultValue = "TEST",
            description = "Split of the data: ${COMPLETION-CANDIDATES} (default: test).")
    private Split split;

    @Option(names = "--seed", paramLabel = "N", description = "Seed of generated data (default: 42, or the run's).")
    private Optional<Long> seed = Optional.empty();

    @Option(
            names = "--ablation",
            paramLabel = "KIND",
            completionCandidates = AblationNames.class,
            description =
                    "What an ablated edge carries: ${COMPLETION-CANDIDATES} (default: interchange, or the run's).")
    private Optional<Ablation> ablation = Optional.empty();

    @Option(
            names = "--batch-size",
            paramLabel = "N",
            defaultValue = "32",
            description = "Examples per pass (default: ${DEFAULT-VALUE}).")
    private int batchSize;

    @Option(
            names = "--examples",
            paramLabel = "FILE",
            description = "Write the result of each example, one JSON object on each line.")
    private Path examplesFile;

    @Mixin
    private ExecutionOptions execution;

    @Mixin
    private Results results;

    @Override
    public Integer call() {
        if (run != null && edges != null) {
            throw new InputException("a run and --edges " + edges + " were given: name one circuit");
        }
        if (batchSize < 1) {
            throw new InputException("--batch-size " + batchSize + ": must be at least 1");
        }
        Optional<RunRecord> record = run == null ? Optional.empty() : SavedMasks.runOf(run);
        String modelName = model.name(record.map(RunRecord::model).orElse(BundledModel.NAME));
        Path directory = ModelOption.directory(modelName);
        String taskName = task.name(record.map(RunRecord::task));
        Task chosen = Tasks.named(taskName).forModel(directory);
        Optional<MaskValues> masks = masks(Models.sizes(directory));
        Ablation cut =
                ablation.or(() -> record.map(r -> r.options().ablation())).orElse(Ablation.INTERCHANGE);
        try (LoadedModel opened = LoadedModel.open(modelName, directory, execution.start(directory))) {
            PromptTokenizer tokenizer = opened.tokenizer();
            results.note(opened.model());
            List<Example> examples = new PromptSource(chosen, task.data(record.map(RunRecord::data)), run, seed)
                    .read(tokenizer, opened.model().maxPositions(), results)
                    .part(split);
            record.ifPresent(made -> compareWith(made, opened, examples));
            Evaluator evaluator = new Evaluator(opened.model(), chosen.scorer(tokenizer), cut, batchSize);
            Evaluation evaluation = masks.map(circuit -> evaluator.evaluate(examples, circuit))
                    .orElseGet(() -> evaluator.evaluateFullModel(examples));
            if (examplesFile != null) {
                AtomicFile.writeText(examplesFile, evaluation.toJsonLines(tokenizer));
            }
            Map<String, Object> summary = new LinkedHashMap<>();
            summary.put("model", modelName);
            summary.put("circuit", run != null ? run.toString() : edges != null ? edges.toString() : "whole model");
            summary.put("task", taskName);
            summary.put("split", split.key());
            summary.putAll(masks.map(evaluation::summary).orElseGet(evaluation::summaryOfFullModel));
            results.print(summary, () -> text(summary));
            return 0;
        }
    }

    /**
     * Refuses a model or data that have changed since the run was made; a model that was named on the command line only
     * leads to a note.
     */
    private void compareWith(RunRecord made, LoadedModel opened, List<Example> examples) {
        DType dtype = opened.model().execution().dtype();
        if (dtype != made.computeDtype()) {
            results.note(run + ": was made in " + made.computeDtype() + " and is evaluated in " + dtype
                    + "; --compute-dtype " + made.computeDtype() + " gives the run's own numbers");
        }
        if (made.inputs() == null) {
            results.note(
                    run + ": was made by an earlier version, which did not record the contents of data, config.json and"
                            + " tokenizer: they may have changed since then");
            return;
        }
        List<String> changed = made.changedIn(opened);
        if (!changed.isEmpty() && model.given()) {
            results.note(run + ": was made with another model, which differs in " + String.join(", ", changed));
            return;
        }
        if (!changed.isEmpty()) {
            throw new InputException(
                    run + ": " + String.join(", ", changed) + " of " + opened.name()
                            + " changed since the run was made: restore them, or name the model with --model to use it as it is");
        }
        boolean ofRun = !task.given() && seed.isEmpty();
        if (ofRun && !made.hadExamples(split, examples)) {
            throw new InputException(run + ": the " + split.key() + " examples changed since the run was made: restore"
                    + " them, or name them with --data to use them as they are");
        }
    }

    /** The circuit's binary masks; empty for the whole model. */
    private Optional<MaskValues> masks(ModelSizes sizes) {
        execution.prepare();
        if (run != null) {
            return Optional.of(SavedMasks.open(run, sizes, results::note).binary());
        }
        return edges == null ? Optional.empty() : Optional.of(MaskValues.of(circuit(sizes)));
    }

    /** An edges.json does not name its graph, so the assumption is printed. */
    private Circuit circuit(ModelSizes sizes) {
        Circuit circuit = Circuit.read(edges, sizes.graph());
        if (sizes.graph().hasEmbeddings() && !circuit.graph().shape().hasEmbeddings()) {
            results.note(edges
                    + ": no edge begins at an embedding, so every reader is assumed to read the embeddings, as in a"
                    + " graph without embedding nodes");
        }
        return circuit;
    }

    private static String text(Map<String, Object> summary) {
        Table table = new Table();
        summary.forEach(table::row);
        return table.toString();
    }
}
