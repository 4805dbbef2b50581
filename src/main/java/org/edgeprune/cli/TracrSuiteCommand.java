package org.edgeprune.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.function.ToDoubleFunction;
import org.edgeprune.Version;
import org.edgeprune.graph.Ablation;
import org.edgeprune.io.FolderLock;
import org.edgeprune.io.InputException;
import org.edgeprune.io.Json;
import org.edgeprune.recovery.CircuitCheck;
import org.edgeprune.recovery.MethodRecovery;
import org.edgeprune.recovery.Recovery;
import org.edgeprune.task.tracr.TracrTask;
import org.edgeprune.torch.Device;
import org.edgeprune.tracr.rasp.LibraryProgram;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code edgeprune tracr suite}: compiles, prunes and checks the programs of the library. */
@Command(
        name = "suite",
        description = {
            "Compile, prune and check the library's programs.",
            "Prints precision and recall after training, and after the greedy",
            "search that then removes further edges from the circuit.",
            "OUT/PROGRAM has model, data, run, trained.json and minimal.json."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  edgeprune tracr suite --out out/suite",
            "  edgeprune tracr suite --methods --ablation interchange --out out/methods",
            "  edgeprune tracr suite --methods --ablation interchange --out out/methods --resume",
            "  edgeprune tracr suite --programs reverse,xproportion --ablation interchange --out out/two --json"
        })
final class TracrSuiteCommand implements Callable<Integer> {
    /** In the directory of a program, when all of it is done. */
    private static final String FILE = "suite.json";

    @Option(
            names = {"-o", "--out"},
            paramLabel = "DIR",
            required = true,
            description = "Directory of the results.")
    private Path out;

    @Option(
            names = "--programs",
            paramLabel = "NAMES",
            split = ",",
            description = "Programs to run, separated by commas (default: all).")
    private List<String> programs = List.of();

