package org.edgeprune.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.stream.Stream;
import org.edgeprune.attribute.AttributionSetting;
import org.edgeprune.engine.Ranks;
import org.edgeprune.eval.AblationStates;
import org.edgeprune.eval.Evaluation;
import org.edgeprune.graph.Circuit;
import org.edgeprune.io.AtomicFile;
import org.edgeprune.io.FolderLock;
import org.edgeprune.io.InputException;
import org.edgeprune.io.Json;
import org.edgeprune.mask.MaskValues;
import org.edgeprune.model.Execution;
import org.edgeprune.prune.LoadedModel;
import org.edgeprune.prune.PruneResult;
import org.edgeprune.prune.PruneSession;
import org.edgeprune.prune.RankedDirectory;
import org.edgeprune.prune.RunDirectory;
import org.edgeprune.prune.SideBySide;
import org.edgeprune.report.SeedRun;
import org.edgeprune.report.Spread;
import org.edgeprune.report.Stability;
import org.edgeprune.task.DataRequest;
import org.edgeprune.task.Dataset;
import org.edgeprune.task.Generated;
import picocli.CommandLine.Option;

/** {@code prune --seeds}: the same run with several seeds, and how much their circuits agree. */
final class SeedRuns {
    private static final String RUN = "seed-";
    private static final String DATA = "data";

    // columns of the table of consensus circuits
    private static final String RUNS = "runs_at_least";
    private static final String EDGES = "num_edges";
    private static final String EDGES_ON_PATHS = "num_edges_on_paths";
    private static final Set<String> OF_THE_CIRCUIT = Set.of(RUNS, "file", EDGES, EDGES_ON_PATHS);

    private static final String GO_ON = "To continue, repeat the command: runs that have ended are kept.";

    @Option(
            names = "--seeds",
            paramLabel = "N",
            description =
                    "Make N runs, OUT/seed-S, with the seeds S from --seed on, and measure how much their circuits agree: frequency of"
                            + " each edge, overlap of edges and heads, spread of the metrics, and the consensus circuits, evaluated."
                            + " Repeated, it skips finished runs and continues an interrupted one.")
    private Optional<Integer> seeds = Optional.empty();

    @Option(
            names = "--data-seeds",
            description = "With --seeds: generate other prompts for each seed. Otherwise all runs have the same.")
    private boolean dataSeeds;

    @Option(
            names = "--side-by-side",
            paramLabel = "N",
            description =
                    "With --seeds: runs that are made at the same time, which share the cores. Affects only time and memory"
                            + " (default: as many as there are cores for, and memory; on a GPU 1, and no other N).")
    private Optional<Integer> together = Optional.empty();

    /** Whether several runs are asked for. */
    boolean asked() {
        if (seeds.isPresent() && seeds.get() < 2) {
            throw new InputException("--seeds " + seeds.get() + ": must be at least 2, to have runs to compare");
        }
        if (dataSeeds && seeds.isEmpty()) {
            throw new InputException("--data-seeds: says what differs between several runs: give --seeds N");
        }
        if (together.isPresent() && seeds.isEmpty()) {
            throw new InputException(
                    "--side-by-side: says how many of several runs are made at a time: give --seeds N");
        }
        together.ifPresent(count -> Bounds.atLeast(1, "--side-by-side", count));
        return seeds.isPresent();
    }

    /** Makes the runs that are missing, and compares all. Several ranks make each run together, and rank 0 compares. */
    void run(RunOptions options, Path out, TensorBoardOption tensorBoard, Results results, Ranks ranks) {
        if (ranks.size() > 1 && together.orElse(1) > 1) {
            throw new InputException("--side-by-side " + together.get()
                    + ": several ranks make one run after the other, each together: leave it out, or mpirun");
        }
        try (RankedDirectory folder = RankedDirectory.of(out, ranks, List.of(DATA), SeedRuns::requireOwn)) {
            folder.lock().note().ifPresent(results::note);
            try (Opened opened = open(options, ranks)) {
                List<PruneSession> sessions = sessions(options, opened, folder.folder(), results);
                if (opened.division().runs() == 1) {
                    oneByOne(sessions, out, tensorBoard, results, ranks);
                } else {
                    sideBySide(sessions, opened.division(), out, tensorBoard, results);
                }
                if (ranks.isFirst()) {
                    compare(read(sessions, out), sessions.getFirst(), out, results);
                }
            }
        }
    }

    private static void requireOwn(Path out) {
        OutFolder.requireOwnOrEmpty(
                out,
                "runs with several seeds",
                file -> file.getFileName().toString().startsWith(RUN)
                        || file.getFileName().toString().equals(DATA));
    }

    /** The model of all runs, opened for as many of them as are made at a time. */
    private record Opened(LoadedModel model, SideBySide division) implements AutoCloseable {
        @Override
        public void close() {
            model.close();
        }
    }

