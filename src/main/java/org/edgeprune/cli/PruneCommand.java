package org.edgeprune.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.edgeprune.engine.Ranks;
import org.edgeprune.io.FolderLock;
import org.edgeprune.io.InputException;
import org.edgeprune.prune.LoadedModel;
import org.edgeprune.prune.Minimizer;
import org.edgeprune.prune.PruneResult;
import org.edgeprune.prune.PruneSession;
import org.edgeprune.prune.Pruner;
import org.edgeprune.prune.RankedDirectory;
import org.edgeprune.prune.RunDirectory;
import org.edgeprune.prune.RunRecord;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code edgeprune prune}: finds a circuit. */
@Command(
        name = "prune",
        description = {
            "Find a task's circuit: train edge masks on its prompts, then evaluate the circuit on held-out prompts.",
            "Edges are ranked first, by Matryoshka attribution, and the best are refined in 100 steps: on new prompts such circuits",
            "are the closest to the full model. --published trains as the published program does, for GPT-2 or Tracr models, or",
            "in fewer steps for the bundled model; the paper's experiments on GPT-2 also use --no-node-loss and --embedding-nodes,",
            "as run_scripts/*_sweep.sh do. OUT/run.json records all hyper-parameters; the result is in OUT/metrics.json and",
            "OUT/edges.json."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  edgeprune prune --task ioi --out out/ioi",
            "  edgeprune prune --task gt --model path/to/gpt2 --edge-sparsity 0.99 --out out/gt",
            "  edgeprune prune --task gt --model path/to/gpt2 --published --no-node-loss --embedding-nodes --out out/gt-published",
            "  edgeprune prune --task ioi --data data/ioi --max-train-samples 200 --out out/ioi-200",
            "  edgeprune prune --task ioi --seeds 5 --out out/ioi-seeds",
            "  edgeprune prune --task ioi-t1 --positions --out out/ioi-positions",
            "  edgeprune prune --task ioi --out out/ioi --dry-run",
            "  edgeprune prune --out out/ioi --resume"
        })
final class PruneCommand implements Ranked {
    @Option(
            names = {"-o", "--out"},
            paramLabel = "DIR",
            required = true,
            description = "Directory of the run.")
    private Path out;

    @Option(
            names = "--resume",
            description =
                    "Continue the run in --out from its newest checkpoint, with its options; start from the beginning without one.")
    private boolean resume;

    @Option(
            names = "--minimal",
            paramLabel = "KL",
            arity = "0..1",
            fallbackValue = "1e-6",
            description =
                    "Afterwards remove edges greedily as long as the circuit's KL on the training examples rises by no more than this"
                            + " (default: ${FALLBACK-VALUE}). This search is not part of edge pruning: its circuit is OUT/minimal.json, and"
                            + " OUT/edges.json is the circuit that training found.")
    private Double minimal;

    @Option(
            names = "--dry-run",
            description =
                    "Make a few steps and print the plan: graph, examples, memory, and the time of a step and of the run."
                            + " Nothing is written.")
    private boolean dryRun;

    @Mixin
    private TensorBoardOption tensorBoard;