    @Option(
            names = "--ablation",
            paramLabel = "KIND",
            completionCandidates = TruthAblationNames.class,
            defaultValue = "zero",
            description = "What ablated edges carry: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
    private Ablation ablation;

    @Option(
            names = "--steps",
            paramLabel = "N",
            defaultValue = "" + Recovery.STEPS,
            description = "Optimiser steps for each program (default: ${DEFAULT-VALUE}).")
    private int steps;

    @Option(
            names = "--methods",
            description =
                    "Also let every other method find each circuit: AUROC of its ranking, precision and recall of the smallest faithful circuit of its best edges.")
    private boolean methods;

    @Option(
            names = "--resume",
            description =
                    "Take the results of programs that --out has already, made with the same options, and run the others.")
    private boolean resume;

    @Mixin
    private SeedOption seed;

    @Mixin
    private ComputeOptions compute;

    @Mixin
    private Results results;

    @Override
    public Integer call() {
        Bounds.atLeast(20, "--steps", steps);
        List<LibraryProgram> chosen = programs.isEmpty()
                ? List.of(LibraryProgram.values())
                : programs.stream().map(TracrSuiteCommand::program).toList();
        try (FolderLock lock = FolderLock.of(out)) {
            lock.note().ifPresent(results::note);
            OutFolder.requireOwnOrEmpty(out, "results of a program", file -> LibraryProgram.byName(
                            file.getFileName().toString())
                    .isPresent());
            return run(chosen);
        }
    }

    private int run(List<LibraryProgram> chosen) {
        Device device = compute.start();
        Recovery recovery = new Recovery(ablation, steps, seed.value());
        List<Row> rows = new ArrayList<>();
        for (LibraryProgram program : chosen) {
            TracrTask task = TracrTask.of(program);
            Path directory = out.resolve(program.programName());
            Path file = directory.resolve(FILE);
            if (resume && Files.exists(file)) {
                rows.add(finished(file));
                results.note(program.programName() + ": already finished");
                continue;
            }
            Recovery.Result result =
                    resume ? recovery.repeat(task, directory, device) : recovery.run(task, directory, device);
            List<MethodRecovery.Found> found = methods
                    ? new MethodRecovery(ablation, MethodRecovery.EFFORT, seed.value())
                            .run(task, directory, result.minimal().truth(), device)
                    : null;
            rows.add(Row.of(program.programName(), result, found));
            Json.write(
                    file,
                    Json.SNAKE_CASE.tree(
                            new Saved(Version.number(), ablation.name(), steps, seed.value(), rows.getLast())));
            results.note("%s: %s, %.0f s"
                    .formatted(
                            program.programName(),
                            result.minimal().perfect() ? "perfect" : "not perfect",
                            result.seconds()));
        }
        results.print(rows, () -> table(rows) + (methods ? "\n\n" + methodTables(rows) : ""));
        return 0;
    }

    /** The row of a program that was run before. */
    private Row finished(Path file) {
        String remedy = "remove " + file.getParent() + ", and repeat";
        Saved saved = Json.SNAKE_CASE.value(file.toString(), Json.read(file, remedy), Saved.class, remedy);
        if (saved == null || saved.row == null) {
            throw new InputException(file + ": lacks the result of a program: " + remedy);
        }
        if (!Version.number().equals(saved.version)) {
            throw new InputException(file + ": was made by "
                    + (saved.version == null ? "an older edgeprune" : "edgeprune " + saved.version) + ", and this is "
                    + Version.number() + ": choose another --out, or " + remedy);
        }
        boolean same = ablation.name().equals(saved.ablation) && steps == saved.steps && seed.value() == saved.seed;
        if (!same || (saved.row.methods == null) == methods) {
            throw new InputException(file + ": was made with other options (--ablation " + saved.ablation + " --steps "
                    + saved.steps + " --seed " + saved.seed + (saved.row.methods == null ? "" : " --methods")
                    + "): repeat these, or choose another --out");
        }
        return saved.row;
    }

    /** The mean of every method over the programs, then its AUROC for each program. */
    private static String methodTables(List<Row> rows) {
        Table means = new Table().row("method", "AUROC", "precision", "recall", "exactly the ground truth");
        List<Object> heads = new ArrayList<>(List.of("AUROC"));
        for (int i = 0; i < MethodRecovery.METHODS.size(); i++) {
            int number = i;
            List<MethodRecovery.Found> found =
                    rows.stream().map(row -> row.methods.get(number)).toList();
            means.row(
                    found.getFirst().method(),
                    found.stream()
                            .map(MethodRecovery.Found::auroc)
                            .filter(Objects::nonNull)
                            .mapToDouble(Double::doubleValue)
                            .average()
                            .orElse(Double.NaN),
                    mean(found, MethodRecovery.Found::precision),
                    mean(found, MethodRecovery.Found::recall),
                    found.stream()
                                    .filter(one -> one.precision() == 1 && one.recall() == 1)
                                    .count()
                            + " of " + found.size());
            heads.add(found.getFirst().method());
        }
        Table each = new Table().row(heads.toArray());
        for (Row row : rows) {
            List<Object> cells = new ArrayList<>(List.of(row.program));
            row.methods.forEach(found -> cells.add(found.auroc() == null ? "-" : found.auroc()));
            each.row(cells.toArray());
        }
        return means + "\n" + each;
    }

    private static double mean(List<MethodRecovery.Found> found, ToDoubleFunction<MethodRecovery.Found> value) {
        return found.stream().mapToDouble(value).average().orElse(Double.NaN);
    }

    private static LibraryProgram program(String name) {
        return LibraryProgram.byName(name)
                .orElseThrow(() -> new InputException(
                        "--programs: " + name + " does not belong to the library: " + LibraryProgram.names()));
    }

    private static String table(List<Row> rows) {
        Table table = new Table();
        table.row(
                "program",
                "graph",
                "truth",
                "trained",
                "precision",
                "recall",
                "minimal",
                "precision",
                "recall",
                "accuracy",
                "kl",
                "seconds",
                "");
        for (Row r : rows) {
            table.row(
                    r.program,
                    r.graphEdges,
                    r.truthEdges,
                    r.trained.edges,
                    r.trained.precision,
                    r.trained.recall,
                    r.minimal.edges,
                    r.minimal.precision,
                    r.minimal.recall,
                    r.accuracy,
                    r.kl,
                    Math.round(r.seconds),
                    r.remark());
        }
        long perfect = rows.stream().filter(Row::perfect).count();
        return table + "%nperfect: %d of %d".formatted(perfect, rows.size());
    }

    private record Found(int edges, double precision, double recall, boolean perfect) {
        static Found of(CircuitCheck check) {
            return new Found(check.found().size(), check.precision(), check.recall(), check.perfect());
        }
    }

    /** The content of a program's {@code suite.json}: its result, and what it was made with. */
    private record Saved(String version, String ablation, int steps, long seed, Row row) {}

    private record Row(
            String program,
            int graphEdges,
            int truthEdges,
            boolean unique,
            Found trained,
            Found minimal,
            double error,
            double accuracy,
            double kl,
            boolean perfect,
            double seconds,
            List<MethodRecovery.Found> methods) {
        static Row of(String program, Recovery.Result r, List<MethodRecovery.Found> methods) {
            return new Row(
                    program,
                    r.graphEdges(),
                    r.minimal().truth().size(),
                    r.minimal().unique(),
                    Found.of(r.trained()),
                    Found.of(r.minimal()),
                    r.minimal().error(),
                    r.metrics().get("accuracy"),
                    r.metrics().get("kl"),
                    r.minimal().perfect(),
                    r.seconds(),
                    methods);
        }

        String remark() {
            return (perfect ? "perfect" : "not perfect") + (unique ? "" : ", one of several");
        }
    }
}
