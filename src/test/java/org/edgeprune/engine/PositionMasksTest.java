package org.edgeprune.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.mask.MaskLayout;
import org.edgeprune.mask.MaskValues;
import org.edgeprune.mask.Masks;
import org.edgeprune.model.LargeWeights;
import org.edgeprune.model.TokenBatch;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.model.architecture.Gpt2Config;
import org.edgeprune.torch.Autograd;
import org.edgeprune.torch.DType;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.LibTorch;
import org.edgeprune.torch.Tensor;
import org.edgeprune.torch.TensorScope;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Masks of edges at each position on a tiny random GPT-2. */
class PositionMasksTest {
    private static final int POSITIONS = 4;
    private static final Gpt2Config CONFIG = Gpt2Config.ofSize(2, 3, 12, 24, 19, 10);
    private static final List<int[]> CLEAN = List.of(new int[] {1, 2, 3, 4}, new int[] {5, 6, 7, 8});
    private static final List<int[]> CORRUPTED = List.of(new int[] {1, 2, 13, 12}, new int[] {13, 6, 1, 9});
    /** Tokens that both prompts of a pair begin with, as far as a pass is of tails only. */
    private static final int[] PAST = {2, 0};

    private TransformerModel model;
    private ComputationGraph graph;
    private TensorScope scope;

    @BeforeEach
    void open() {
        LibTorch.load();
        scope = TensorScope.open();
        model = LargeWeights.gpt2(CONFIG);
        graph = new ComputationGraph(model.graphShape());
    }

    @AfterEach
    void close() {
        scope.close();
        model.close();
    }

    /** The three products of the mux, in F64, where differences are exact to nine digits. */
    @Test
    void theMuxHasTheGradientsOfItsSum() {
        SplittableRandom random = new SplittableRandom(3);
        double[] masks = random.doubles(2 * 3 * 4, 0.1, 0.9).toArray();
        masks[0] = 0;
        masks[5] = 1;
        double[] deltas = random.doubles(5 * 6 * 7, -1, 1).toArray();
        double[] base = random.doubles(6 * 7, -1, 1).toArray();
        double[] weights = random.doubles(3 * 6 * 7, -1, 1).toArray();
        Tensor positions = Tensor.of(new long[] {1, 0, 0, 1, 1, 0}, 6);
        PositionMux mux = new PositionMux(Tensor.of(masks, 2, 3, 4), positions);
        Tensor states = Tensor.of(deltas, 5, 6, 7);
        Tensor grad = Tensor.of(weights, 3, 6, 7);
        double[] gradients = mux.maskGradients(states, grad).toDoubles();
        Tensor flowing = Tensor.zeros(DType.F64, Device.CPU, 5, 6, 7);
        mux.addDeltaGradients(flowing, grad);
        for (int i = 0; i < masks.length; i++) {
            double expected =
                    masks[i] > 0 && masks[i] < 1 ? slope(masks, i, masks, deltas, base, weights, positions) : 0;
            assertEquals(expected, gradients[i], 1e-8, "mask " + i);
        }
        double[] toDeltas = flowing.toDoubles();
        for (int i = 0; i < deltas.length; i++) {
            assertEquals(slope(deltas, i, masks, deltas, base, weights, positions), toDeltas[i], 1e-8, "delta " + i);
        }
    }

    private static double slope(
            double[] varied,
            int index,
            double[] masks,
            double[] deltas,
            double[] base,
            double[] weights,
            Tensor positions) {
        double h = 1e-3;
        double middle = varied[index];
        double[] values = new double[2];
        for (int side = 0; side < 2; side++) {
            varied[index] = middle + (side == 0 ? h : -h);
            try (TensorScope _ = TensorScope.open()) {
                values[side] = new PositionMux(Tensor.of(masks, 2, 3, 4), positions)
                        .read(Optional.of(Tensor.of(base, 6, 7)), Tensor.of(deltas, 5, 6, 7))
                        .mul(Tensor.of(weights, 3, 6, 7))
                        .sum()
                        .item();
            }
        }
        varied[index] = middle;
        return (values[0] - values[1]) / (2 * h);
    }

    @ParameterizedTest(name = "interchange {0}, tails {1}, {2}")
    @CsvSource({"true, false, KEPT", "true, true, KEPT", "false, false, KEPT", "true, true, RECOMPUTED"})
    void gradientsAreTheFiniteDifferences(boolean interchange, boolean tails, MaskedPass.Gradients kind) {
        MaskValues masks = random(0.3);
        MaskedPass pass = pass(masks, interchange, tails, kind);
        float[] gradients = gradients(pass).edges().toFloats();
        assertEquals(POSITIONS * graph.edgeCount(), gradients.length);
        double scale = largest(gradients);
        for (int i = 0; i < gradients.length; i += 3) {
            float mask = masks.edges()[i];
            double expected = mask > 0 && mask < 1 ? slope(masks, i, interchange, tails) : 0;
            assertEquals(expected, gradients[i], 0.02 * scale, "edge " + i);
        }
    }

