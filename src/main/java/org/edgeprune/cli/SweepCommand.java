package org.edgeprune.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.edgeprune.engine.Ranks;
import org.edgeprune.io.InputException;
import org.edgeprune.prune.LoadedModel;
import org.edgeprune.prune.PruneOptions;
import org.edgeprune.prune.PruneSession;
import org.edgeprune.prune.Pruner;
import org.edgeprune.prune.RankedDirectory;
import org.edgeprune.prune.RunDirectory;
import org.edgeprune.prune.RunRecord;
import org.edgeprune.report.SweepTable;
import org.edgeprune.task.Tasks;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code edgeprune sweep}: prunes with several target sparsities. */
@Command(
        name = "sweep",
        description = {
            "Find a circuit at each of several target edge sparsities, and show faithfulness against sparsity.",
            "Each target has its own run directory in OUT. Repeated with the same options, a sweep skips finished runs and",
            "resumes interrupted ones. OUT/sweep.csv, sweep.md, sweep.svg and sweep-accuracy.svg are updated after every run."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  edgeprune sweep --task ioi --target-edge-sparsity 0.9,0.95,0.98 --out out/ioi-sweep",
            "  edgeprune sweep --task gt --model gpt2 --target-edge-sparsity 0.95,0.99,1.05 --published --no-node-loss --out out/gt-sweep"
        })
final class SweepCommand implements Ranked {
    /** The prefix of the run directories' names. */
    private static final String RUN = "edge-sparsity-";

    private static final String FULL_MODEL = "full_model_";

    private static final String GO_ON = "To continue the sweep, repeat the command.";

    @Option(
            names = "--target-edge-sparsity",
            paramLabel = "S,S...",
            required = true,
            description = "Target edge sparsities, separated by commas. May be above 1 for a stronger constraint.")
    private String targetList;

    @Option(
            names = {"-o", "--out"},
            paramLabel = "DIR",
            required = true,
            description = "Directory of the sweep.")
    private Path out;

    @Mixin
    private RunOptions options;

    @Mixin
    private Results results;

    @Override
    public Results results() {
        return results;
    }

    @Override
    public int run(Ranks ranks) {
        options.refusePositions("sweep: plots numbers of edges");
        List<Double> targets = targets();
        // refuses invalid targets before anything is computed
        targets.forEach(target -> withTarget(target, options.over(PruneOptions.gpt2())));
        targets.stream()
                .filter(target -> target > 1)
                .findFirst()
                .ifPresent(target -> results.note(PruneSettings.aboveOne("--target-edge-sparsity " + target)));
        try (RankedDirectory folder = RankedDirectory.of(out, ranks, List.of(), SweepCommand::requireOwn)) {
            folder.lock().note().ifPresent(results::note);
            return sweep(targets, ranks);
        }
    }

    private static void requireOwn(Path out) {
        OutFolder.requireOwnOrEmpty(
                out, "sweep", file -> file.getFileName().toString().startsWith(RUN) && Files.isDirectory(file));
    }

    /** One run after the other, each on all ranks. */
    private int sweep(List<Double> targets, Ranks ranks) {
        List<SweepTable.Row> rows = new ArrayList<>();
        List<Double> diverged = new ArrayList<>();
        Optional<RunRecord> none = Optional.empty();
        String title = Tasks.named(options.taskName(none)).name() + " in " + options.modelName(none);
        try (LoadedModel loaded = options.open(none)) {
            Map<Double, PruneSession> sessions = sessions(loaded, targets);
            for (double target : targets) {
                RunDirectory run = new RunDirectory(out.resolve(RUN + target));
                PruneSession session = sessions.get(target);
                try (RankedDirectory directory = RankedDirectory.of(run.path(), ranks)) {
                    if (ranks.decide(() -> SeveralRuns.isDone(run, session, results))) {
                        results.note(run.path() + ": already finished");
                    } else {
                        results.note(run.path() + ": target edge sparsity " + target);
                        PruneCommand.run(
                                session, directory.lock(), true, GO_ON, results, new TensorBoardOption(), ranks);
                    }
                    if (ranks.isFirst()) {
                        rows.add(SweepTable.Row.of(target, run));
                        new SweepTable(rows).write(out, title);
                    }
                } catch (Pruner.DivergedException e) {
                    results.note(run.path() + ": left out: " + e.getMessage());
                    diverged.add(target);
                }
            }
        }
        if (ranks.isFirst()) {
            print(new SweepTable(rows), diverged);
        }
        return diverged.isEmpty() ? 0 : 2;
    }

