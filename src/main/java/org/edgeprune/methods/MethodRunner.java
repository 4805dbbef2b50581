package org.edgeprune.methods;

import java.util.List;
import java.util.Optional;
import org.edgeprune.attribute.Acdc;
import org.edgeprune.attribute.AttributionMethod;
import org.edgeprune.attribute.AttributionSetting;
import org.edgeprune.attribute.EdgeScores;
import org.edgeprune.attribute.ExactPatching;
import org.edgeprune.attribute.ExactState;
import org.edgeprune.attribute.GradientAttribution;
import org.edgeprune.attribute.MatryoshkaAttribution;
import org.edgeprune.attribute.MatryoshkaSchedule;
import org.edgeprune.attribute.Objective;
import org.edgeprune.attribute.RandomScores;
import org.edgeprune.eval.AblationStates;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.task.Example;
import org.edgeprune.task.Scorer;

/**
 * Scores edges by any method but edge pruning, which needs a run directory.
 *
 * @param model the full model
 * @param scorer the task's judge
 * @param objective the loss that is attributed; that of ACDC and of the default Matryoshka attribution is KL
 * @param ablation what an ablated edge carries
 * @param effort how much work a method may do
 */
public record MethodRunner(
        TransformerModel model, Scorer scorer, Objective objective, AblationStates ablation, Effort effort) {
    /** Thresholds of ACDC, as shares of what cutting every edge costs. */
    private static final List<Double> ACDC_THRESHOLDS = List.of(0.1, 0.03, 0.01, 0.003);

    /** The default Matryoshka attribution makes this share of the published one's steps. */
    private static final double MATTR_STEPS_SHARE = 0.6;
    /** EAP-IG (activations) runs every source of the model at each of its points, and so has fewer points. */
    private static final int SOURCES_SHARE = 4;

    private static final int BATCH = 16;
    private static final int SEARCH_BATCH = 64;
    private static final long CACHE_BYTES = 1L << 30;

    /**
     * Scores every edge of the model's graph with embedding nodes.
     *
     * @param method any but {@link CircuitMethod#EDGE_PRUNING}
     * @param examples training prompts, of which the first ones are used, as many as the effort says
     * @param seed of all random choices
     * @param progress follows the work
     * @return the scores, which rank edges as {@link CircuitMethod#ranking} says
     * @throws IllegalArgumentException for edge pruning
     * @throws org.edgeprune.io.InputException if an example lacks an answer that the objective needs, or the objective
     *     tells the method nothing
     */
    public EdgeScores scores(
            CircuitMethod method, List<Example> examples, long seed, AttributionSetting.Progress progress) {
        return switch (method) {
            case EDGE_PRUNING -> throw new IllegalArgumentException("edge pruning needs a run directory");
            case MATTR -> mattr(first(examples, effort.prompts()), seed);
            case MATTR_PUBLISHED -> mattrAsPublished(first(examples, effort.prompts()), seed);
            case ACDC ->
                new Acdc(setting(Objective.KL, SEARCH_BATCH), Acdc.Order.PUBLISHED)
                        .ranked(first(examples, effort.searchedPrompts()), ACDC_THRESHOLDS, CACHE_BYTES, progress);
            case EAP, CLEAN_CORRUPTED, EAP_IG_INPUTS, EAP_IG_ACTIVATIONS, EXACT, RANDOM ->
                attribution(method.attribution().orElseThrow(), examples, seed, progress);
        };
    }

    private EdgeScores attribution(
            AttributionMethod method, List<Example> examples, long seed, AttributionSetting.Progress progress) {
        method.requireSensible(objective);
        AttributionSetting setting = setting(objective, BATCH);
        if (method == AttributionMethod.RANDOM) {
            return RandomScores.of(setting.graph(), seed);
        }
        int steps = method == AttributionMethod.EAP_IG_ACTIVATIONS
                ? Math.ceilDiv(effort.integrationSteps(), SOURCES_SHARE)
                : effort.integrationSteps();
        return method.gradients(steps)
                .map(gradients ->
                        new GradientAttribution(setting, gradients).scores(first(examples, effort.prompts()), progress))
                .orElseGet(() -> exact(setting, first(examples, effort.searchedPrompts()), progress));
    }

    private static EdgeScores exact(
            AttributionSetting setting, List<Example> examples, AttributionSetting.Progress progress) {
        ExactPatching patching = new ExactPatching(setting);
        return patching.scores(examples, ExactState.fresh(patching), progress).edges();
    }

    private EdgeScores mattr(List<Example> examples, long seed) {
        int steps = (int) Math.ceil(MATTR_STEPS_SHARE * effort.mattrSteps());
        return MatryoshkaAttribution.fromEapIg(
                setting(Objective.KL, MatryoshkaAttribution.Options.BATCH),
                training(steps, seed, MatryoshkaSchedule.ANNEALED),
                examples,
                CACHE_BYTES,
                Optional.empty(),
                AttributionSetting.Progress.NONE);
    }

    private EdgeScores mattrAsPublished(List<Example> examples, long seed) {
        MatryoshkaAttribution.Options options = training(effort.mattrSteps(), seed, MatryoshkaSchedule.PUBLISHED);
        try (MatryoshkaAttribution training =
                new MatryoshkaAttribution(setting(objective, 1), options, examples, CACHE_BYTES)) {
            return training.train((step, k, loss, now) -> {});
        }
    }

    private static MatryoshkaAttribution.Options training(int steps, long seed, MatryoshkaSchedule schedule) {
        return new MatryoshkaAttribution.Options(
                steps,
                MatryoshkaAttribution.Options.LEARNING_RATE,
                MatryoshkaAttribution.Options.TEMPERATURE,
                seed,
                schedule);
    }

    private AttributionSetting setting(Objective loss, int batchSize) {
        return new AttributionSetting(
                model, new ComputationGraph(model.graphShape()), scorer, loss, ablation, batchSize);
    }

    static List<Example> first(List<Example> examples, int count) {
        return examples.subList(0, Math.min(count, examples.size()));
    }
}
