package org.edgeprune.attribute;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.List;
import org.edgeprune.eval.AblationStates;
import org.edgeprune.eval.ReferencePrompts;
import org.edgeprune.fixture.Fixtures;
import org.edgeprune.graph.Ablation;
import org.edgeprune.graph.Circuit;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.graph.Edge;
import org.edgeprune.model.Execution;
import org.edgeprune.prune.LoadedModel;
import org.edgeprune.task.Example;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every gradient method gives the scores of the genuine EAP-IG library. */
class GradientAttributionGoldenTest {
    private static final double ABSOLUTE = 1e-5;
    private static final double RELATIVE = 1e-5;

    private static AttributionSetting setting(LoadedModel model, int batchSize) {
        return setting(model, AblationStates.INTERCHANGE, batchSize);
    }

    private static AttributionSetting setting(LoadedModel model, AblationStates ablation, int batchSize) {
        return GoldenScores.setting(model, Objective.LOGIT_DIFFERENCE, ablation, batchSize);
    }

    private static EdgeScores scores(LoadedModel model, GradientMethod method, List<Example> examples) {
        return new GradientAttribution(setting(model, 16), method).scores(examples, AttributionSetting.Progress.NONE);
    }

    static void assertSame(GoldenScores golden, String method, EdgeScores actual) throws IOException {
        assertSame(golden, method, golden.matrix(method), actual);
    }

    private static void assertSame(GoldenScores golden, String method, double[][] matrix, EdgeScores actual)
            throws IOException {
        ComputationGraph graph = actual.graph();
        double largest = 0;
        double worst = 0;
        Edge where = null;
        for (int i = 0; i < graph.edgeCount(); i++) {
            Edge edge = graph.edge(i);
            double expected = golden.score(matrix, graph, edge.writer(), edge.reader());
            if (Double.isNaN(expected)) {
                continue;
            }
            largest = Math.max(largest, Math.abs(expected));
            if (Math.abs(expected - actual.at(i)) > worst) {
                worst = Math.abs(expected - actual.at(i));
                where = edge;
            }
        }
        assertTrue(largest > 0.01, "scores are not all zero");
        assertEquals(0, worst, ABSOLUTE + RELATIVE * largest, method + ": " + where);
    }

    @ParameterizedTest
    @ValueSource(strings = {"mini-gpt2", "tiny-llama-gqa", "tiny-neox-parallel"})
    void scoresAreThoseOfTheLibrary(String name) throws IOException {
        GoldenScores golden = GoldenScores.of(name);
        Execution kept = Execution.on(Fixtures.device());
        for (Execution execution : name.equals("mini-gpt2") ? List.of(kept) : List.of(kept, kept.recomputing())) {
            try (LoadedModel model = LoadedModel.open(name, golden.model(), execution)) {
                List<Example> examples = golden.examples(model.tokenizer());
                assertSame(golden, "EAP", scores(model, new GradientMethod.Eap(), examples));
                assertSame(golden, "clean-corrupted", scores(model, new GradientMethod.CleanCorrupted(), examples));
                assertSame(golden, "EAP-IG-inputs-5", scores(model, new GradientMethod.InputGradients(5), examples));
                assertSame(golden, "EAP-IG-inputs-20", scores(model, new GradientMethod.InputGradients(20), examples));
                assertSame(
                        golden,
                        "EAP-IG-activations-5",
                        scores(model, new GradientMethod.ActivationGradients(5), examples));
            }
        }
    }

    /**
     * The library's zero ablation leaves the bias of the attention's output where it is, and positions; the model has
     * neither.
     */
    @Test
    void zeroAblationIsThatOfTheLibrary() throws IOException {
        GoldenScores golden = GoldenScores.of("tiny-llama-gqa");
        try (LoadedModel model = LoadedModel.open("tiny-llama-gqa", golden.model(), Execution.on(Fixtures.device()))) {
            EdgeScores scores = new GradientAttribution(
                            setting(model, AblationStates.ZERO, 16), new GradientMethod.Eap())
                    .scores(golden.examples(model.tokenizer()), AttributionSetting.Progress.NONE);
            assertSame(golden, "EAP-zero", scores);
        }
    }

