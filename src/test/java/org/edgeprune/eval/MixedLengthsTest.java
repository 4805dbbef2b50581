package org.edgeprune.eval;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.edgeprune.engine.Baseline;
import org.edgeprune.engine.FullModel;
import org.edgeprune.engine.MaskGradients;
import org.edgeprune.engine.MaskedPass;
import org.edgeprune.fixture.Fixtures;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.mask.MaskValues;
import org.edgeprune.mask.Masks;
import org.edgeprune.model.Models;
import org.edgeprune.model.TokenBatch;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.task.Answer;
import org.edgeprune.task.Example;
import org.edgeprune.task.Metrics;
import org.edgeprune.task.Scorer;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.Tensor;
import org.edgeprune.torch.TensorScope;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Prompts of very different lengths in one batch, in every architecture: each has the logits, the circuit's residual
 * stream and the mask gradients that it has alone.
 */
class MixedLengthsTest {
    /** Of the longest prompt; windows of the fixtures are shorter. */
    private static final int LONGEST = 30;

    private static final int[] LENGTHS = {7, 1, LONGEST, 2, 16, 7, 3, LONGEST, 1};

    /** Share of the largest number by which sums in another order may differ. */
    private static final float RELATIVE = 1e-5f;

    private static final Scorer KL = (example, logits, full) -> Map.of("kl", Metrics.kl(full, logits));

    static List<String> architectures() throws IOException {
        return InterchangeGoldenTest.recorded();
    }

    @ParameterizedTest
    @MethodSource("architectures")
    void logitsAreThoseOfEachPromptAlone(String name) {
        try (TransformerModel model = Models.open(Fixtures.golden("hf/" + name), Device.CPU);
                TensorScope _ = TensorScope.open()) {
            List<int[]> prompts = prompts(model, 1);
            TokenBatch batch = TokenBatch.of(prompts, Device.CPU);
            float[] together = FullModel.logits(model, batch).toFloats();
            for (int row = 0; row < LENGTHS.length; row++) {
                float[] alone = FullModel.logits(model, TokenBatch.of(prompts.subList(row, row + 1), Device.CPU))
                        .toFloats();
                assertClose(alone, rows(together, batch, row), "prompt " + row);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("architectures")
    void circuitsAndTheirGradientsAreThoseOfEachPromptAlone(String name) {
        try (TransformerModel model = Models.open(Fixtures.golden("hf/" + name), Device.CPU);
                TensorScope _ = TensorScope.open()) {
            ComputationGraph graph = new ComputationGraph(model.graphShape());
            Masks masks = Masks.of(masks(graph), Device.CPU);
            List<int[]> clean = prompts(model, 1);
            List<int[]> corrupted = prompts(model, 2);
            TokenBatch batch = TokenBatch.of(clean, Device.CPU);
            Baseline baseline = Baseline.record(model, TokenBatch.of(corrupted, Device.CPU));
            MaskedPass pass = MaskedPass.forward(model, batch, baseline, masks, MaskedPass.Gradients.KEPT);
            float[] together = pass.finalResidual().toFloats();
            Tensor ones = Tensor.ones(batch.tokenCount(), model.hiddenSize());
            MaskGradients gradients = pass.backward(ones);
            double[] edges = new double[graph.edgeCount()];
            double[] nodes = new double[graph.nodeCount()];
            for (int row = 0; row < LENGTHS.length; row++) {
                TokenBatch one = TokenBatch.of(clean.subList(row, row + 1), Device.CPU);
                Baseline its = Baseline.record(model, TokenBatch.of(corrupted.subList(row, row + 1), Device.CPU));
                MaskedPass alone = MaskedPass.forward(model, one, its, masks, MaskedPass.Gradients.KEPT);
                assertClose(alone.finalResidual().toFloats(), rows(together, batch, row), "prompt " + row);
                MaskGradients of = alone.backward(Tensor.ones(one.tokenCount(), model.hiddenSize()));
                add(edges, of.edges());
                add(nodes, of.nodes());
            }
            assertClose(floats(edges), gradients.edges().toFloats(), "edge gradients");
            assertClose(floats(nodes), gradients.nodes().toFloats(), "node gradients");
        }
    }

    /** Through the evaluation, which leaves out what clean and corrupted prompts have in common. */
    @ParameterizedTest
    @MethodSource("architectures")
    void evaluationDoesNotDependOnTheBatch(String name) {
        try (TransformerModel model = Models.open(Fixtures.golden("hf/" + name), Device.CPU)) {
            List<Example> examples = new ArrayList<>();
            List<int[]> clean = prompts(model, 1);
            for (int row = 0; row < clean.size(); row++) {
                int[] corrupted = clean.get(row).clone();
                corrupted[row % corrupted.length] = (corrupted[row % corrupted.length] + 1) % model.vocabSize();
                int end = corrupted.length;
                examples.add(new Example(
                        clean.get(row), corrupted, end - 1, end, new Answer.Tokens(new int[] {0}, new int[0])));
            }
            MaskValues masks = masks(new ComputationGraph(model.graphShape()));
            List<Evaluation.Scored> alone = new Evaluator(model, KL, AblationStates.INTERCHANGE, 1)
                    .evaluate(examples, masks)
                    .examples();
            List<Evaluation.Scored> together = new Evaluator(model, KL, AblationStates.INTERCHANGE, examples.size())
                    .evaluate(examples, masks)
                    .examples();
            for (int row = 0; row < examples.size(); row++) {
                double expected = alone.get(row).metrics().get("kl");
                assertEquals(
                        expected, together.get(row).metrics().get("kl"), 1e-5 * Math.max(1, expected), "prompt " + row);
            }
        }
    }

    private static List<int[]> prompts(TransformerModel model, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        return Arrays.stream(LENGTHS)
                .mapToObj(length -> random.ints(length, 0, model.vocabSize()).toArray())
                .toList();
    }

    /** Some edges are cut, some whole, and the others between. */
    private static MaskValues masks(ComputationGraph graph) {
        SplittableRandom random = new SplittableRandom(3);
        float[] edges = new float[graph.edgeCount()];
        for (int i = 0; i < edges.length; i++) {
            edges[i] = (float) Math.clamp(random.nextDouble(-0.5, 1.5), 0, 1);
        }
        return new MaskValues(graph, edges, MaskValues.full(graph).nodes());
    }

    /** What belongs to one prompt of a batch. */
    private static float[] rows(float[] all, TokenBatch batch, int row) {
        int columns = all.length / batch.tokenCount();
        int from = batch.token(row, 0) * columns;
        return Arrays.copyOfRange(all, from, from + LENGTHS[row] * columns);
    }

    private static void add(double[] sums, Tensor more) {
        float[] values = more.toFloats();
        for (int i = 0; i < sums.length; i++) {
            sums[i] += values[i];
        }
    }

    private static float[] floats(double[] values) {
        float[] narrow = new float[values.length];
        for (int i = 0; i < narrow.length; i++) {
            narrow[i] = (float) values[i];
        }
        return narrow;
    }

    private static void assertClose(float[] expected, float[] actual, String what) {
        float largest = 0;
        for (float value : expected) {
            largest = Math.max(largest, Math.abs(value));
        }
        assertArrayEquals(expected, actual, RELATIVE * largest, what);
    }
}
