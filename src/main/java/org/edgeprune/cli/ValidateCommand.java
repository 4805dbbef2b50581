package org.edgeprune.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.edgeprune.attribute.CircuitInput;
import org.edgeprune.eval.AblationStates;
import org.edgeprune.eval.Evaluator;
import org.edgeprune.eval.ReferencePrompts;
import org.edgeprune.eval.RepeatedEvaluator;
import org.edgeprune.graph.Ablation;
import org.edgeprune.graph.Circuit;
import org.edgeprune.hub.BundledModel;
import org.edgeprune.io.InputException;
import org.edgeprune.model.ModelSizes;
import org.edgeprune.model.Models;
import org.edgeprune.prune.LoadedModel;
import org.edgeprune.prune.RunRecord;
import org.edgeprune.task.Dataset;
import org.edgeprune.task.Example;
import org.edgeprune.task.Split;
import org.edgeprune.task.Task;
import org.edgeprune.task.Tasks;
import org.edgeprune.validate.Check;
import org.edgeprune.validate.CircuitValidation;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code edgeprune validate}: tests a circuit. */
@Command(
        name = "validate",
        description = {
            "Test a circuit on held-out prompts: is it faithful, complete, minimal, better than random circuits of its size,",
            "and as good with other corrupted prompts? With the runs of other seeds: how much do the circuits share?",
            "Prints one page that says of each test what has to be true, whether it holds, and the numbers."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  edgeprune validate out/demo",
            "  edgeprune validate out/seed-1 out/seed-2 out/seed-3 --max-samples 200 --json",
            "  edgeprune validate out/demo --random-weights --bootstrap 5",
            "  edgeprune validate edges.json --model path/to/gpt2 --task ioi"
        })
final class ValidateCommand implements Callable<Integer> {
    @Parameters(
            paramLabel = "CIRCUIT",
            arity = "1..*",
            description =
                    "What is tested: the directory of a run, or a file of a circuit; then circuits of other runs, which it is only compared with.")
    private List<Path> circuits;

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

    @Option(
            names = "--max-samples",
            paramLabel = "N",
            defaultValue = "100",
            description = "Use the first N examples only (default: ${DEFAULT-VALUE}).")
    private int maxSamples;

    @Option(
            names = "--draws",
            paramLabel = "N",
            defaultValue = "50",
            description = "Random circuits, sets of edges and edges to compare with (default: ${DEFAULT-VALUE}).")
    private int draws;

    @Option(
            names = "--max-edges",
            paramLabel = "N",
            defaultValue = "500",
            description =
                    "Edges that are knocked out one by one, for minimality; of a larger circuit, that many are drawn at random (default: ${DEFAULT-VALUE}).")
    private int maxEdges;

    @Mixin
    private RepetitionOptions repetitions;

    @Mixin
    private SeedOption seed;

    @Mixin
    private ExecutionOptions execution;

    @Mixin
    private Results results;

    private record Page(
            String circuit,
            String model,
            String task,
            String split,
            int examples,
            String ablation,
            int numEdges,
            int totalEdges,
            int holding,
            List<Check> checks) {}

    @Override
    public Integer call() {
        Bounds.atLeast(1, "--max-samples", maxSamples);
        Bounds.atLeast(1, "--max-edges", maxEdges);
        CircuitValidation.Options drawing = options();
        List<CircuitInput> inputs = circuits.stream().map(CircuitInput::of).toList();
        CircuitInput first = inputs.getFirst();
        Optional<CircuitInput.Origin> origin = first.origin();
        Optional<RunRecord> record = PromptSource.record(first);
        String modelName = model.name(origin.map(CircuitInput.Origin::model).orElse(BundledModel.NAME));
        Path directory = ModelOption.directory(modelName);
        String taskName = task.name(origin.map(CircuitInput.Origin::task));
        repetitions.requireFor(first.path(), record, modelName, taskName, task.givesData());
        Task chosen = Tasks.named(taskName).forModel(directory);
        execution.prepare();
        ModelSizes sizes = Models.sizes(directory);
        List<Circuit> read = new ArrayList<>();
        for (CircuitInput input : inputs) {
            read.add(sameGraph(input, input.circuit(sizes, results::note), read));
        }
        if (read.getFirst().size() == 0) {
            throw new InputException(first.path() + ": the circuit has no edges: there is nothing to test");
        }
        Ablation ablation = origin.flatMap(CircuitInput.Origin::ablation).orElse(Ablation.INTERCHANGE);
        try (LoadedModel opened = LoadedModel.open(modelName, directory, execution.start(directory))) {
            results.note(opened.model());
            Dataset data = new PromptSource(
                            chosen,
                            task.data(origin.flatMap(CircuitInput.Origin::data)),
                            record.isPresent() ? first.path() : null,
                            Optional.empty(),
                            !task.givesData() && PromptSource.divides(record))
                    .read(opened.tokenizer(), opened.model().maxPositions(), results);
            List<Example> all = data.part(split);
            record.filter(made -> made.task().equals(taskName) && !task.givesData())
                    .ifPresent(made -> PromptSource.requireExamplesOf(first.path(), made, split, all));
            List<Example> examples = all.subList(0, Math.min(maxSamples, all.size()));
            Optional<RepetitionOptions.Repeated> repeated = repetitions.of(
                    opened, chosen, record, made -> trained(first.path(), made, data), seed.value(), results);
            List<Check> checks;
            try (AblationStates states = states(ablation, opened, first, data);
                    RepeatedEvaluator evaluator = new RepeatedEvaluator(
                            new Evaluator(
                                    opened.model(), chosen.scorer(opened.tokenizer()), states, Evaluator.BATCH_SIZE),
                            examples,
                            OpenedRun.CACHE_BYTES)) {
                List<Circuit> drawn =
                        repeated.map(RepetitionOptions.Repeated::drawn).orElse(List.of());
                checks = checks(read, drawn, evaluator, drawing);
            }
            repeated.flatMap(again -> again.randomWeights(examples, checks.getFirst()))
                    .ifPresent(checks::add);
            Page page = new Page(
                    first.path().toString(),
                    modelName,
                    taskName,
                    split.key(),
                    examples.size(),
                    ablation.name(),
                    read.getFirst().size(),
                    read.getFirst().graph().edgeCount(),
                    (int) checks.stream().filter(Check::holds).count(),
                    checks);
            results.print(page, () -> text(page));
        }
        return 0;
    }

