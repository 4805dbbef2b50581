package org.edgeprune.attribute;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.edgeprune.engine.FullRun;
import org.edgeprune.engine.MaskedPass;
import org.edgeprune.eval.AblationStates;
import org.edgeprune.eval.PromptBatch;
import org.edgeprune.eval.ReferencePrompts;
import org.edgeprune.graph.Ablation;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.graph.Writer;
import org.edgeprune.io.InputException;
import org.edgeprune.mask.MaskValues;
import org.edgeprune.mask.Masks;
import org.edgeprune.model.Execution;
import org.edgeprune.model.LargeWeights;
import org.edgeprune.model.RandomWeights;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.model.architecture.Gpt2;
import org.edgeprune.model.architecture.Gpt2Config;
import org.edgeprune.task.Answer;
import org.edgeprune.task.Example;
import org.edgeprune.task.TokenScorer;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.GradMode;
import org.edgeprune.torch.LibTorch;
import org.edgeprune.torch.Tensor;
import org.edgeprune.torch.TensorScope;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Scores on a tiny random GPT-2 against the masked model, which computes every edge by itself. */
class AttributionTest {
    private static final Gpt2Config CONFIG = Gpt2Config.ofSize(2, 3, 12, 24, 19, 10);
    private static final List<Example> EXAMPLES = List.of(
            example(new int[] {1, 2, 3, 4}, new int[] {1, 11, 3, 12}, 5, 6),
            example(new int[] {5, 6, 7}, new int[] {13, 6, 1}, 2, 9),
            example(new int[] {8, 9, 3, 2, 1, 4, 7}, new int[] {8, 9, 3, 2, 2, 18, 7}, 0, 3));

    private TransformerModel model;
    private TensorScope scope;

    private static Example example(int[] clean, int[] corrupted, int target, int distractor) {
        return new Example(
                clean, corrupted, clean.length - 1, clean.length, new Answer.Tokens(new int[] {target}, new int[] {
                    distractor
                }));
    }

    @BeforeEach
    void open() {
        LibTorch.load();
        scope = TensorScope.open();
        model = LargeWeights.gpt2(CONFIG);
    }

    @AfterEach
    void close() {
        scope.close();
        model.close();
    }

    private ComputationGraph graph(boolean embeddingNodes) {
        return new ComputationGraph(
                embeddingNodes ? model.graphShape() : model.graphShape().withoutEmbeddings());
    }

    private AttributionSetting setting(boolean embeddingNodes, Objective objective, AblationStates ablation) {
        return new AttributionSetting(model, graph(embeddingNodes), new TokenScorer(), objective, ablation, 2);
    }

    private EdgeScores scores(AttributionSetting setting, GradientMethod method) {
        return new GradientAttribution(setting, method).scores(EXAMPLES, AttributionSetting.Progress.NONE);
    }

    /** The mean loss of the masked model. */
    private double loss(AttributionSetting setting, float[] edges) {
        return loss(
                setting,
                new MaskValues(
                        setting.graph(), edges, MaskValues.full(setting.graph()).nodes()));
    }

    private double loss(AttributionSetting setting, MaskValues masks) {
        try (TensorScope _ = TensorScope.open();
                GradMode _ = GradMode.disabled()) {
            PromptBatch batch = PromptBatch.of(model, EXAMPLES, setting.scorer(), setting.ablation());
            MaskedPass pass = MaskedPass.forward(
                    model,
                    batch.clean(),
                    batch.baseline(),
                    Masks.of(masks, Device.CPU),
                    batch.scored(),
                    MaskedPass.Gradients.NONE);
            Tensor logits = batch.rows().of(model.logits(pass.finalResidual()));
            return setting.objective()
                    .loss(logits, batch, EXAMPLES, setting.scorer())
                    .item();
        }
    }

    private AblationStates states(String ablation) {
        return AblationStates.of(Ablation.named(ablation), model, new ReferencePrompts(EXAMPLES, 1), 2, true);
    }