    @Mixin
    private SeedRuns seedRuns;

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
        if (minimal != null && !(minimal >= 0 && minimal <= Float.MAX_VALUE)) {
            throw new InputException("--minimal " + minimal + ": must be a number of at least 0, such as 1e-6");
        }
        boolean severalSeeds = seedRuns.asked();
        if (severalSeeds) {
            options.refusePositions("--seeds: compares lists of edges");
        }
        if (dryRun) {
            if (ranks.size() > 1) {
                throw new InputException("--dry-run in an MPI job: the plan is that of one process; leave out mpirun");
            }
            plan(severalSeeds);
            return 0;
        }
        if (severalSeeds) {
            if (minimal != null) {
                throw new InputException("--seeds: makes its runs without --minimal: leave out --minimal");
            }
            seedRuns.run(options, out, tensorBoard, results, ranks);
            return 0;
        }
        Path path = new RunDirectory(out).path(); // which checks it
        try (RankedDirectory directory = RankedDirectory.of(path, ranks)) {
            run(directory.lock(), ranks);
        }
        return 0;
    }

    private void plan(boolean severalSeeds) {
        if (resume) {
            throw new InputException(
                    "--dry-run and --resume were both given: only a new run is planned; leave out one");
        }
        try (LoadedModel loaded = options.open(Optional.empty())) {
            PruneSession session = options.session(loaded, Optional.empty(), UnaryOperator.identity());
            options.notes(session).forEach(results::note);
            if (severalSeeds) {
                results.note("--seeds: the plan is that of one run");
            }
            DryRun planned = DryRun.of(session, results);
            results.print(planned, planned::text);
        }
    }

    private void run(FolderLock lock, Ranks ranks) {
        RunDirectory directory = new RunDirectory(lock.folder());
        Optional<RunRecord> before =
                resume && directory.holdsRun() ? Optional.of(directory.readRecord()) : Optional.empty();
        try (LoadedModel loaded = options.open(before)) {
            PruneSession asked = options.session(loaded, before, UnaryOperator.identity());
            options.notes(asked).forEach(results::note);
            PruneSession session = minimal == null ? asked : asked.withMinimal(minimal);
            if (session.minimal().isPresent()
                    && session.options().controls().level().neurons()) {
                throw new InputException(
                        "--minimal: its search cuts edges of a circuit that keeps all neurons: leave out"
                                + " neurons of --level, or --minimal");
            }
            if (session.minimal().isPresent() && session.options().controls().positions()) {
                throw new InputException(
                        "--minimal: its search cuts edges at all positions together: leave out --positions, or --minimal");
            }
            PruneResult result = run(session, lock, resume, goOn(out), results, tensorBoard, ranks);
            Map<String, Object> summary = new LinkedHashMap<>(result.metrics());
            if (session.minimal().isPresent()) {
                Minimizer.Result less = session.minimize(
                        directory, result.circuit(), session.minimal().getAsDouble(), ranks);
                directory.writeMinimal(less.circuit());
                summary.put("minimal_num_edges", less.circuit().size());
                summary.put("minimal_train_kl_before", less.klBefore());
                summary.put("minimal_train_kl", less.klAfter());
            }
            results.print(summary, () -> text(directory, summary));
        }
    }

    /** How to continue the run of a directory. */
    static String goOn(Path out) {
        return "To continue this run: edgeprune prune --out " + shellWord(out.toString()) + " --resume";
    }

    /** A text as one word of a shell. */
    private static String shellWord(String text) {
        return text.matches("[\\w@%+=:,./-]+") ? text : "'" + text.replace("'", "'\\''") + "'";
    }

    /**
     * Runs with progress on standard error, and warns there if the target was missed.
     *
     * @param goOn says how to continue the run if it is interrupted
     */
    static PruneResult run(PruneSession session, FolderLock lock, boolean resume, String goOn, Results results) {
        return run(session, lock, resume, goOn, results, new TensorBoardOption(), Ranks.alone());
    }

    /** The same with other ranks, and with event files for TensorBoard where these are asked for. */
    static PruneResult run(
            PruneSession session,
            FolderLock lock,
            boolean resume,
            String goOn,
            Results results,
            TensorBoardOption tensorBoard,
            Ranks ranks) {
        if (!ranks.isFirst()) {
            return session.run(lock, resume, new Pruner.Listener() {}, ranks);
        }
        PruneResult result;
        try (PruneProgress progress = new PruneProgress(session.scorer().headline(), results, Optional.of(goOn));
                TensorBoardOption.Closing listener = tensorBoard.with(progress)) {
            result = session.run(lock, resume, listener, ranks);
        }
        MissedTarget.warnings(session.options(), result.binary()).forEach(results::note);
        return result;
    }

    /** The result for people. */
    static String text(RunDirectory directory, Map<String, Object> summary) {
        Table table = new Table();
        table.rows(summary);
        return table + "\nThe run is in " + directory.path() + ", its circuit in "
                + (Files.exists(directory.positionsFile()) ? directory.positionsFile() : directory.edgesFile());
    }
}