    /** Masks that are the same at all positions are masks of edges: what is computed, and the gradients' sums. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void equalMasksAreThoseOfEdges(boolean interchange) {
        MaskValues one = new MaskValues(
                graph,
                Arrays.copyOf(random(0.3).edges(), graph.edgeCount()),
                random(0.3).nodes());
        MaskValues same = new MaskValues(graph, repeated(one.edges()), one.nodes());
        assertTrue(same.byPosition() && !one.byPosition());
        MaskedPass expected = pass(one, interchange, false, MaskedPass.Gradients.KEPT);
        MaskedPass actual = pass(same, interchange, false, MaskedPass.Gradients.KEPT);
        assertArrayEquals(
                expected.finalResidual().toFloats(), actual.finalResidual().toFloats(), 1e-5f);
        MaskGradients ofEdges = gradients(expected);
        MaskGradients ofPositions = gradients(actual);
        assertArrayEquals(ofEdges.nodes().toFloats(), ofPositions.nodes().toFloats(), 1e-4f);
        float[] each = ofPositions.edges().toFloats();
        float[] sums = new float[graph.edgeCount()];
        for (int i = 0; i < each.length; i++) {
            sums[i % sums.length] += each[i];
        }
        assertArrayEquals(ofEdges.edges().toFloats(), sums, 1e-4f * (float) largest(sums));
    }

    /** Edges into the output that are cut at one position change what is read there, and nothing else. */
    @Test
    void anEdgeIsCutWhereItsMaskIsZero() {
        MaskValues full = new MaskValues(
                graph,
                repeated(MaskValues.full(graph).edges()),
                MaskValues.full(graph).nodes());
        float[] cut = full.edges().clone();
        int first = graph.group(org.edgeprune.graph.Reader.Kind.RESID_POST, 0).firstEdge();
        Arrays.fill(cut, 2 * graph.edgeCount() + first, 3 * graph.edgeCount(), 0);
        Tensor whole = pass(full, true, false, MaskedPass.Gradients.NONE).finalResidual();
        Tensor changed = pass(new MaskValues(graph, cut, full.nodes()), true, false, MaskedPass.Gradients.NONE)
                .finalResidual();
        TokenBatch batch = TokenBatch.of(CLEAN, Device.CPU);
        Tensor corrupted = MaskedPass.forward(
                        model,
                        TokenBatch.of(CORRUPTED, Device.CPU),
                        Baseline.ZERO,
                        Masks.of(MaskValues.full(graph), Device.CPU),
                        MaskedPass.Gradients.NONE)
                .finalResidual();
        for (int row = 0; row < CLEAN.size(); row++) {
            for (int position = 0; position < POSITIONS; position++) {
                int token = batch.token(row, position);
                assertArrayEquals(
                        (position == 2 ? corrupted : whole).select(0, token).toFloats(),
                        changed.select(0, token).toFloats(),
                        1e-4f,
                        "prompt " + row + ", position " + position);
            }
        }
    }

    @Test
    void promptsOfOtherLengthsAreRefused() {
        MaskValues masks = new MaskValues(
                graph, new float[3 * graph.edgeCount()], random(0).nodes());
        String message = assertThrows(
                        IllegalArgumentException.class, () -> pass(masks, false, false, MaskedPass.Gradients.NONE))
                .getMessage();
        assertEquals("masks of 3 positions for prompts of [4] tokens", message);
    }

    private float[] repeated(float[] edges) {
        float[] all = new float[POSITIONS * edges.length];
        for (int i = 0; i < all.length; i++) {
            all[i] = edges[i % edges.length];
        }
        return all;
    }

    private MaskedPass pass(MaskValues masks, boolean interchange, boolean tails, MaskedPass.Gradients kind) {
        TokenBatch clean = tails ? TokenBatch.tails(CLEAN, PAST, Device.CPU) : TokenBatch.of(CLEAN, Device.CPU);
        Baseline baseline = interchange
                ? Baseline.record(model, TokenBatch.of(CORRUPTED, Device.CPU), clean)
                        .corrupted()
                : Baseline.ZERO;
        return MaskedPass.forward(model, clean, baseline, Masks.of(masks, Device.CPU), kind);
    }

    private MaskGradients gradients(MaskedPass pass) {
        return pass.backward(Autograd.grad(loss(pass), pass.finalResidual())[0]);
    }

    /** A loss that every logit enters with a weight of its own. */
    private Tensor loss(MaskedPass pass) {
        Tensor logits = model.logits(pass.finalResidual());
        long count = logits.elementCount();
        return logits.reshape(count)
                .mul(Tensor.arange(0, count).to(DType.F32).mul(0.7).sin())
                .sum();
    }

    private double slope(MaskValues masks, int index, boolean interchange, boolean tails) {
        float h = 0.01f;
        float[] edges = masks.edges();
        float middle = edges[index];
        edges[index] = middle + h;
        double above = value(masks, interchange, tails);
        edges[index] = middle - h;
        double below = value(masks, interchange, tails);
        edges[index] = middle;
        return (above - below) / (2 * h);
    }

    private double value(MaskValues masks, boolean interchange, boolean tails) {
        try (TensorScope _ = TensorScope.open()) {
            return loss(pass(masks, interchange, tails, MaskedPass.Gradients.NONE))
                    .item();
        }
    }

    private static double largest(float[] values) {
        double most = 0;
        for (float value : values) {
            most = Math.max(most, Math.abs(value));
        }
        return most;
    }

    private MaskValues random(double extremes) {
        SplittableRandom random = new SplittableRandom(5);
        float[] edges = new float[MaskLayout.positions(graph, POSITIONS).size()];
        float[] nodes = new float[graph.nodeCount()];
        for (int i = 0; i < edges.length; i++) {
            double die = random.nextDouble();
            edges[i] = die < extremes / 2 ? 0 : die < extremes ? 1 : 0.1f + 0.8f * random.nextFloat();
        }
        for (int i = 0; i < nodes.length; i++) {
            nodes[i] = 0.1f + 0.8f * random.nextFloat();
        }
        return new MaskValues(graph, edges, nodes);
    }
}
