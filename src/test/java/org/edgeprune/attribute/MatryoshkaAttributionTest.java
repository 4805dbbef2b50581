package org.edgeprune.attribute;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.edgeprune.eval.AblationStates;
import org.edgeprune.eval.Evaluator;
import org.edgeprune.graph.Circuit;
import org.edgeprune.io.InputException;
import org.edgeprune.mask.MaskValues;
import org.edgeprune.model.Execution;
import org.edgeprune.prune.LoadedModel;
import org.edgeprune.safetensors.KeptState;
import org.edgeprune.task.Example;
import org.edgeprune.torch.Device;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Training of scores on a tiny random Llama. */
class MatryoshkaAttributionTest {
    private LoadedModel model;
    private List<Example> examples;
    private AttributionSetting setting;

    @BeforeEach
    void open() throws IOException {
        GoldenScores golden = GoldenScores.of("tiny-llama-gqa");
        model = LoadedModel.open("tiny", golden.model(), Execution.on(Device.CPU));
        examples = golden.examples(model.tokenizer());
        setting = GoldenScores.setting(model, Objective.LOGIT_DIFFERENCE, 4);
    }

    @AfterEach
    void close() {
        model.close();
    }

    private MatryoshkaAttribution training(int steps) {
        return new MatryoshkaAttribution(
                setting, new MatryoshkaAttribution.Options(steps, 0.05, 0.5, 1), examples, Long.MAX_VALUE);
    }

    private double logitDifference(Circuit circuit) {
        return new Evaluator(model.model(), setting.scorer(), AblationStates.INTERCHANGE, 16)
                .evaluate(examples, MaskValues.of(circuit))
                .metrics()
                .get("logit_difference");
    }

    /** Not only at one size: at each, the best edges do better than the worst ones and than all. */
    @Test
    void theBestEdgesAreABetterCircuitAtEverySize() {
        EdgeScores scores;
        try (MatryoshkaAttribution training = training(200)) {
            scores = training.train((step, k, loss, now) -> {});
        }
        int edges = scores.size();
        float[] negated = scores.toArray();
        for (int i = 0; i < edges; i++) {
            negated[i] = -negated[i];
        }
        EdgeScores worst = EdgeScores.of(scores.graph(), negated);
        double whole = logitDifference(Circuit.full(scores.graph()));
        for (int size : new int[] {edges / 8, edges / 4, edges / 2}) {
            double best = logitDifference(scores.top(size, Ranking.SIGNED));
            assertTrue(best > whole, size + " edges: " + best + ", all: " + whole);
            assertTrue(best > logitDifference(worst.top(size, Ranking.SIGNED)), size + " edges");
        }
    }

    @Test
    void aResumedTrainingHasTheSameBits() {
        List<MatryoshkaAttribution.State> states = new ArrayList<>();
        EdgeScores whole;
        List<Double> budgets = new ArrayList<>();
        try (MatryoshkaAttribution training = training(6)) {
            whole = training.train((step, k, loss, now) -> {
                states.add(now.state());
                budgets.add(k);
            });
        }
        try (MatryoshkaAttribution rest = training(6)) {
            rest.restore(states.get(2));
            assertEquals(3, rest.steps());
            assertEquals(whole, rest.train((step, k, loss, now) -> assertEquals(budgets.get(step), k)));
        }
        try (MatryoshkaAttribution fewer = training(5)) {
            assertNotEquals(whole, fewer.train((step, k, loss, now) -> {}));
        }
        assertTrue(budgets.stream().allMatch(k -> k >= 1 && k < whole.size()), budgets.toString());
        assertTrue(budgets.stream().distinct().count() > 1);
    }

    private MatryoshkaAttribution annealed(int steps, double learningRate) {
        return new MatryoshkaAttribution(
                GoldenScores.setting(model, Objective.KL, 4),
                new MatryoshkaAttribution.Options(steps, learningRate, 0.5, 1, MatryoshkaSchedule.ANNEALED),
                examples,
                Long.MAX_VALUE);
    }

    private int[] eapIg() {
        return ScoredStart.eapIg(setting, AttributionSetting.Progress.NONE)
                .ranking(setting.graph(), examples, setting.workers());
    }

    private double divergence(Circuit circuit) {
        return new Evaluator(model.model(), setting.scorer(), AblationStates.INTERCHANGE, 16)
                .evaluate(examples, MaskValues.of(circuit))
                .metrics()
                .get("kl");
    }

