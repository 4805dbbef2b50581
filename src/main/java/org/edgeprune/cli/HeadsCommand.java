package org.edgeprune.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.edgeprune.eval.NodeEffect;
import org.edgeprune.eval.NodeEffects;
import org.edgeprune.eval.RepeatedEvaluator;
import org.edgeprune.graph.Writer;
import org.edgeprune.io.InputException;
import org.edgeprune.io.Json;
import org.edgeprune.task.Example;
import org.edgeprune.task.Split;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code edgeprune heads}: how much each head, MLP and embedding of a circuit matters. */
@Command(
        name = "heads",
        description = {
            "Measure how much each head, MLP and embedding of a run's circuit matters: each is knocked out (all edges out of",
            "it carry what ablated edges carry) of the circuit, and of the full model, and the rest is evaluated. The result",
            "is also written to RUN/heads.json, and is part of the run's report from then on."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  edgeprune heads out/demo",
            "  edgeprune heads out/demo --max-samples 500 --metric logit_difference --json"
        })
final class HeadsCommand implements Callable<Integer> {
    private static final String KL = "kl";
    private static final String LOGIT_DIFFERENCE = "logit_difference";

    @Parameters(paramLabel = "RUN", description = "Directory of a run that has ended.")
    private Path run;

    @Option(
            names = "--split",
            paramLabel = "SPLIT",
            defaultValue = "TEST",
            description = "Split of the data: ${COMPLETION-CANDIDATES} (default: test).")
    private Split split;

    @Option(
            names = {"--max-samples", "--max-examples"},
            paramLabel = "N",
            defaultValue = "100",
            description = "Evaluate on the first N examples (default: ${DEFAULT-VALUE}).")
    private int maxSamples;

    @Option(
            names = "--max-nodes",
            paramLabel = "N",
            defaultValue = "200",
            description =
                    "Knock out the N nodes with the most edges out of them, if the circuit has more (default: ${DEFAULT-VALUE}).")
    private int maxNodes;

    @Option(
            names = "--metric",
            paramLabel = "NAME",
            description =
                    "What the table shows beside KL (default: logit_difference, or the task's main metric); JSON has all.")
    private Optional<String> metric = Optional.empty();

    @Mixin
    private ExecutionOptions execution;

    @Mixin
    private Results results;

    @Override
    public Integer call() {
        Bounds.atLeast(1, "--max-samples", maxSamples);
        Bounds.atLeast(1, "--max-nodes", maxNodes);
        try (OpenedRun opened = OpenedRun.open(run, execution, results)) {
            List<Example> examples = opened.examples(split, maxSamples);
            if (opened.masks().byPosition()) {
                results.note(
                        run + ": has masks at each position: a node is knocked out at all of them, and the edges in"
                                + " and out are those that are kept at any");
            }
            List<Writer> all = NodeEffects.nodesOf(opened.masks(), Integer.MAX_VALUE);
            List<Writer> nodes = NodeEffects.nodesOf(opened.masks(), maxNodes);
            long began = System.nanoTime();
            NodeEffects effects;
            try (RepeatedEvaluator evaluator = opened.evaluator(examples);
                    Progress progress = new Progress("knocking out", "nodes", nodes.size())) {
                int[] done = {0};
                effects = NodeEffects.measure(
                        evaluator::evaluate, opened.masks(), nodes, one -> progress.at(++done[0], one.node()::name));
            }
            if (nodes.size() < all.size()) {
                double each = (System.nanoTime() - began) / 1e9 / nodes.size();
                results.note(
                        "knocked out %,d nodes, those with the most edges out of them, of %,d; --max-nodes %d knocks out all of them, in about %s"
                                .formatted(nodes.size(), all.size(), all.size(), Durations.text(each * all.size())));
            }
            String shown = metric(effects, opened.scorer().headline());
            ObjectNode json = Json.object().put("split", split.key()).put("metric", shown);
            json.setAll(effects.toJson());
            Json.write(opened.directory().headsFile(), json);
            results.print(
                    json,
                    () -> text(effects, shown) + "\nAlso in "
                            + opened.directory().headsFile());
        }
        return 0;
    }

    private String metric(NodeEffects effects, String headline) {
        Map<String, Double> known = effects.circuit();
        if (metric.isPresent() && !known.containsKey(metric.get())) {
            throw new InputException("--metric " + metric.get() + ": the task has no such metric: choose one of "
                    + String.join(", ", known.keySet()));
        }
        return metric.orElse(known.containsKey(LOGIT_DIFFERENCE) ? LOGIT_DIFFERENCE : headline);
    }

    /** KL and metric of what is left, in the circuit and in the full model, and each node's number of edges. */
    private static String text(NodeEffects effects, String metric) {
        Table table = new Table()
                .head("", "circuit", "", "full model", "", "edges", "edges")
                .head("knocked out", KL, "metric", KL, "metric", "in", "out")
                .row(
                        "nothing",
                        effects.circuit().get(KL),
                        effects.circuit().get(metric),
                        effects.fullModel().get(KL),
                        effects.fullModel().get(metric),
                        "",
                        "");
        for (NodeEffect effect : effects.nodes()) {
            table.row(
                    effect.node().name(),
                    effect.inCircuit().get(KL),
                    effect.inCircuit().get(metric),
                    effect.inModel().get(KL),
                    effect.inModel().get(metric),
                    effect.inputs().size(),
                    effect.outputs().size());
        }
        return "metric: " + metric + ", mean over " + effects.examples() + " prompts\n\n" + table;
    }
}
