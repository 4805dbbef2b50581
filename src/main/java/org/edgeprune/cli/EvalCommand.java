package org.edgeprune.cli;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.edgeprune.attribute.CircuitInput;
import org.edgeprune.attribute.EdgeScores;
import org.edgeprune.attribute.ScoredCircuit;
import org.edgeprune.attribute.Selection;
import org.edgeprune.engine.Ranks;
import org.edgeprune.engine.Workers;
import org.edgeprune.eval.AblationStates;
import org.edgeprune.eval.Evaluation;
import org.edgeprune.eval.Evaluator;
import org.edgeprune.eval.ReferencePrompts;
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
import org.edgeprune.task.DataRequest;
import org.edgeprune.task.Dataset;
import org.edgeprune.task.Example;
import org.edgeprune.task.HeldOut;
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
            "The circuit is that of a run, of a checkpoint of the published implementation, of an edges.json or of a",
            "graph file of EAP-IG; without one, the full model is evaluated. With --curve, scores of edges are",
            "evaluated at ten sizes: scores.safetensors or the directory of an attribution, a graph file of EAP-IG, or a",
            "run's log_alphas; finished circuits at their own sizes. Several are put in one plot. --edges-kept, --edge-sparsity and --threshold evaluate the best",
            "edges by such scores instead: a finished run at any size."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  edgeprune eval out/demo",
            "  edgeprune eval out/demo --edges-kept 100",
            "  edgeprune eval out/demo --data data/other --split validation --examples out/examples.jsonl",
            "  edgeprune eval --edges edges.json --model path/to/gpt2 --task gt",
            "  edgeprune eval --model path/to/gpt2 --task ioi --json",
            "  edgeprune eval --edges graph.json --model path/to/gpt2 --task ioi --data pairs.jsonl --curve --json",
            "  edgeprune eval out/eap out/demo --task ioi --curve --plot curves.svg"
        })
final class EvalCommand implements Ranked {
    @Parameters(
            paramLabel = "CIRCUIT",
            arity = "0..*",
            description =
                    "Directory of a run, a checkpoint of the published implementation, or a file of a circuit; with --curve, of scores.")
    private List<Path> circuits = List.of();

    @Option(
            names = "--edges",
            paramLabel = "FILE",
            description = "A file of a circuit or of scores: the same as CIRCUIT.")
    private Optional<Path> edges = Optional.empty();

    @Mixin
    private SelectionOptions selection;

    @Mixin
    private CurveOptions curve;

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

    @Mixin
    private SamplesOption samples;

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

    @Option(
            names = "--held-out",
            description =
                    "Also evaluate the circuit on generated prompts by what is new in them: the same kind, new templates, new words.")
    private boolean heldOut;

    @Mixin
    private ExecutionOptions execution;

    @Mixin
    private Results results;

    @Override
    public Results results() {
        return results;
    }

