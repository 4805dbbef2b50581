package org.edgeprune.attribute;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.edgeprune.eval.AblationStates;
import org.edgeprune.eval.ReferencePrompts;
import org.edgeprune.graph.Ablation;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.io.InputException;
import org.edgeprune.model.Execution;
import org.edgeprune.model.NaiveGpt2;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.model.architecture.Gpt2;
import org.edgeprune.model.architecture.Gpt2Config;
import org.edgeprune.task.Answer;
import org.edgeprune.task.Example;
import org.edgeprune.task.TokenScorer;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.LibTorch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Scores of nodes, neurons and positions: minus the slope of the loss, in a forward pass patched by brute force. */
class LevelScoresTest {
    private static final Gpt2Config CONFIG = Gpt2Config.ofSize(2, 3, 12, 20, 19, 10);
    private static final ScoreLevels ALL = new ScoreLevels(true, true, true);
    private static final double STEP = 1e-4;

    /** As many tokens each; the first ones are equal in both prompts, some at every position. */
    private static final List<Example> EXAMPLES = List.of(
            example(4, new int[] {1, 2, 3, 4, 8, 1}, new int[] {1, 2, 3, 4, 12, 1}),
            example(9, new int[] {5, 6, 7, 2, 2, 9}, new int[] {13, 6, 1, 0, 4, 9}),
            example(2, new int[] {8, 9, 3, 2, 1, 4}, new int[] {8, 9, 3, 3, 2, 18}));

    private final NaiveGpt2 naive = new NaiveGpt2(CONFIG, new NaiveGpt2.RandomParameters(5));
    private final ComputationGraph graph = naive.graph();
    private TransformerModel model;

    private static Example example(int target, int[] clean, int[] corrupted) {
        return new Example(
                clean, corrupted, clean.length - 1, clean.length, new Answer.Tokens(new int[] {target}, new int[] {
                    target + 1
                }));
    }

    @BeforeEach
    void open() {
        LibTorch.load();
        model = TransformerModel.of(Gpt2.decoder(CONFIG), naive.weights(), Execution.on(Device.CPU));
    }

    @AfterEach
    void close() {
        model.close();
    }

    private LevelScores scores(Ablation ablation, ScoreLevels levels, List<Example> examples) {
        try (AblationStates states =
                AblationStates.of(ablation, model, new ReferencePrompts(EXAMPLES, 1), 2, levels.neurons())) {
            AttributionSetting setting =
                    new AttributionSetting(model, graph, new TokenScorer(), Objective.LOGIT_DIFFERENCE, states, 2);
            return new GradientAttribution(setting, new GradientMethod.Eap())
                    .scores(examples, levels, AttributionSetting.Progress.NONE);
        }
    }

    /** What the ablation has for an example. */
    private NaiveGpt2.Run ablated(Ablation ablation, Example example) {
        if (ablation.equals(Ablation.INTERCHANGE)) {
            return naive.run(example.corrupted());
        }
        NaiveGpt2.Run own = naive.run(example.clean());
        double[][][] states = zeros(own.states());
        double[][][] neurons = zeros(own.neurons());
        if (ablation.equals(Ablation.MEAN_POSITIONAL)) {
            for (Example reference : EXAMPLES) {
                add(states, naive.run(reference.clean()).states());
                add(neurons, naive.run(reference.clean()).neurons());
            }
        }
        return new NaiveGpt2.Run(states, neurons, new double[0][]);
    }

    private static double[][][] zeros(double[][][] like) {
        return Arrays.stream(like)
                .map(rows ->
                        Arrays.stream(rows).map(row -> new double[row.length]).toArray(double[][]::new))
                .toArray(double[][][]::new);
    }

    private static void add(double[][][] sums, double[][][] values) {
        for (int a = 0; a < sums.length; a++) {
            for (int t = 0; t < sums[a].length; t++) {
                for (int i = 0; i < sums[a][t].length; i++) {
                    sums[a][t][i] += values[a][t][i] / EXAMPLES.size();
                }
            }
        }
    }

    private interface Masked {
        void set(float[] edges, float[] nodes, float[][] neurons, float value);
    }

    /** The slope of the mean loss in one mask, at 1. */
    private double slope(Ablation ablation, int position, Masked masked) {
        return (loss(ablation, position, masked, 1 + STEP) - loss(ablation, position, masked, 1 - STEP)) / (2 * STEP);
    }