    private Opened open(RunOptions options, Ranks ranks) {
        Opened alone = new Opened(options.open(Optional.empty()), SideBySide.ALONE);
        SideBySide division;
        try {
            division = ranks.size() > 1
                    ? SideBySide.ALONE
                    : division(options.session(alone.model(), Optional.empty(), preset -> preset));
        } catch (RuntimeException e) {
            alone.close();
            throw e;
        }
        if (division.runs() == 1) {
            return alone;
        }
        Execution execution = division.over(alone.model().model().execution());
        alone.close(); // so that no weights are held twice
        return new Opened(LoadedModel.open(alone.model().name(), alone.model().directory(), execution), division);
    }

    private SideBySide division(PruneSession session) {
        int runs = seeds.orElseThrow();
        return together.isPresent()
                ? SideBySide.exactly(session, Math.min(together.get(), runs))
                : SideBySide.of(session, runs);
    }

    private List<PruneSession> sessions(RunOptions options, Opened opened, Path out, Results results) {
        LoadedModel loaded = opened.model();
        // Beside the bar of all runs there is no room for one of each run's warm start.
        Function<String, AttributionSetting.Progress> starts =
                opened.division().runs() == 1 ? StartProgress::of : _ -> AttributionSetting.Progress.NONE;
        PruneSession first = options.session(loaded, Optional.empty(), preset -> preset);
        options.notes(first).forEach(results::note);
        if (dataSeeds && first.data().isPresent()) {
            throw new InputException("--data-seeds: prompts are not generated where --data is given: leave out one");
        }
        boolean own = dataSeeds
                || first.data().isPresent()
                || first.options().controls().freshData();
        Optional<Path> shared = own ? Optional.empty() : Optional.of(prompts(first, out.resolve(DATA), results));
        List<PruneSession> sessions = new ArrayList<>();
        for (int i = 0; i < seeds.orElseThrow(); i++) {
            long seed = first.options().seed() + i;
            PruneSession session = options.session(loaded, Optional.empty(), given -> given.withSeed(seed), starts);
            sessions.add(shared.map(session::withData).orElse(session));
        }
        return sessions;
    }

    /** Prompts for all runs, generated by the first seed. */
    private static Path prompts(PruneSession session, Path data, Results results) {
        Generated generated = session.task()
                .generate(DataRequest.seeded(session.options().seed())
                        .tokenizer(session.model().tokenizer()));
        if (!Files.isDirectory(data)) {
            generated.notes().forEach(results::note);
        }
        generated.records().provide(data);
        return data;
    }

    private static void oneByOne(
            List<PruneSession> sessions, Path out, TensorBoardOption tensorBoard, Results results, Ranks ranks) {
        for (PruneSession session : sessions) {
            run(session, out, results, ranks, (name, lock) -> {
                results.note(lock.folder() + ": seed " + session.options().seed());
                PruneCommand.run(session, lock, true, GO_ON, results, tensorBoard.of(name), ranks);
            });
        }
    }

    private static List<SeedRun> read(List<PruneSession> sessions, Path out) {
        return sessions.stream()
                .map(session -> SeedRun.read(session.options().seed(), new RunDirectory(out.resolve(name(session)))))
                .toList();
    }