    private static float largest(EdgeScores scores) {
        return Math.abs(scores.at(scores.ranked(Ranking.ABSOLUTE)[0]));
    }

    @ParameterizedTest(name = "{0}, {1}, embedding nodes {2}")
    @CsvSource({
        "LOGIT_DIFFERENCE, interchange, true",
        "LOGIT_DIFFERENCE, interchange, false",
        "LOGIT_DIFFERENCE, zero, true",
        "LOGIT_DIFFERENCE, mean, true",
        "CROSS_ENTROPY, mean-positional, false",
        "CROSS_ENTROPY, interchange, true",
        "PROBABILITY_DIFFERENCE, zero, false",
        "KL_AND_LOGIT_DIFFERENCE, interchange, true"
    })
    void eapIsMinusTheSlopeOfTheLossInEachMask(Objective objective, String ablation, boolean embeddingNodes) {
        AblationStates states = states(ablation);
        AttributionSetting setting = setting(embeddingNodes, objective, states);
        EdgeScores scores = scores(setting, new GradientMethod.Eap());
        float tolerance = 0.02f * largest(scores);
        assertTrue(tolerance > 1e-4, "scores are not all zero");
        float step = 5e-3f;
        SplittableRandom random = new SplittableRandom(1);
        for (int i = 0; i < 40; i++) {
            int edge = random.nextInt(scores.size());
            float[] masks = MaskValues.full(setting.graph()).edges();
            masks[edge] = 1 + step;
            double above = loss(setting, masks);
            masks[edge] = 1 - step;
            double slope = (above - loss(setting, masks)) / (2 * step);
            assertEquals(
                    -slope,
                    scores.at(edge),
                    tolerance,
                    setting.graph().edge(edge).toString());
        }
    }

    @ParameterizedTest(name = "{0}, {1}, embedding nodes {2}")
    @CsvSource({
        "LOGIT_DIFFERENCE, interchange, true",
        "KL, interchange, false",
        "CROSS_ENTROPY, zero, true",
        "LOGIT_DIFFERENCE, mean, false",
        "LOGIT_DIFFERENCE, mean-positional, true",
        "PROBABILITY_DIFFERENCE, interchange, false"
    })
    void exactPatchingIsTheLossWithTheEdgeCut(Objective objective, String ablation, boolean embeddingNodes) {
        AblationStates states = states(ablation);
        AttributionSetting setting = setting(embeddingNodes, objective, states);
        EdgeScores scores = exact(new ExactPatching(setting)).edges();
        double whole = loss(setting, MaskValues.full(setting.graph()).edges());
        for (int edge = 0; edge < scores.size(); edge++) {
            float[] masks = MaskValues.full(setting.graph()).edges();
            masks[edge] = 0;
            assertEquals(
                    loss(setting, masks) - whole,
                    scores.at(edge),
                    1e-5 + 1e-4 * largest(scores),
                    setting.graph().edge(edge).toString());
        }
        states.close();
    }

    /** The edges out of the embeddings carry all that the inputs' change does to the loss. */
    @Test
    void inputGradientsOfManyStepsSumToTheChangeOfTheLoss() {
        AttributionSetting setting = setting(true, Objective.LOGIT_DIFFERENCE, AblationStates.INTERCHANGE);
        EdgeScores scores = scores(setting, new GradientMethod.InputGradients(400));
        double whole = loss(setting, MaskValues.full(setting.graph()).edges());
        double none = loss(setting, new float[setting.graph().edgeCount()]);
        double sum = 0;
        for (Writer writer : setting.graph().writers()) {
            if (writer.kind() == Writer.Kind.EMBEDDING) {
                sum += scores.byWriter()[writer.index()];
            }
        }
        assertEquals(none - whole, sum, 0.02 * Math.abs(none - whole));
    }