    /** That is what the annealed training is for. */
    @Test
    void aTrainingFromEapIgComesCloserToTheFullModelAtEverySize() {
        EdgeScores start;
        EdgeScores trained;
        try (MatryoshkaAttribution training = annealed(150, 0.05)) {
            training.startFrom(eapIg());
            start = training.scores();
            trained = training.train((step, k, loss, now) -> {});
        }
        for (double share : new double[] {0.02, 0.05, 0.1}) {
            int size = (int) Math.round(share * start.size());
            double before = divergence(start.top(size, Ranking.SIGNED));
            double after = divergence(trained.top(size, Ranking.SIGNED));
            assertTrue(after < before, size + " edges: " + after + ", EAP-IG: " + before);
        }
    }

    @Test
    void scoresStartInTheOrderOfTheRankingAndStepsBeginThere() {
        int[] ranking = eapIg();
        try (MatryoshkaAttribution training = annealed(2, 1e-9)) {
            training.startFrom(ranking);
            assertArrayEquals(ranking, training.scores().ranked(Ranking.SIGNED));
            assertArrayEquals(
                    ranking, training.train((step, k, loss, now) -> {}).ranked(Ranking.SIGNED));
            assertThrows(IllegalStateException.class, () -> training.startFrom(ranking));
        }
    }

    /** Adam's first moment is a tenth of the first gradient. */
    @Test
    void annealedStepsDivideTheGradientByItsNormAndDrawTheSizesOfTheSchedule() {
        List<Double> norms = new ArrayList<>();
        List<Double> budgets = new ArrayList<>();
        try (MatryoshkaAttribution training = annealed(20, 0.05)) {
            training.startFrom(eapIg());
            training.train((step, k, loss, now) -> {
                budgets.add(k);
                double squares = 0;
                for (float moment : now.state().firstMoments()) {
                    squares += (double) moment * moment;
                }
                norms.add(Math.sqrt(squares));
            });
        }
        assertEquals(0.1, norms.getFirst(), 1e-6);
        int edges = setting.graph().edgeCount();
        assertTrue(
                budgets.stream().allMatch(k -> k >= Math.max(1, 0.005 * edges) && k <= 0.2 * edges),
                budgets.toString());
    }

    @Test
    void aResumedAnnealedTrainingHasTheSameBits() {
        List<MatryoshkaAttribution.State> states = new ArrayList<>();
        EdgeScores whole;
        try (MatryoshkaAttribution training = annealed(5, 0.05)) {
            training.startFrom(eapIg());
            whole = training.train((step, k, loss, now) -> states.add(now.state()));
        }
        try (MatryoshkaAttribution rest = annealed(5, 0.05)) {
            rest.restore(states.get(1));
            assertEquals(whole, rest.train((step, k, loss, now) -> {}));
        }
    }

    /** With the same bits, and without EAP-IG, which would begin at step 1 of another total. */
    @Test
    void anInterruptedTrainingGoesOnFromTheStateThatItKept(@TempDir Path folder) {
        KeptState kept = new KeptState(folder.resolve("state.safetensors"), "this", 2);
        EdgeScores whole = fromEapIg(Optional.empty(), (done, total) -> {});
        assertThrows(
                IllegalStateException.class,
                () -> fromEapIg(Optional.of(kept), (done, total) -> {
                    if (total == 5 && done == 3) {
                        throw new IllegalStateException("interrupted");
                    }
                }));
        List<Long> steps = new ArrayList<>();
        EdgeScores rest = fromEapIg(Optional.of(kept), (done, total) -> steps.add(done));
        assertEquals(whole, rest);
        assertEquals(List.of(3L, 4L, 5L), steps);

        KeptState of = new KeptState(kept.file(), "another", 2);
        assertEquals(
                kept.file() + ": belongs to another run: choose another --out",
                assertThrows(InputException.class, () -> fromEapIg(Optional.of(of), AttributionSetting.Progress.NONE))
                        .getMessage());
    }

    private EdgeScores fromEapIg(Optional<KeptState> kept, AttributionSetting.Progress progress) {
        return MatryoshkaAttribution.fromEapIg(
                GoldenScores.setting(model, Objective.KL, 4),
                new MatryoshkaAttribution.Options(5, 0.05, 0.5, 1, MatryoshkaSchedule.ANNEALED),
                examples,
                Long.MAX_VALUE,
                kept,
                progress);
    }

    @Test
    void impossibleOptionsAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> new MatryoshkaAttribution.Options(0, 0.05, 0.5, 1));
        assertThrows(IllegalArgumentException.class, () -> new MatryoshkaAttribution.Options(1, Double.NaN, 0.5, 1));
        assertThrows(IllegalArgumentException.class, () -> new MatryoshkaAttribution.Options(1, 1e30, 0.5, 1));
        assertThrows(IllegalArgumentException.class, () -> new MatryoshkaAttribution.Options(1, 0.05, 0, 1));
    }
}