    /** If one run fails, those under way are completed and no other is begun. */
    private static void sideBySide(
            List<PruneSession> sessions,
            SideBySide division,
            Path out,
            TensorBoardOption tensorBoard,
            Results results) {
        results.note(division.runs() + " runs are made at a time");
        int steps = sessions.getFirst().options().training().steps();
        AtomicInteger last = new AtomicInteger(sessions.size() - 1); // no run after this one is begun
        try (RunsProgress progress = new RunsProgress(sessions.size(), steps, results, GO_ON);
                ExecutorService threads = Executors.newFixedThreadPool(division.runs())) {
            List<Future<?>> runs = new ArrayList<>();
            for (int i = 0; i < sessions.size(); i++) {
                int number = i;
                PruneSession session = sessions.get(i);
                runs.add(threads.submit(() -> upTo(last, number, () -> {
                    run(session, out, results, Ranks.alone(), (name, lock) -> {
                        try (TensorBoardOption.Closing listener =
                                tensorBoard.of(name).with(progress.of(name))) {
                            PruneResult result = session.run(lock, true, listener);
                            MissedTarget.warnings(session.options(), result.binary())
                                    .forEach(listener::noted);
                        }
                    });
                    progress.ended(name(session));
                })));
            }
            try {
                for (Future<?> run : runs) {
                    run.get();
                }
            } finally {
                last.set(-1);
            }
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case RuntimeException failure -> throw failure;
                case Error failure -> throw failure;
                default -> throw new IllegalStateException(e);
            }
        } catch (InterruptedException e) { // once the runs under way are completed, which the flag would disturb
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted before all runs were made", e);
        }
    }

    /**
     * Makes a run unless an earlier one has failed. A run that fails says so itself: its thread would begin the next
     * one before the thread that waits for them sees the failure.
     */
    private static void upTo(AtomicInteger last, int number, Runnable run) {
        if (number > last.get()) {
            return;
        }
        try {
            run.run();
        } catch (RuntimeException | Error e) {
            last.accumulateAndGet(number, Math::min);
            throw e;
        }
    }

    /** How a run is made whose folder is locked. */
    private interface Making {
        void make(String name, FolderLock lock);
    }

    private static void run(PruneSession session, Path out, Results results, Ranks ranks, Making making) {
        RunDirectory run = new RunDirectory(out.resolve(name(session)));
        try (RankedDirectory directory = RankedDirectory.of(run.path(), ranks)) {
            if (ranks.decide(() -> SeveralRuns.isDone(run, session, results))) {
                results.note(run.path() + ": already finished");
            } else {
                making.make(name(session), directory.lock());
            }
        }
    }

    private static String name(PruneSession session) {
        return RUN + session.options().seed();
    }

    private static void compare(List<SeedRun> runs, PruneSession session, Path out, Results results) {
        Stability stability = new Stability(runs.stream().map(SeedRun::circuit).toList());
        ObjectNode json = stability.toJson();
        json.put("sentence", stability.sentence());
        Map<String, Spread> spreads = Spread.of(
                runs.getFirst().metrics().keySet(),
                runs.stream().map(SeedRun::metrics).toList());
        json.set("metrics", Json.SNAKE_CASE.tree(spreads));
        ArrayNode each = json.putArray("each");
        runs.forEach(run -> each.addObject().put("run", run.name()).setAll(Json.SNAKE_CASE.objectTree(run.metrics())));
        List<Map<String, Object>> consensus = consensus(stability, session, runs.getFirst(), out);
        json.set("consensus", Json.SNAKE_CASE.tree(consensus));
        AtomicFile.writeText(out.resolve("edge_frequency.csv"), stability.toCsv());
        Json.write(out.resolve(Stability.FILE), json);
        results.print(json, () -> text(runs, stability, spreads, consensus, out));
    }

    /** The consensus of one and more runs, evaluated on the test prompts of the first. */
    private static List<Map<String, Object>> consensus(
            Stability stability, PruneSession session, SeedRun first, Path out) {
        Dataset data = session.dataset(first.directory());
        try (AblationStates states = session.ablationStates(data.train())) {
            return consensus(stability, masks -> session.evaluate(masks, data.test(), states), out);
        }
    }

    private static List<Map<String, Object>> consensus(
            Stability stability, Function<MaskValues, Evaluation> evaluate, Path out) {
        List<Map<String, Object>> all = new ArrayList<>();
        for (int least = 1; least <= stability.circuits().size(); least++) {
            Circuit circuit = stability.consensus(least);
            Path file = out.resolve("consensus-" + least + ".json");
            circuit.write(file);
            Evaluation evaluation = evaluate.apply(MaskValues.of(circuit));
            Map<String, Object> row = new LinkedHashMap<>();
            row.put(RUNS, least);
            row.put("file", file.getFileName().toString());
            row.put(EDGES, circuit.size());
            row.put(EDGES_ON_PATHS, circuit.connected().size());
            row.putAll(evaluation.metrics());
            all.add(row);
        }
        return all;
    }

    /** Counts without decimals. */
    private static Number number(double value) {
        if (value == Math.rint(value) && value > 1) {
            return (long) value;
        }
        return value;
    }

    private static String text(
            List<SeedRun> runs,
            Stability stability,
            Map<String, Spread> spreads,
            List<Map<String, Object>> consensus,
            Path out) {
        Table metrics = new Table().head("", "mean", "std", "min", "max");
        spreads.forEach((name, spread) ->
                metrics.row(name, spread.mean(), spread.std(), number(spread.min()), number(spread.max())));
        List<String> columns =
                MainMetrics.of(consensus.getFirst().keySet().stream().filter(name -> !OF_THE_CIRCUIT.contains(name)));
        Table table = new Table()
                .head(Stream.concat(Stream.of("runs", "edges", "on paths"), columns.stream())
                        .toArray(String[]::new));
        consensus.forEach(row -> table.row(Stream.concat(Stream.of(RUNS, EDGES, EDGES_ON_PATHS), columns.stream())
                .map(row::get)
                .toArray()));
        return """
            %s

            Metrics of the %d circuits:
            %s
            Consensus, the edges that at least so many runs have (consensus-N.json):
            %s
            %s""".formatted(
                        Prose.wrapped(stability.sentence(), Prose.WIDTH),
                        runs.size(),
                        metrics,
                        table,
                        Prose.wrapped(
                                "The runs are in %s, with stability.json, edge_frequency.csv and the consensus circuits"
                                        .formatted(out),
                                Prose.WIDTH));
    }
}