    @Override
    public int run(Ranks ranks) {
        boolean curves = curve.asked();
        List<CircuitInput> inputs = inputs(curves);
        samples.check();
        Bounds.atLeast(1, "--batch-size", batchSize);
        Optional<CircuitInput.Origin> origin = origin(inputs);
        Optional<Path> run = inputs.stream()
                .filter(input -> input.kind() == CircuitInput.Kind.MASKS)
                .map(CircuitInput::path)
                .findFirst();
        Optional<RunRecord> record = run.flatMap(SavedMasks::runOf);
        String modelName = model.name(origin.map(CircuitInput.Origin::model).orElse(BundledModel.NAME));
        Path directory = ModelOption.directory(modelName);
        String taskName = task.name(origin.map(CircuitInput.Origin::task));
        Task chosen = Tasks.named(taskName).forModel(directory);
        execution.prepare();
        ModelSizes sizes = Models.sizes(directory);
        Map<String, ScoredCircuit> compared = curves ? compared(inputs, sizes) : Map.of();
        Optional<MaskValues> masks = curves ? Optional.empty() : masks(inputs, sizes);
        Ablation cut =
                ablation.or(() -> origin.flatMap(CircuitInput.Origin::ablation)).orElse(Ablation.INTERCHANGE);
        try (LoadedModel opened = LoadedModel.open(modelName, directory, execution.start(directory))) {
            PromptTokenizer tokenizer = opened.tokenizer();
            results.note(opened.model());
            Path data = task.data(origin.flatMap(CircuitInput.Origin::data));
            boolean divided = !task.givesData() && PromptSource.divides(record);
            Dataset dataset = new PromptSource(chosen, data, run.orElse(null), seed, divided)
                    .read(tokenizer, opened.model().maxPositions(), results);
            List<Example> part = dataset.part(split);
            record.ifPresent(made -> compareWith(run.orElseThrow(), made, opened, taskName, part));
            List<Example> examples = samples.first(part);
            Ablation used = inputs.isEmpty() ? Ablation.ZERO : cut; // the whole model has no cut edges
            ReferencePrompts reference = reference(origin)
                    .of(
                            used.needsReferencePrompts()
                                    ? PromptSource.reference(inputs, opened, dataset, task.givesData(), results)
                                    : dataset);
            reference.requireFor(used, split.key(), examples);
            try (AblationStates states = AblationStates.of(
                    used,
                    opened.model(),
                    reference,
                    reference(origin).batchSize(),
                    masks.filter(MaskValues::hasNeurons).isPresent())) {
                Workers workers = Workers.of(opened.model().execution()).on(ranks);
                Evaluator evaluator =
                        new Evaluator(opened.model(), chosen.scorer(tokenizer), states, batchSize, workers);
                new RankedEval(
                                opened,
                                examples,
                                used.needsReferencePrompts() ? reference : ReferencePrompts.NONE,
                                evaluator)
                        .requireSame(masks, compared.values());
                Map<String, Object> summary = new LinkedHashMap<>();
                summary.put("model", modelName);
                if (curves) {
                    summary.put("task", taskName);
                    summary.put("split", split.key());
                    summary.put("examples", examples.size());
                    summary.put("ablation", cut.name());
                    CurveOptions.Measured measured = curve.measure(evaluator, examples, compared, selection.ranking());
                    if (ranks.isFirst()) {
                        curve.draw(measured);
                        print(summary, measured);
                    }
                    return 0;
                }
                Evaluation evaluation = masks.map(circuit -> evaluator.evaluate(examples, circuit))
                        .orElseGet(() -> evaluator.evaluateFullModel(examples));
                if (examplesFile != null && ranks.isFirst()) {
                    AtomicFile.writeText(examplesFile, evaluation.toJsonLines(tokenizer));
                }
                summary.put("circuit", given().findFirst().map(Path::toString).orElse("whole model"));
                summary.put("task", taskName);
                summary.put("split", split.key());
                masks.ifPresent(_ -> summary.put("ablation", cut.name()));
                summary.putAll(masks.map(evaluation::summary).orElseGet(evaluation::summaryOfFullModel));
                if (heldOut) {
                    summary.put("held_out", heldOut(chosen, request(tokenizer, record), dataset, evaluator, masks));
                }
                results.print(summary, () -> text(summary));
                return 0;
            }
        }
    }

    /** Evaluations by kind. The prompts of the data's training part are left out. */
    private Map<String, Object> heldOut(
            Task chosen, DataRequest request, Dataset dataset, Evaluator evaluator, Optional<MaskValues> masks) {
        Map<HeldOut, List<Example>> kinds = HeldOut.examples(chosen, request, dataset.train());
        if (kinds.isEmpty()) {
            throw new InputException("--held-out: task " + chosen.fullName()
                    + " generates no prompts of several kinds: leave it out, or name other prompts with --data");
        }
        Map<String, Object> evaluations = new LinkedHashMap<>();
        kinds.forEach((kind, all) -> {
            List<Example> examples = samples.first(all);
            evaluations.put(
                    kind.key(),
                    masks.map(circuit -> evaluator.evaluate(examples, circuit).brief())
                            .orElseGet(
                                    () -> evaluator.evaluateFullModel(examples).summaryOfFullModel()));
        });
        return evaluations;
    }

    /** With the run's seed, so that a run is evaluated on the same prompts as at its end. */
    private DataRequest request(PromptTokenizer tokenizer, Optional<RunRecord> record) {
        long chosen = seed.or(() -> record.map(made -> made.options().seed())).orElse(SeedOption.DEFAULT);
        return DataRequest.seeded(chosen).tokenizer(tokenizer);
    }

    /** What means are taken of, and prompts resampled from: what the run was made with, or all training examples. */
    private CircuitInput.Reference reference(Optional<CircuitInput.Origin> origin) {
        return origin.flatMap(CircuitInput.Origin::reference)
                .orElseGet(() -> new CircuitInput.Reference(
                        Split.TRAIN, Integer.MAX_VALUE, seed.orElse(SeedOption.DEFAULT), batchSize));
    }

    private Stream<Path> given() {
        return Stream.concat(circuits.stream(), edges.stream());
    }