    /**
     * Means by position are the library's own. Its means over all tokens are not: it returns one vector for all nodes,
     * so that the golden has the mean that its documentation describes in their place.
     */
    @ParameterizedTest
    @CsvSource({
        "tiny-llama-gqa, mean-positional",
        "tiny-llama-gqa, mean",
        "tiny-neox-parallel, mean-positional",
        "tiny-neox-parallel, mean"
    })
    void meanAblationIsThatOfTheLibrary(String name, String kind) throws IOException {
        GoldenScores golden = GoldenScores.of(name);
        try (LoadedModel model = LoadedModel.open(name, golden.model(), Execution.on(Fixtures.device()))) {
            List<Example> examples = golden.examplesOfMeans(model.tokenizer());
            try (AblationStates states =
                    AblationStates.of(Ablation.named(kind), model.model(), new ReferencePrompts(examples, 1), 3)) {
                EdgeScores scores = new GradientAttribution(setting(model, states, 4), new GradientMethod.Eap())
                        .scores(examples, AttributionSetting.Progress.NONE);
                assertSame(golden, kind, golden.matrixOfMeans("EAP-" + kind), scores);
            }
        }
    }

    /** Also that the loop over batches of another size, and copies that do not come out even, change nothing. */
    @ParameterizedTest
    @ValueSource(strings = {"tiny-llama-gqa", "tiny-neox-parallel"})
    void exactPatchingIsThatOfTheLibrary(String name) throws IOException {
        GoldenScores golden = GoldenScores.of(name);
        try (LoadedModel model = LoadedModel.open(name, golden.model(), Execution.on(Fixtures.device()))) {
            AttributionSetting setting = setting(model, 7);
            ExactPatching patching = new ExactPatching(setting);
            EdgeScores exact = patching.scores(
                            golden.examples(model.tokenizer()),
                            ExactState.fresh(patching),
                            AttributionSetting.Progress.NONE)
                    .edges();
            if (name.equals("tiny-llama-gqa")) {
                assertUngrouped(golden, exact);
            } else {
                assertSame(golden, "exact", exact);
            }
        }
    }

    /**
     * Cutting a shared key is no sum of cutting it for each head: only edges that the library has, too, are compared.
     */
    private static void assertUngrouped(GoldenScores golden, EdgeScores exact) throws IOException {
        double[][] matrix = golden.matrix("exact");
        ComputationGraph graph = exact.graph();
        for (int i = 0; i < graph.edgeCount(); i++) {
            Edge edge = graph.edge(i);
            if (graph.fedBy(edge.reader()).size() < 2) {
                double expected = golden.score(matrix, graph, edge.writer(), edge.reader());
                assertEquals(expected, exact.at(i), 2 * ABSOLUTE, edge.toString());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"mini-gpt2", "tiny-llama-gqa", "tiny-neox-parallel"})
    void scoresOfEachPromptAreThoseOfTheLibrary(String name) throws IOException {
        GoldenScores golden = GoldenScores.of(name);
        try (LoadedModel model = LoadedModel.open(name, golden.model(), Execution.on(Fixtures.device()))) {
            AttributionSetting setting = setting(model, 3);
            PromptScores each = new GradientAttribution(setting, new GradientMethod.Eap())
                    .scoresByPrompt(golden.examples(model.tokenizer()).subList(0, 3), AttributionSetting.Progress.NONE);
            for (int i = 0; i < 3; i++) {
                assertSame(golden, "EAP-example-" + i, EdgeScores.of(setting.graph(), each.scores()[i]));
            }
        }
    }

    /** Of the bundled model the library computed some edges; a few of them are cut here, by masks. */
    @Test
    void cuttingAnEdgeOfTheBundledModelCostsWhatTheLibrarySays() throws IOException {
        GoldenScores golden = GoldenScores.of("mini-gpt2");
        double[][] matrix = golden.matrix("exact");
        try (LoadedModel model = LoadedModel.open("mini-gpt2", golden.model(), Execution.on(Fixtures.device()))) {
            AttributionSetting setting = setting(model, 40);
            ComputationGraph graph = setting.graph();
            Circuit full = Circuit.full(graph);
            List<Edge> known = full.edges().stream()
                    .filter(edge -> edge.writer().index() != 1) // position embeddings are no source of the library's
                    .filter(edge -> {
                        try {
                            return !Double.isNaN(golden.score(matrix, graph, edge.writer(), edge.reader()));
                        } catch (IOException e) {
                            throw new java.io.UncheckedIOException(e);
                        }
                    })
                    .toList();
            assertEquals(320, known.size());
            try (CircuitLoss losses =
                    new CircuitLoss(setting, golden.examples(model.tokenizer()), 1 << 30, LossJournal.empty())) {
                double whole = losses.of(full);
                for (int i = 0; i < known.size(); i += 40) {
                    Edge cut = known.get(i);
                    double expected = golden.score(matrix, graph, cut.writer(), cut.reader());
                    double actual = losses.of(full.filter(edge -> !edge.equals(cut))) - whole;
                    assertEquals(expected, actual, 1e-4, cut.toString());
                }
            }
        }
    }
}