    /** Each batch alone, blocks computed twice, and one prompt a time: the same scores. */
    @Test
    void scoresDoNotDependOnHowTheyAreComputed() {
        AttributionSetting setting = setting(true, Objective.LOGIT_DIFFERENCE, AblationStates.INTERCHANGE);
        GradientMethod method = new GradientMethod.InputGradients(3);
        EdgeScores expected = scores(setting, method);
        PromptScores byPrompt =
                new GradientAttribution(setting, method).scoresByPrompt(EXAMPLES, AttributionSetting.Progress.NONE);
        assertArrayEquals(expected.toArray(), byPrompt.mean().toArray(), 1e-5f * largest(expected));
        try (TransformerModel again = TransformerModel.of(
                Gpt2.decoder(CONFIG),
                new LargeWeights(new RandomWeights(11)),
                Execution.on(Device.CPU).recomputing().withMicroBatch(5).withWorkers(3))) {
            AttributionSetting recomputing = new AttributionSetting(
                    again, setting.graph(), setting.scorer(), setting.objective(), setting.ablation(), 3);
            assertArrayEquals(expected.toArray(), scores(recomputing, method).toArray(), 1e-5f * largest(expected));
        }
    }

    @Test
    void exactPatchingGoesOnWhereItWasCutOff() {
        AttributionSetting setting = setting(true, Objective.LOGIT_DIFFERENCE, AblationStates.INTERCHANGE);
        List<double[]> sums = new ArrayList<>();
        ExactPatching patching = new ExactPatching(setting, new ScoreLevels(true, true, false));
        ExactState watched = new ExactState(new double[patching.sums()], 0, state -> sums.add(state.sums()));
        LevelScores whole = patching.scores(EXAMPLES, watched, AttributionSetting.Progress.NONE);
        for (int done : new int[] {1, setting.graph().readers().size(), sums.size() / 2 + 1, sums.size() - 1}) {
            ExactState left = new ExactState(sums.get(done - 1).clone(), done, ExactState.Keeper.NONE);
            LevelScores again = patching.scores(EXAMPLES, left, AttributionSetting.Progress.NONE);
            assertEquals(whole.edges(), again.edges());
            assertArrayEquals(whole.nodes().orElseThrow(), again.nodes().orElseThrow());
            assertArrayEquals(whole.neurons().orElseThrow(), again.neurons().orElseThrow());
        }
        ExactState wrong = new ExactState(new double[patching.sums()], 3, state -> {});
        assertNotEquals(
                whole.edges(),
                patching.scores(EXAMPLES, wrong, AttributionSetting.Progress.NONE)
                        .edges());
        ExactState ofEdges = ExactState.fresh(new ExactPatching(setting));
        assertThrows(
                IllegalArgumentException.class,
                () -> patching.scores(EXAMPLES, ofEdges, AttributionSetting.Progress.NONE));
    }

    private static LevelScores exact(ExactPatching patching) {
        return patching.scores(EXAMPLES, ExactState.fresh(patching), AttributionSetting.Progress.NONE);
    }

    /** The masked model says the same: there, one mask is zero. */
    @ParameterizedTest(name = "{0}, {1}, embedding nodes {2}")
    @CsvSource({
        "LOGIT_DIFFERENCE, interchange, true",
        "KL, zero, false",
        "LOGIT_DIFFERENCE, mean-positional, true",
        "CROSS_ENTROPY, mean, false"
    })
    void exactPatchingOfNodesAndNeuronsIsTheLossWithoutThem(
            Objective objective, String ablation, boolean embeddingNodes) {
        try (AblationStates states = states(ablation)) {
            AttributionSetting setting = setting(embeddingNodes, objective, states);
            LevelScores scores = exact(new ExactPatching(setting, new ScoreLevels(true, true, false)));
            EdgeScores alone = exact(new ExactPatching(setting)).edges();
            float tolerance = 1e-5f + 1e-4f * largest(alone);
            assertArrayEquals(alone.toArray(), scores.edges().toArray(), tolerance);
            MaskValues full = MaskValues.full(setting.graph());
            double whole = loss(setting, full);
            float[] nodes = scores.nodes().orElseThrow();
            assertEquals(setting.graph().nodeCount(), nodes.length);
            for (Writer writer : setting.graph().writers()) {
                assertEquals(
                        loss(setting, full.without(writer)) - whole, nodes[writer.index()], tolerance, writer.name());
            }
            int inner = Math.toIntExact(model.sizes().inner());
            float[] kept = new float[CONFIG.layers() * inner];
            double most = 0;
            for (int neuron = 0; neuron < kept.length; neuron++) {
                Arrays.fill(kept, 1);
                kept[neuron] = 0;
                double expected = loss(setting, new MaskValues(setting.graph(), full.edges(), full.nodes(), kept));
                float score = scores.neurons().orElseThrow()[neuron / inner][neuron % inner];
                assertEquals(expected - whole, score, tolerance, "neuron " + neuron);
                most = Math.max(most, Math.abs(score));
            }
            assertTrue(most > 10 * tolerance, "something to compare: " + most);
        }
    }