    private List<CircuitInput> inputs(boolean curves) {
        List<Path> given = given().toList();
        if (curves && selection.selection().isPresent()) {
            throw new InputException("--curve: has sizes of its own: leave out " + selection.given());
        }
        if (given.isEmpty() && selection.selection().isPresent()) {
            throw new InputException(selection.given() + ": needs scores of edges: name the directory of a run or an"
                    + " attribution, a scores.safetensors or a graph file of EAP-IG");
        }
        if (curves && given.isEmpty()) {
            throw new InputException(
                    "--curve: needs scores or circuits: name a scores.safetensors, a graph file of EAP-IG, an edges.json,"
                            + " or the directory of a run or an attribution");
        }
        if (curves && heldOut) {
            throw new InputException("--held-out: is for one circuit: leave it out with --curve");
        }
        if (curves && examplesFile != null) {
            throw new InputException("--examples " + examplesFile + ": is for one circuit: leave it out with --curve");
        }
        if (!curves && given.size() > 1) {
            throw new InputException(given.get(0) + " and " + given.get(1) + " were given: name one circuit, or compare"
                    + " scores with --curve");
        }
        return given.stream().map(CircuitInput::of).toList();
    }

    /** What the first run or attribution was made from; those of other tasks are not compared by accident. */
    private Optional<CircuitInput.Origin> origin(List<CircuitInput> inputs) {
        List<CircuitInput.Origin> all =
                inputs.stream().flatMap(input -> input.origin().stream()).toList();
        List<String> tasks =
                all.stream().map(CircuitInput.Origin::task).distinct().toList();
        if (tasks.size() > 1 && !task.given()) {
            throw new InputException(
                    "these are of the tasks " + String.join(" and ", tasks) + ": name the one to evaluate with --task");
        }
        return all.stream().findFirst();
    }

    /** What is put on curves, by the names that were given. */
    private Map<String, ScoredCircuit> compared(List<CircuitInput> inputs, ModelSizes sizes) {
        Map<String, ScoredCircuit> compared = new LinkedHashMap<>();
        List<Path> names = given().toList();
        for (int i = 0; i < inputs.size(); i++) {
            CircuitInput input = inputs.get(i);
            if (input.kind() == CircuitInput.Kind.EAP_IG) {
                input.scores(sizes, results::note); // refuses edges without a score, which cannot be ranked
            }
            compared.put(
                    names.get(i).toString(),
                    input.kind() == CircuitInput.Kind.EDGES
                            ? new ScoredCircuit(Optional.of(circuit(input, sizes)), Optional.empty())
                            : input.open(sizes, results::note));
        }
        return compared;
    }

    private void print(Map<String, Object> head, CurveOptions.Measured measured) {
        results.print(measured.with(head), () -> CurveOptions.text(head, measured));
    }

    /**
     * Refuses a model or data that have changed since the run was made; a model that was named on the command line only
     * leads to a note.
     */
    private void compareWith(Path run, RunRecord made, LoadedModel opened, String taskName, List<Example> examples) {
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
        if (made.task().equals(taskName) && !task.givesData() && seed.isEmpty()) {
            PromptSource.requireExamplesOf(run, made, split, examples);
        }
    }

    /** The circuit's binary masks; empty for the whole model. */
    private Optional<MaskValues> masks(List<CircuitInput> inputs, ModelSizes sizes) {
        return inputs.stream().findFirst().map(input -> selection
                .selection()
                .map(how -> MaskValues.of(chosen(how, input, sizes)))
                .orElseGet(() -> input.kind() == CircuitInput.Kind.MASKS
                        ? SavedMasks.open(input.path(), sizes, results::note).binary()
                        : MaskValues.of(circuit(input, sizes))));
    }

    /** The best edges by an input's scores. */
    private Circuit chosen(Selection how, CircuitInput input, ModelSizes sizes) {
        EdgeScores scores = input.scores(sizes, results::note);
        Circuit best = how.from(scores, selection.ranking(input));
        return new ScoredCircuit(Optional.of(best), Optional.of(scores))
                .inModel(sizes.graph())
                .circuit()
                .orElseThrow();
    }

    /** A list of edges alone does not name its graph, so the assumption is printed. */
    private Circuit circuit(CircuitInput input, ModelSizes sizes) {
        Circuit circuit = input.circuit(sizes, results::note);
        if (sizes.graph().hasEmbeddings()
                && !circuit.graph().shape().hasEmbeddings()
                && !Circuit.saysItsGraph(input.path())) {
            results.note(input.path()
                    + ": no edge begins at an embedding, so every reader is assumed to read the embeddings, as in a"
                    + " graph without embedding nodes");
        }
        return circuit;
    }

    private static String text(Map<String, Object> summary) {
        Table table = new Table();
        table.rows(summary);
        return table.toString();
    }
}
