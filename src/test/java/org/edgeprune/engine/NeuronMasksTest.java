package org.edgeprune.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.graph.Writer;
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

/** Masks of MLP neurons on a tiny random GPT-2. */
class NeuronMasksTest {
    private static final int LAYERS = 2;
    private static final int INNER = 24;
    private static final Gpt2Config CONFIG = Gpt2Config.ofSize(LAYERS, 3, 12, INNER, 19, 10);
    private static final List<int[]> CLEAN = List.of(new int[] {1, 2, 3, 4}, new int[] {5, 6, 7});
    private static final List<int[]> CORRUPTED = List.of(new int[] {1, 11, 3, 12}, new int[] {13, 6, 1});

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

    @ParameterizedTest(name = "interchange {0}, {1}")
    @CsvSource({"true, KEPT", "false, KEPT", "true, RECOMPUTED"})
    void gradientsAreTheFiniteDifferences(boolean interchange, MaskedPass.Gradients kind) {
        MaskValues masks = random(0.3);
        MaskedPass pass = pass(masks, interchange, kind);
        MaskGradients gradients = pass.backward(Autograd.grad(loss(pass), pass.finalResidual())[0]);
        float[] neurons = gradients.neurons().orElseThrow().toFloats();
        assertEquals(LAYERS * INNER, neurons.length);
        double scale = 0;
        for (float value : neurons) {
            scale = Math.max(scale, Math.abs(value));
        }
        for (int i = 0; i < neurons.length; i++) {
            float mask = masks.neurons()[i];
            double expected = mask > 0 && mask < 1 ? slope(masks, masks.neurons(), i, interchange) : 0;
            assertEquals(expected, neurons[i], 0.02 * scale, "neuron " + i);
        }
        // those of the other masks, too, are of a model whose neurons are masked
        float[] nodes = gradients.nodes().toFloats();
        int mlp = graph.writer("m0").index();
        assertEquals(
                slope(masks, masks.nodes(), mlp, interchange),
                nodes[mlp],
                0.02 * Math.max(scale, Math.abs(nodes[mlp])));
    }

    @Test
    void masksOfOneChangeNothing() {
        MaskValues some = random(0.3);
        float[] ones = new float[LAYERS * INNER];
        Arrays.fill(ones, 1);
        assertArrayEquals(
                logits(new MaskValues(graph, some.edges(), some.nodes()), true),
                logits(new MaskValues(graph, some.edges(), some.nodes(), ones), true),
                1e-4f);
    }

    /** Under interchange ablation, an MLP without neurons is the corrupted one. */
    @Test
    void masksOfZeroAreThoseOfTheNode() {
        MaskValues full = MaskValues.full(graph);
        float[] nodes = full.nodes().clone();
        for (Writer writer : graph.writers()) {
            nodes[writer.index()] = writer.kind() == Writer.Kind.MLP ? 0 : 1;
        }
        float[] none = new float[LAYERS * INNER];
        float[] expected = logits(new MaskValues(graph, full.edges(), nodes), true);
        assertArrayEquals(expected, logits(new MaskValues(graph, full.edges(), full.nodes(), none), true), 1e-4f);
        assertTrue(difference(expected, logits(full, true)) > 0.1);
    }

    /** Cut neurons carry their own means, not what the MLP makes of the mean residual stream. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    void underMeanAblationANeuronCarriesItsMean(int layer) {
        try (MeanRun means = MeanRun.of(model, List.of(CLEAN, CORRUPTED), false, true)) {
            RecordedRun baseline = means.baseline(TokenBatch.of(CLEAN, Device.CPU));
            MaskValues full = MaskValues.full(graph);
            float[] one = new float[LAYERS * INNER];
            Arrays.fill(one, 1);
            int neuron = layer * INNER + 5;
            one[neuron] = 0;
            Tensor states = MaskedPass.forward(
                            model,
                            TokenBatch.of(CLEAN, Device.CPU),
                            baseline,
                            Masks.of(new MaskValues(graph, full.edges(), full.nodes(), one), Device.CPU),
                            MaskedPass.Gradients.NONE)
                    .writerStates();
            Tensor whole = MaskedPass.forward(
                            model,
                            TokenBatch.of(CLEAN, Device.CPU),
                            baseline,
                            Masks.of(full, Device.CPU),
                            MaskedPass.Gradients.NONE)
                    .writerStates();
            int mlp = graph.writer("m" + layer).index();
            Tensor changed = states.select(0, mlp).sub(whole.select(0, mlp));
            RecordedRun clean = Baseline.record(model, TokenBatch.of(CLEAN, Device.CPU));
            try (var part = model.mlp(layer)) {
                Tensor active = part.get().neurons(clean.layers().get(layer).mlpInput());
                Tensor moved = active.copy();
                moved.select(1, 5)
                        .copy_(baseline.layers()
                                .get(layer)
                                .neurons()
                                .orElseThrow()
                                .select(1, 5));
                Tensor expected = part.get().write(moved).sub(part.get().write(active));
                assertArrayEquals(expected.toFloats(), changed.toFloats(), 1e-4f);
            }
        }
    }

    private MaskedPass pass(MaskValues masks, boolean interchange, MaskedPass.Gradients kind) {
        Baseline baseline = interchange ? Baseline.record(model, TokenBatch.of(CORRUPTED, Device.CPU)) : Baseline.ZERO;
        return MaskedPass.forward(model, TokenBatch.of(CLEAN, Device.CPU), baseline, Masks.of(masks, Device.CPU), kind);
    }

    private float[] logits(MaskValues masks, boolean interchange) {
        return model.logits(pass(masks, interchange, MaskedPass.Gradients.NONE).finalResidual())
                .toFloats();
    }

    /** A loss that every logit enters with a weight of its own. */
    private Tensor loss(MaskedPass pass) {
        Tensor logits = model.logits(pass.finalResidual());
        long count = logits.elementCount();
        return logits.reshape(count)
                .mul(Tensor.arange(0, count).to(DType.F32).mul(0.7).sin())
                .sum();
    }

    private double slope(MaskValues masks, float[] values, int index, boolean interchange) {
        float h = 0.01f;
        float middle = values[index];
        values[index] = middle + h;
        double above = value(masks, interchange);
        values[index] = middle - h;
        double below = value(masks, interchange);
        values[index] = middle;
        return (above - below) / (2 * h);
    }

    private double value(MaskValues masks, boolean interchange) {
        try (TensorScope _ = TensorScope.open()) {
            return loss(pass(masks, interchange, MaskedPass.Gradients.NONE)).item();
        }
    }

    private static double difference(float[] a, float[] b) {
        double most = 0;
        for (int i = 0; i < a.length; i++) {
            most = Math.max(most, Math.abs(a[i] - b[i]));
        }
        return most;
    }

    /** Nodes are all between zero and one. */
    private MaskValues random(double extremes) {
        SplittableRandom random = new SplittableRandom(5);
        float[] edges = new float[graph.edgeCount()];
        float[] nodes = new float[graph.nodeCount()];
        float[] neurons = new float[LAYERS * INNER];
        for (float[] masks : List.of(edges, neurons)) {
            for (int i = 0; i < masks.length; i++) {
                double die = random.nextDouble();
                masks[i] = die < extremes / 2 ? 0 : die < extremes ? 1 : 0.1f + 0.8f * random.nextFloat();
            }
        }
        for (int i = 0; i < nodes.length; i++) {
            nodes[i] = 0.1f + 0.8f * random.nextFloat();
        }
        return new MaskValues(graph, edges, nodes, neurons);
    }
}