    /** The sessions by target, which share their start. */
    private Map<Double, PruneSession> sessions(LoadedModel loaded, List<Double> targets) {
        List<PruneSession> each = targets.stream()
                .map(target -> options.session(loaded, Optional.empty(), o -> withTarget(target, o)))
                .toList();
        PruneSession first = each.getFirst();
        if (each.stream().anyMatch(session -> warm(session) != warm(first))) {
            throw new InputException("--target-edge-sparsity " + targetList
                    + ": runs with a target of 0, or of 1 and more, are trained as published, and the others start from a"
                    + " ranking: add --published for all");
        }
        options.notes(first).forEach(results::note);
        Optional<SharedStart> start = first.warmStart().map(SharedStart::new);
        return IntStream.range(0, targets.size())
                .boxed()
                .collect(Collectors.toMap(targets::get, i -> SharedStart.in(each.get(i), start)));
    }

    private static boolean warm(PruneSession session) {
        return session.options().controls().warm();
    }

    private void print(SweepTable table, List<Double> diverged) {
        results.print(
                new Result(out.toString(), table.rows(), diverged),
                () -> text(table.rows()) + "\n"
                        + Prose.wrapped(
                                "All metrics are in %s as sweep.csv and sweep.md, the plots in sweep.svg and sweep-accuracy.svg"
                                        .formatted(out),
                                Prose.WIDTH));
    }

    /** The sizes of the circuits and their main metrics, with the full model's in the last row. */
    private static String text(List<SweepTable.Row> rows) {
        if (rows.isEmpty()) {
            return "";
        }
        Map<String, Double> first = rows.getFirst().metrics();
        List<String> metrics =
                MainMetrics.of(first.keySet().stream().filter(name -> first.containsKey(FULL_MODEL + name)));
        Table table = new Table()
                .head(Stream.concat(Stream.of("target", "sparsity", "edges", "on paths"), metrics.stream())
                        .toArray(String[]::new));
        for (SweepTable.Row row : rows) {
            List<Object> cells = new ArrayList<>(List.of(
                    Double.toString(row.target()),
                    row.metrics().get("edge_sparsity"),
                    row.metrics().get("num_edges").longValue(),
                    row.metrics().get("num_edges_on_paths").longValue()));
            metrics.forEach(name -> cells.add(row.metrics().get(name)));
            table.row(cells.toArray());
        }
        List<Object> fullModel = new ArrayList<>(List.of("full model", "", "", ""));
        metrics.forEach(name -> fullModel.add(first.get(FULL_MODEL + name)));
        return table.row(fullModel.toArray()).toString();
    }

    private List<Double> targets() {
        try {
            return Stream.of(targetList.split(","))
                    .map(String::strip)
                    .map(Double::valueOf)
                    .distinct()
                    .toList();
        } catch (NumberFormatException e) {
            throw new InputException(
                    "--target-edge-sparsity " + targetList + ": must be numbers separated by commas", e);
        }
    }

    /** {@code --target-edge-sparsity} replaces {@code --edge-sparsity}. */
    private static PruneOptions withTarget(double target, PruneOptions options) {
        try {
            return options.withEdgeSparsity(target);
        } catch (IllegalArgumentException e) {
            throw new InputException("--target-edge-sparsity " + target + ": " + e.getMessage(), e);
        }
    }

    private record Result(String out, List<SweepTable.Row> runs, List<Double> diverged) {}
}
