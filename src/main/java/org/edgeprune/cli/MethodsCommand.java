package org.edgeprune.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.edgeprune.hub.BundledModel;
import org.edgeprune.io.FolderLock;
import org.edgeprune.methods.CircuitMethod;
import org.edgeprune.methods.Effort;
import org.edgeprune.methods.MethodResult;
import org.edgeprune.methods.MethodStudy;
import org.edgeprune.methods.MethodTable;
import org.edgeprune.prune.LoadedModel;
import org.edgeprune.task.Tasks;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code edgeprune methods}: every method on the same tasks, in one table. */
@Command(
        name = "methods",
        description = {
            "Compare all methods of finding a circuit on the same prompts: CPR, CMD, KL and accuracy of the circuits of 1, 2, 5 and",
            "10%% of the edges on held-out prompts, time, memory, and how stable the circuits are. Says where edge pruning is",
            "not the best. OUT/TASK/METHOD has each result; what is there already is not computed again. Memory is only",
            "measured for the first method of a process: run_scripts/methods.sh starts one for each."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  edgeprune methods --out out/methods",
            "  edgeprune methods --tasks ioi --methods eap,eap-ig-inputs,random --out out/methods --json"
        })
final class MethodsCommand implements Callable<Integer> {
    @Option(
            names = {"-o", "--out"},
            paramLabel = "DIR",
            required = true,
            description = "Folder of the results.")
    private Path out;

    @Option(
            names = "--tasks",
            paramLabel = "NAMES",
            split = ",",
            defaultValue = "ioi,gt,gp",
            description = "Tasks, separated by commas (default: ${DEFAULT-VALUE}).")
    private List<String> tasks;

    @Option(
            names = "--methods",
            paramLabel = "NAMES",
            split = ",",
            description = "Methods, separated by commas: edge-pruning, eap, clean-corrupted, eap-ig-inputs,"
                    + " eap-ig-activations, exact, mattr, mattr-published, acdc, random (default: all).")
    private List<String> methods = List.of();

    @Option(
            names = "--repeats",
            paramLabel = "N",
            defaultValue = "2",
            description =
                    "How often a circuit of 5%% of the edges is found, each time on other prompts and with another seed: stability is the mean Jaccard index of two of them (default: ${DEFAULT-VALUE}).")
    private int repeats;

    @Option(
            names = "--prompts",
            paramLabel = "N",
            description = "Training prompts (default: 50; exact and acdc take at most 10 of them).")
    private Optional<Integer> prompts = Optional.empty();

    @Option(names = "--held-out", paramLabel = "N", description = "Prompts to evaluate on (default: 100).")
    private Optional<Integer> heldOut = Optional.empty();

    @Option(
            names = "--mattr-steps",
            paramLabel = "N",
            description =
                    "Steps of mattr-published, of one prompt each (default: 500; published: 5000); mattr makes three for each five of these, of eight prompts.")
    private Optional<Integer> mattrSteps = Optional.empty();

    @Option(
            names = "--prune-steps",
            paramLabel = "N",
            description =
                    "Steps of each run of edge pruning, of 16 prompts (default: 100), after those of its ranking.")
    private Optional<Integer> pruneSteps = Optional.empty();

    @Mixin
    private SeedOption seed;

    @Mixin
    private ModelOption model;

    @Mixin
    private ExecutionOptions execution;

    @Mixin
    private Results results;

    /** The table of a task. */
    private record TaskTable(String task, List<MethodResult> methods, List<MethodTable.Best> best) {}

    @Override
    public Integer call() {
        Effort effort = effort();
        List<CircuitMethod> chosen = methods.isEmpty()
                ? List.of(CircuitMethod.values())
                : methods.stream().map(CircuitMethod::named).distinct().toList();
        tasks.forEach(Tasks::named); // refuses unknown names before anything is computed
        try (FolderLock lock = FolderLock.of(out)) {
            lock.note().ifPresent(results::note);
            OutFolder.requireOwnOrEmpty(
                    out,
                    "comparison of methods",
                    file -> isTask(file.getFileName().toString()));
            List<TaskTable> tables = tables(chosen, effort);
            results.print(tables, () -> tables.stream().map(this::text).collect(Collectors.joining("\n")));
        }
        return 0;
    }