    private double loss(Ablation ablation, int position, Masked masked, double value) {
        float[] edges = new float[graph.edgeCount()];
        float[] nodes = new float[graph.nodeCount()];
        float[][] neurons = new float[CONFIG.layers()][CONFIG.innerSize()];
        Arrays.fill(edges, 1);
        Arrays.fill(nodes, 1);
        Arrays.stream(neurons).forEach(row -> Arrays.fill(row, 1));
        masked.set(edges, nodes, neurons, (float) value);
        double sum = 0;
        for (Example example : EXAMPLES) {
            double[] logits = naive.run(
                            example.clean(),
                            new NaiveGpt2.Patch(graph, edges, nodes, neurons, ablated(ablation, example), position))
                    .logits()[example.length() - 1];
            int target = ((Answer.Tokens) example.answer()).targets()[0];
            sum -= logits[target] - logits[target + 1];
        }
        return sum / EXAMPLES.size();
    }

    private static double tolerance(float[] scores) {
        double largest = 0;
        for (float score : scores) {
            largest = Math.max(largest, Math.abs(score));
        }
        assertTrue(largest > 0.01, "scores are not all zero");
        return 0.003 * largest;
    }

    @ParameterizedTest
    @ValueSource(strings = {"interchange", "zero", "mean-positional"})
    void nodesAndNeuronsScoreTheSlopeOfTheirMasks(Ablation ablation) {
        LevelScores scores = scores(ablation, ALL, EXAMPLES);
        float[] nodes = scores.nodes().orElseThrow();
        for (int n = 0; n < nodes.length; n++) {
            int node = n;
            assertEquals(
                    -slope(ablation, -1, (edges, ofNodes, neurons, value) -> ofNodes[node] = value),
                    nodes[n],
                    tolerance(nodes),
                    graph.writers().get(n).name());
        }
        float[][] neurons = scores.neurons().orElseThrow();
        for (int layer = 0; layer < neurons.length; layer++) {
            int its = layer;
            for (int i = 0; i < neurons[layer].length; i += 3) {
                int neuron = i;
                assertEquals(
                        -slope(ablation, -1, (edges, ofNodes, masks, value) -> masks[its][neuron] = value),
                        neurons[layer][i],
                        tolerance(neurons[layer]),
                        "neuron " + i + " of layer " + layer);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"interchange", "zero", "mean-positional"})
    void positionsScoreTheSlopeOfAnEdgeThereAndAddUpToTheEdge(Ablation ablation) {
        LevelScores scores = scores(ablation, ALL, EXAMPLES);
        assertEquals(6, scores.positions().size());
        float[] edges = scores.edges().toArray();
        double[] sums = new double[edges.length];
        scores.positions().forEach(at -> Arrays.setAll(sums, i -> sums[i] + at.at(i)));
        SplittableRandom random = new SplittableRandom(1);
        for (int i = 0; i < edges.length; i++) {
            assertEquals(edges[i], sums[i], 1e-5, graph.edge(i).toString());
        }
        for (int drawn = 0; drawn < 30; drawn++) {
            int edge = random.nextInt(edges.length);
            int position = random.nextInt(6);
            assertEquals(
                    -slope(ablation, position, (ofEdges, nodes, neurons, value) -> ofEdges[edge] = value),
                    scores.positions().get(position).at(edge),
                    tolerance(edges),
                    graph.edge(edge) + " at " + position);
        }
    }

    /** What is scored beside edges does not change them, and is read back from its file. */
    @Test
    void levelsAreWrittenAndReadBack(@TempDir Path folder) {
        LevelScores alone = scores(Ablation.INTERCHANGE, ScoreLevels.EDGES, EXAMPLES);
        LevelScores all = scores(Ablation.INTERCHANGE, ALL, EXAMPLES);
        assertEquals(alone.edges(), all.edges());
        assertTrue(alone.nodes().isEmpty()
                && alone.neurons().isEmpty()
                && alone.positions().isEmpty());
        Path file = folder.resolve("scores.safetensors");
        all.write(file);
        LevelScores read = LevelScores.read(file);
        assertEquals(all.edges(), read.edges());
        assertEquals(all.positions(), read.positions());
        assertArrayEquals(all.nodes().orElseThrow(), read.nodes().orElseThrow());
        assertArrayEquals(all.neurons().orElseThrow(), read.neurons().orElseThrow());
        assertEquals(all.edges(), EdgeScores.read(file));
    }

    @Test
    void positionsOfPromptsOfSeveralLengthsAreRefused() {
        List<Example> mixed = List.of(EXAMPLES.get(0), example(3, new int[] {1, 2}, new int[] {2, 2}));
        String message = assertThrows(InputException.class, () -> scores(Ablation.ZERO, ALL, mixed))
                .getMessage();
        assertTrue(message.startsWith("--positions: example 2 has 2 tokens and example 1 has 6"), message);
    }
}