    /** With the reference prompts of the run or attribution, or else all training examples. */
    private AblationStates states(Ablation kind, LoadedModel opened, CircuitInput circuit, Dataset data) {
        CircuitInput.Reference which = circuit.origin()
                .flatMap(CircuitInput.Origin::reference)
                .orElseGet(() ->
                        new CircuitInput.Reference(Split.TRAIN, Integer.MAX_VALUE, seed.value(), Evaluator.BATCH_SIZE));
        ReferencePrompts prompts = which.of(
                kind.needsReferencePrompts()
                        ? PromptSource.reference(List.of(circuit), opened, data, task.givesData(), results)
                        : data);
        prompts.requireFor(kind, split.key(), data.part(split));
        return AblationStates.of(kind, opened.model(), prompts, which.batchSize());
    }

    private List<Check> checks(
            List<Circuit> circuits,
            List<Circuit> drawn,
            RepeatedEvaluator evaluator,
            CircuitValidation.Options options) {
        Ablation ablation = evaluator.evaluator().ablation().kind();
        long total = CircuitValidation.work(circuits.getFirst(), ablation, options) + drawn.size();
        long[] done = {0};
        try (Progress progress = new Progress("validating", "circuits", total)) {
            CircuitValidation validation = new CircuitValidation(
                    evaluator, circuits.getFirst(), options, () -> progress.at(++done[0], () -> ""));
            List<Check> checks = new ArrayList<>(validation.checks());
            if (circuits.size() > 1) {
                checks.add(validation.stability(circuits.subList(1, circuits.size())));
            }
            if (!drawn.isEmpty()) {
                checks.add(validation.bootstrap(drawn));
            }
            return checks;
        }
    }

    /** The run's data, of the training part what it used. */
    private static Dataset trained(Path run, RunRecord made, Dataset data) {
        List<Example> train = data.train();
        PromptSource.requireExamplesOf(run, made, Split.TRAIN, train);
        return data.withTrain(train.subList(0, Math.min(made.examples(), train.size())));
    }

    private CircuitValidation.Options options() {
        try {
            return new CircuitValidation.Options(draws, maxEdges, seed.value());
        } catch (IllegalArgumentException e) {
            throw new InputException("--draws: " + e.getMessage(), e);
        }
    }

    private Circuit sameGraph(CircuitInput input, Circuit circuit, List<Circuit> before) {
        if (!before.isEmpty()
                && !before.getFirst().graph().shape().equals(circuit.graph().shape())) {
            throw new InputException(input.path() + ": is a circuit of another graph than " + circuits.getFirst()
                    + ", with or without embedding nodes: compare runs of one graph");
        }
        return circuit;
    }

    private static String text(Page page) {
        Table head = new Table();
        head.row("circuit", page.circuit())
                .row("model", page.model())
                .row("task", page.task())
                .row("split", page.split())
                .row("examples", page.examples())
                .row("ablation", page.ablation())
                .row("edges", page.numEdges() + " of " + page.totalEdges())
                .row("tests that hold", page.holding() + " of " + page.checks().size());
        StringBuilder text = new StringBuilder(head.toString());
        for (Check check : page.checks()) {
            text.append("\n%s: %s%n  %s%n"
                    .formatted(check.name(), check.holds() ? "holds" : "does not hold", check.criterion()));
            Table numbers = new Table();
            Map<String, Double> values = new LinkedHashMap<>(check.values());
            values.forEach((name, value) -> numbers.row("  " + name, number(value)));
            text.append(numbers);
        }
        return text.toString();
    }

    /** Counts are printed as such. */
    private static Object number(double value) {
        return value == Math.rint(value) && Math.abs(value) < 1e9 ? (Object) (long) value : (Object) value;
    }
}