    private static boolean isTask(String name) {
        return Tasks.all().stream().anyMatch(task -> name.equals(task.name()) || name.startsWith(task.name() + ":"));
    }

    private Effort effort() {
        Effort usual = Effort.STANDARD;
        int count = prompts.orElse(usual.prompts());
        return new Effort(
                count,
                Math.min(count, usual.searchedPrompts()),
                heldOut.orElse(usual.heldOutPrompts()),
                usual.integrationSteps(),
                mattrSteps.orElse(usual.mattrSteps()),
                pruneSteps.orElse(usual.pruneSteps()),
                usual.pruneBatchSize());
    }

    private List<TaskTable> tables(List<CircuitMethod> chosen, Effort effort) {
        String name = model.name(BundledModel.NAME);
        Path directory = ModelOption.directory(name);
        List<TaskTable> tables = new ArrayList<>();
        try (LoadedModel loaded = LoadedModel.open(name, directory, execution.start(directory))) {
            results.note(loaded.model());
            boolean first = true;
            for (String task : tasks) {
                MethodStudy study = new MethodStudy(
                        loaded,
                        Tasks.named(task).forModel(directory),
                        effort,
                        repeats,
                        seed.value(),
                        out.resolve(task));
                List<MethodResult> measured = new ArrayList<>();
                for (CircuitMethod method : chosen) {
                    Optional<MethodResult> before = study.result(method);
                    measured.add(before.isPresent() ? before.get() : measure(study, task, method, first));
                    first &= before.isPresent();
                }
                tables.add(new TaskTable(task, measured, new MethodTable(measured).best()));
            }
        }
        return tables;
    }

    private MethodResult measure(MethodStudy study, String task, CircuitMethod method, boolean first) {
        try (PeakMemory memory = PeakMemory.watching();
                AttributionProgress progress = new AttributionProgress(task + ", " + method.key(), "steps")) {
            return study.measure(
                    method, () -> first ? Optional.of(memory.peak().anonymous()) : Optional.empty(), progress);
        }
    }

    private String text(TaskTable of) {
        MethodTable all = new MethodTable(of.methods());
        MethodResult any = of.methods().getFirst();
        List<MethodTable.Column> columns = all.columns();
        Table table = new Table();
        List<Object> head = new ArrayList<>(List.of("method"));
        columns.forEach(column -> head.add(column.name()));
        head.addAll(List.of("seconds", "MB"));
        table.row(head.toArray());
        for (MethodResult result : of.methods()) {
            List<Object> row = new ArrayList<>(List.of(result.method()));
            columns.forEach(column -> row.add(column.value()
                    .apply(result)
                    .<Object>map(value -> String.format("%.3f", value))
                    .orElse("-")));
            row.add(Math.round(result.seconds()));
            row.add(result.peakBytes() == null ? "-" : (Object) Math.round(result.peakBytes() / 1e6));
            table.row(row.toArray());
        }
        return "%s: %,d edges; %s of the full model %.3f, without edges %.3f%n%s%s"
                .formatted(
                        of.task(),
                        any.totalEdges(),
                        any.metric(),
                        any.fullModel(),
                        any.emptyCircuit(),
                        table,
                        verdict(of.best()));
    }

    /** Where edge pruning is the best method, and where it is not. */
    private static String verdict(List<MethodTable.Best> best) {
        if (best.isEmpty()) {
            return "";
        }
        Map<Boolean, List<String>> parts = best.stream()
                .collect(Collectors.partitioningBy(
                        MethodTable.Best::edgePruningIsBest,
                        Collectors.mapping(
                                b -> b.edgePruningIsBest()
                                        ? b.column()
                                                + (b.method().equals(CircuitMethod.EDGE_PRUNING.key())
                                                        ? ""
                                                        : " (" + b.method() + " as well)")
                                        : "%s (%.3f; %s %.3f)"
                                                .formatted(b.column(), b.edgePruning(), b.method(), b.value()),
                                Collectors.toList())));
        return "edge pruning is the best in: " + listed(parts.get(true)) + "\nand not in: " + listed(parts.get(false))
                + "\n";
    }

    private static String listed(List<String> names) {
        return names.isEmpty() ? "nothing" : String.join(", ", names);
    }
}
