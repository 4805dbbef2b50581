package org.edgeprune.cli;

import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.edgeprune.attribute.Acdc;
import org.edgeprune.attribute.AttributionMemory;
import org.edgeprune.attribute.EdgeScores;
import org.edgeprune.attribute.LevelScores;
import org.edgeprune.attribute.LossJournal;
import org.edgeprune.attribute.Objective;
import org.edgeprune.attribute.Ranking;
import org.edgeprune.attribute.ScoreLevels;
import org.edgeprune.engine.Ranks;
import org.edgeprune.graph.Circuit;
import org.edgeprune.io.InputException;
import org.edgeprune.prune.Pruner;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code edgeprune acdc}: cuts edge after edge, as long as the loss rises little. */
@Command(
        name = "acdc",
        description = {
            "Find a circuit by ACDC: from the output back, cut every edge without which the loss of the circuit rises by",
            "less than a threshold. A run for each edge. The circuit is in OUT/edges.json; OUT/scores.safetensors says by",
            "how much the loss rose for each edge. What is found depends on the order in which a reader's edges are tried:",
            "the search is made in both orders, the other one's circuit is in OUT/edges-reversed.json."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  edgeprune acdc --task ioi --max-samples 50 --threshold 0.01 --out out/acdc",
            "  edgeprune acdc --task ioi --max-samples 50 --edges 100 --order published --out out/acdc-100",
            "  edgeprune acdc --task ioi --max-samples 50 --threshold 0.01 --out out/acdc --resume"
        })
final class AcdcCommand implements Ranked {
    private static final long CACHE = Pruner.Pace.REFERENCE.cacheBytes();
    private static final double SECONDS_BETWEEN_STATES = 30;

    /** Orders to search in. */
    enum Orders {
        PUBLISHED,
        REVERSED,
        BOTH
    }

    @Option(
            names = "--threshold",
            paramLabel = "RISE",
            description = "An edge is cut if the loss rises by less than this, in the objective's unit.")
    private Optional<Double> threshold = Optional.empty();

    @Option(
            names = "--edges",
            paramLabel = "N",
            description = "Look for the threshold that leaves about N edges: up to 14 searches.")
    private Optional<Integer> edges = Optional.empty();

    @Option(
            names = "--order",
            paramLabel = "ORDER",
            defaultValue = "BOTH",
            description =
                    "Order of a reader's edges: published (from the last writer to the first), reversed, or both, to"
                            + " see how much the circuits disagree (default: both).")
    private Orders order;

    @Option(
            names = "--batch-size",
            paramLabel = "N",
            defaultValue = "64",
            description = "Examples per batch, which is run in micro-batches (default: ${DEFAULT-VALUE}).")
    private int batchSize;

    @Mixin
    private AttributionOptions options;

    @Mixin
    private Results results;

    @Override
    public Results results() {
        return results;
    }

    @Override
    public int run(Ranks ranks) {
        if (threshold.isPresent() == edges.isPresent()) {
            throw new InputException("name either --threshold, such as 0.01, or --edges, how many shall be left");
        }
        threshold.ifPresent(AcdcCommand::requireThreshold);
        Bounds.atLeast(1, "--edges", edges);
        Map<String, Object> parameters = threshold.isPresent()
                ? Map.of("threshold", threshold.get(), "order", order.name())
                : Map.of("edges", edges.orElseThrow(), "order", order.name());
        options.run(
                new AttributionOptions.Method(
                        "acdc", Optional.empty(), batchSize, Ranking.SIGNED, parameters, ScoreLevels.EDGES),
                options.objective(Objective.KL),
                results,
                ranks,
                job -> LevelScores.of(scores(job)));
        return 0;
    }

    private static void requireThreshold(double value) {
        if (!(value >= 0 && value < Double.POSITIVE_INFINITY)) {
            throw new InputException("--threshold " + value + ": must be a number from 0 on, such as 0.01");
        }
    }

    private EdgeScores scores(AttributionOptions.Job job) {
        int all = job.setting().graph().edgeCount();
        if (edges.isPresent() && edges.get() > all) {
            throw new InputException("--edges " + edges.get() + ": the graph has only " + all);
        }
        AttributionMemory.ofTraining(job.setting(), job.loaded(), job.examples(), CACHE)
                .require(job.loaded().model().execution());
        job.directory().write(job.record());
        Acdc.Order first = order == Orders.REVERSED ? Acdc.Order.REVERSED : Acdc.Order.PUBLISHED;
        LossJournal journal = job.directory().lossJournal(job.record(), SECONDS_BETWEEN_STATES);
        Acdc.Result found = search(job, first, journal);
        job.directory().write(found.circuit(), "edges.json");
        Map<String, Object> summary = job.summary();
        summary.put("order", first.name().toLowerCase(Locale.ROOT));
        summary.put("threshold", found.threshold());
        summary.put("circuit_edges", found.circuit().size());
        summary.put("circuit_loss", found.loss());
        summary.put("evaluations", found.evaluations());
        if (order == Orders.BOTH) {
            Acdc.Result other = search(job, Acdc.Order.REVERSED, journal);
            job.directory().write(other.circuit(), "edges-reversed.json");
            Circuit shared = found.circuit().intersection(other.circuit());
            Circuit either = found.circuit().union(other.circuit());
            summary.put("reversed_circuit_edges", other.circuit().size());
            summary.put("reversed_circuit_loss", other.loss());
            summary.put("edges_in_both", shared.size());
            summary.put("disagreement", either.size() == 0 ? 0.0 : 1 - (double) shared.size() / either.size());
        }
        return found.rises();
    }

    private Acdc.Result search(AttributionOptions.Job job, Acdc.Order its, LossJournal journal) {
        Acdc acdc = new Acdc(job.setting(), its);
        try (AttributionProgress progress =
                new AttributionProgress("acdc, " + its.name().toLowerCase(Locale.ROOT), "edges")) {
            return threshold.isPresent()
                    ? acdc.search(job.examples(), threshold.get(), CACHE, journal, progress)
                    : acdc.searchForSize(job.examples(), edges.orElseThrow(), CACHE, journal, progress);
        }
    }
}
