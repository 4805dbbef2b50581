package org.edgeprune.cli;

import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.edgeprune.attribute.AttributionMemory;
import org.edgeprune.attribute.AttributionMethod;
import org.edgeprune.attribute.EdgeScores;
import org.edgeprune.attribute.ExactPatching;
import org.edgeprune.attribute.GradientAttribution;
import org.edgeprune.attribute.GradientMethod;
import org.edgeprune.attribute.LevelScores;
import org.edgeprune.attribute.Objective;
import org.edgeprune.attribute.PromptScores;
import org.edgeprune.attribute.RandomScores;
import org.edgeprune.attribute.Ranking;
import org.edgeprune.engine.Ranks;
import org.edgeprune.io.InputException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code edgeprune attribute}: scores every edge. */
@Command(
        name = "attribute",
        description = {
            "Score every edge by how much a task's loss rises when it is ablated.",
            "Scores are computed from gradients (EAP, EAP-IG), which takes seconds, or exactly, one edge after the other. They are",
            "written to OUT/scores.safetensors, their inputs to OUT/run.json. An edge with a positive score helps."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  edgeprune attribute --task ioi --method eap --out out/eap",
            "  edgeprune attribute --task gt --method eap-ig-inputs --steps 20 --objective probability-difference --out out/gt-eap-ig",
            "  edgeprune attribute --task ioi --data data/ioi --method eap --bootstrap 100 --out out/stable",
            "  edgeprune attribute --task ioi --method eap --level edges,nodes,neurons --out out/neurons",
            "  edgeprune attribute --task ioi --method exact --max-samples 20 --out out/exact --resume"
        })
final class AttributeCommand implements Ranked {
    private static final double SECONDS_BETWEEN_STATES = 30;

    @Option(
            names = "--method",
            paramLabel = "METHOD",
            required = true,
            description = "How edges are scored: ${COMPLETION-CANDIDATES}.",
            completionCandidates = MethodNames.class)
    private AttributionMethod method;

    @Option(
            names = "--steps",
            paramLabel = "N",
            description = "Points of integration of eap-ig-inputs and eap-ig-activations (default: 20).")
    private Optional<Integer> steps = Optional.empty();

    @Option(
            names = "--batch-size",
            paramLabel = "N",
            defaultValue = "16",
            description = "Examples per batch, which is run in micro-batches (default: ${DEFAULT-VALUE}).")
    private int batchSize;

    @Option(
            names = "--bootstrap",
            paramLabel = "N",
            description =
                    "Also draw the prompts anew N times and say how much the best edges of the draws have in common"
                            + " (mean pairwise Jaccard index). Runs prompts one by one.")
    private Optional<Integer> bootstrap = Optional.empty();

    @Option(
            names = "--top",
            paramLabel = "N",
            description = "How many edges are the best ones of a draw (default: 1%% of all, at least 10).")
    private Optional<Integer> top = Optional.empty();

    @Mixin
    private LevelOptions level;

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
        Objective objective = options.objective(Objective.LOGIT_DIFFERENCE);
        checkOptions(objective);
        options.run(
                new AttributionOptions.Method(
                        method.key(),
                        method.hasSteps() ? Optional.of(stepCount()) : Optional.empty(),
                        batchSize,
                        Ranking.ABSOLUTE,
                        level.parameters(),
                        level.levels()),
                objective,
                results,
                ranks,
                this::scores);
        return 0;
    }

    private void checkOptions(Objective objective) {
        Bounds.atLeast(1, "--steps", steps);
        Bounds.atLeast(1, "--top", top);
        Bounds.atLeast(2, "--bootstrap", bootstrap);
        if (bootstrap.isPresent() && method.gradients(1).isEmpty()) {
            throw new InputException("--bootstrap: --method " + method.key()
                    + " gives no scores of each prompt: use a method of gradients, such as eap");
        }
        if (top.isPresent() && bootstrap.isEmpty()) {
            throw new InputException("--top: says how many edges --bootstrap compares: give --bootstrap N, too");
        }
        if (steps.isPresent() && !method.hasSteps()) {
            throw new InputException("--steps: --method " + method.key() + " has none: leave it out");
        }
        level.requireFor(method, bootstrap.isPresent());
        method.requireSensible(objective);
    }

    private int stepCount() {
        return steps.orElse(20);
    }

    private LevelScores scores(AttributionOptions.Job job) {
        if (method == AttributionMethod.RANDOM) {
            job.directory().write(job.record());
            return LevelScores.of(RandomScores.of(job.setting().graph(), options.seed()));
        }
        int kept = bootstrap.isPresent() ? job.examples().size() : 0;
        AttributionMemory.of(job.setting(), job.loaded(), method, stepCount(), job.examples(), kept, level.levels())
                .require(job.loaded().model().execution());
        job.directory().write(job.record());
        Optional<GradientMethod> gradients = method.gradients(stepCount());
        try (AttributionProgress progress = new AttributionProgress(method.key(), "passes")) {
            if (gradients.isEmpty()) {
                ExactPatching patching = new ExactPatching(job.setting(), level.levels());
                return patching.scores(
                        job.examples(),
                        job.directory().exactState(patching, job.record(), SECONDS_BETWEEN_STATES),
                        progress);
            }
            GradientAttribution attribution = new GradientAttribution(job.setting(), gradients.get());
            return bootstrap.isEmpty()
                    ? attribution.scores(job.examples(), level.levels(), progress)
                    : stable(attribution.scoresByPrompt(job.examples(), progress), job.summary());
        }
    }

    /** The mean scores, and their stability among what is printed. */
    private LevelScores stable(PromptScores each, Map<String, Object> summary) {
        int edges = each.graph().edgeCount();
        int best = Math.min(edges, top.orElse(Math.max(10, edges / 100)));
        summary.put("bootstrap_resamples", bootstrap.orElseThrow());
        summary.put("bootstrap_top", best);
        summary.put(
                "bootstrap_jaccard", each.stability(bootstrap.orElseThrow(), best, Ranking.ABSOLUTE, options.seed()));
        EdgeScores mean = each.mean();
        Optional<float[]> nodes = level.levels().nodes() ? Optional.of(mean.byWriter()) : Optional.empty();
        return new LevelScores(mean, nodes, Optional.empty(), List.of());
    }

    /** The names of all methods, for help texts. */
    static final class MethodNames implements Iterable<String> {
        @Override
        public Iterator<String> iterator() {
            return Arrays.stream(AttributionMethod.values())
                    .map(AttributionMethod::key)
                    .iterator();
        }
    }
}