    @Test
    void stabilityIsOneForEqualPromptsAndLessForOthers() {
        ComputationGraph graph = graph(true);
        SplittableRandom random = new SplittableRandom(5);
        float[][] noise = new float[20][graph.edgeCount()];
        for (float[] prompt : noise) {
            for (int i = 0; i < prompt.length; i++) {
                prompt[i] = (float) random.nextGaussian();
            }
        }
        float[][] same = new float[20][];
        java.util.Arrays.fill(same, noise[0]);
        assertEquals(1, new PromptScores(graph, same).stability(20, 10, Ranking.ABSOLUTE, 1));
        double unstable = new PromptScores(graph, noise).stability(20, 10, Ranking.ABSOLUTE, 1);
        assertTrue(unstable > 0 && unstable < 0.9, Double.toString(unstable));
        assertEquals(unstable, new PromptScores(graph, noise).stability(20, 10, Ranking.ABSOLUTE, 1));
    }

    /** Deltas from the mean sum to zero over what the mean is of. */
    @ParameterizedTest
    @ValueSource(strings = {"mean", "mean-positional"})
    void meansAreThoseOfEveryWriterOverTheCleanPrompts(String ablation) {
        try (AblationStates states = states(ablation)) {
            PromptBatch batch = PromptBatch.of(model, EXAMPLES, new TokenScorer(), states);
            Tensor deltas = FullRun.of(model, graph(true), batch.clean(), batch.baseline())
                    .deltas();
            double largest = deltas.abs().amax(0, 1, 2).item();
            assertTrue(largest > 0.1);
            Tensor sums = ablation.equals("mean")
                    ? deltas.sum(1)
                    : Tensor.zeros(deltas.size(0), 7, deltas.size(2))
                            .indexAdd_(1, batch.clean().positions(), deltas);
            assertTrue(sums.abs().amax().item() < 1e-4 * largest);
        }
    }

    @Test
    void anObjectiveWithoutItsAnswersIsRefused() {
        Example without =
                new Example(new int[] {1, 2}, new int[] {1, 3}, 1, 2, new Answer.Tokens(new int[] {4}, new int[0]));
        AttributionSetting setting = setting(true, Objective.LOGIT_DIFFERENCE, AblationStates.INTERCHANGE);
        String message = assertThrows(
                        InputException.class, () -> setting.requireAnswers(List.of(EXAMPLES.get(0), without)))
                .getMessage();
        assertEquals(
                "--objective logit-difference: example 2 of the data has no distractor to compare with: use --objective"
                        + " cross-entropy or kl, or data with a \"distractor\"",
                message);
        setting(true, Objective.CROSS_ENTROPY, AblationStates.INTERCHANGE).requireAnswers(List.of(without));
        assertThrows(InputException.class, () -> AttributionMethod.EAP.requireSensible(Objective.KL));
        AttributionMethod.EAP_IG_INPUTS.requireSensible(Objective.KL);
    }
}
