package org.edgeprune.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.SplittableRandom;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.graph.Reader;
import org.edgeprune.graph.Writer;
import org.edgeprune.mask.MaskValues;
import org.edgeprune.mask.Masks;
import org.edgeprune.model.LargeWeights;
import org.edgeprune.model.TokenBatch;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.model.architecture.Gpt2Config;
import org.edgeprune.torch.Autograd;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.LibTorch;
import org.edgeprune.torch.Tensor;
import org.edgeprune.torch.TensorScope;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The engine on a tiny random GPT-2: gradients by finite differences, and what is left out changes nothing. */
class MaskedPassTest {
    private static final Gpt2Config CONFIG = Gpt2Config.ofSize(2, 3, 12, 24, 19, 10);
    private static final List<int[]> CLEAN =
            List.of(new int[] {1, 2, 3, 4}, new int[] {5, 6, 7}, new int[] {8, 9, 3, 2});
    private static final List<int[]> CORRUPTED =
            List.of(new int[] {1, 11, 3, 12}, new int[] {13, 6, 1}, new int[] {8, 2, 2, 18});

    private TransformerModel model;
    private TensorScope scope;

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

    @ParameterizedTest(name = "embedding nodes {0}, interchange {1}")
    @CsvSource({"true, true", "true, false", "false, true", "false, false"})
    void maskGradientsAreTheFiniteDifferences(boolean embeddingNodes, boolean interchange) {
        ComputationGraph graph = graph(embeddingNodes);
        MaskValues masks = random(graph, 5, 0.2, 0.2);
        MaskGradients gradients = gradients(masks, interchange);
        float[] edges = gradients.edges().toFloats();
        float[] nodes = gradients.nodes().toFloats();
        SplittableRandom random = new SplittableRandom(1);
        double scale = 0;
        for (float value : edges) {
            scale = Math.max(scale, Math.abs(value));
        }
        for (int i = 0; i < 40; i++) {
            int edge = random.nextInt(edges.length);
            double expected = inside(masks.edges()[edge]) ? slope(masks, masks.edges(), edge, interchange) : 0;
            assertEquals(expected, edges[edge], 0.02 * scale, "edge " + graph.edge(edge));
        }
        for (int node = 0; node < nodes.length; node++) {
            double expected = inside(masks.nodes()[node]) ? slope(masks, masks.nodes(), node, interchange) : 0;
            assertEquals(
                    expected,
                    nodes[node],
                    0.02 * Math.max(scale, Math.abs(expected)),
                    "node " + graph.writers().get(node));
        }
    }

    @Test
    void allMasksAtOneGiveThePlainModelAndAllAtZeroTheCorruptedOne() {
        ComputationGraph graph = graph(true);
        assertArrayEquals(FullModel.logits(model, clean()).toFloats(), logits(MaskValues.full(graph), true), 1e-4f);
        MaskValues none = new MaskValues(graph, new float[graph.edgeCount()], new float[graph.nodeCount()]);
        assertArrayEquals(FullModel.logits(model, corrupted()).toFloats(), logits(none, true), 1e-4f);
    }

    /** Heads, MLPs and embeddings that nobody reads are not computed; their masks may be anything. */
    @Test
    void whatNobodyReadsChangesNothing() {
        ComputationGraph graph = graph(true);
        MaskValues masks = random(graph, 9, 0.6, 0);
        float[] edges = masks.edges().clone();
        Writer head = graph.writer("a1.h1");
        for (Reader reader : graph.readers()) {
            if (graph.hasEdge(head, reader)) {
                edges[graph.edgeIndex(head, reader)] = 0;
            }
        }
        float[] expected = logits(new MaskValues(graph, edges, masks.nodes()), true);
        SplittableRandom random = new SplittableRandom(2);
        for (Reader reader : graph.readers()) {
            if (graph.fedBy(reader).equals(List.of(head))) {
                for (Writer writer : graph.writers()) {
                    if (graph.hasEdge(writer, reader)) {
                        edges[graph.edgeIndex(writer, reader)] = random.nextFloat();
                    }
                }
            }
        }
        assertArrayEquals(expected, logits(new MaskValues(graph, edges, masks.nodes()), true));
    }

    /** Sequences of different lengths in one batch give what each gives alone. */
    @Test
    void packingDoesNotMixSequences() {
        ComputationGraph graph = graph(true);
        MaskValues masks = random(graph, 4, 0.3, 0.3);
        TokenBatch together = clean();
        float[] all = logits(masks, true);
        for (int row = 0; row < CLEAN.size(); row++) {
            TokenBatch one = TokenBatch.of(List.of(CLEAN.get(row)), Device.CPU);
            Baseline baseline = Baseline.record(model, TokenBatch.of(List.of(CORRUPTED.get(row)), Device.CPU));
            float[] alone = model.logits(MaskedPass.forward(
                                    model, one, baseline, Masks.of(masks, Device.CPU), MaskedPass.Gradients.NONE)
                            .finalResidual())
                    .toFloats();
            int from = together.token(row, 0) * CONFIG.vocabSize();
            assertArrayEquals(alone, java.util.Arrays.copyOfRange(all, from, from + alone.length), 1e-4f);
        }
    }

    @Test
    void onlyScoredTokensAreReturned() {
        ComputationGraph graph = graph(true);
        MaskValues masks = random(graph, 6, 0.3, 0.3);
        Tensor scored = Tensor.of(new long[] {10, 3}, 2);
        Tensor whole = MaskedPass.forward(
                        model, clean(), baseline(true), Masks.of(masks, Device.CPU), MaskedPass.Gradients.NONE)
                .finalResidual();
        Tensor some = MaskedPass.forward(
                        model, clean(), baseline(true), Masks.of(masks, Device.CPU), scored, MaskedPass.Gradients.NONE)
                .finalResidual();
        assertArrayEquals(whole.indexSelect(0, scored).toFloats(), some.toFloats(), 1e-6f);
    }

    @Test
    void aPassThatWasNotMadeForGradientsHasNone() {
        MaskedPass pass = MaskedPass.forward(
                model,
                clean(),
                baseline(true),
                Masks.of(MaskValues.full(graph(true)), Device.CPU),
                MaskedPass.Gradients.NONE);
        assertThrows(IllegalStateException.class, () -> pass.backward(pass.finalResidual()));
    }

    @Test
    void aPassLeavesNothingBehind() {
        ComputationGraph graph = graph(true);
        long before = TensorScope.liveTensors();
        try (TensorScope _ = TensorScope.open()) {
            gradients(random(graph, 7, 0.4, 0.1), true);
            assertTrue(TensorScope.liveTensors() > before);
        }
        assertEquals(before, TensorScope.liveTensors());
    }

    private ComputationGraph graph(boolean embeddingNodes) {
        return new ComputationGraph(
                embeddingNodes ? model.graphShape() : model.graphShape().withoutEmbeddings());
    }

    private TokenBatch clean() {
        return TokenBatch.of(CLEAN, Device.CPU);
    }

    private TokenBatch corrupted() {
        return TokenBatch.of(CORRUPTED, Device.CPU);
    }

    private Baseline baseline(boolean interchange) {
        return interchange ? Baseline.record(model, corrupted()) : Baseline.ZERO;
    }

    private float[] logits(MaskValues masks, boolean interchange) {
        return model.logits(MaskedPass.forward(
                                model,
                                clean(),
                                baseline(interchange),
                                Masks.of(masks, Device.CPU),
                                MaskedPass.Gradients.NONE)
                        .finalResidual())
                .toFloats();
    }

    /** A loss that every logit enters with a weight of its own. */
    private Tensor loss(Tensor finalResidual) {
        Tensor logits = model.logits(finalResidual);
        long count = logits.elementCount();
        return logits.reshape(count)
                .mul(Tensor.arange(0, count)
                        .to(org.edgeprune.torch.DType.F32)
                        .mul(0.7)
                        .sin())
                .sum();
    }

    private MaskGradients gradients(MaskValues masks, boolean interchange) {
        MaskedPass pass = MaskedPass.forward(
                model, clean(), baseline(interchange), Masks.of(masks, Device.CPU), MaskedPass.Gradients.KEPT);
        return pass.backward(Autograd.grad(loss(pass.finalResidual()), pass.finalResidual())[0]);
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
            return loss(MaskedPass.forward(
                                    model,
                                    clean(),
                                    baseline(interchange),
                                    Masks.of(masks, Device.CPU),
                                    MaskedPass.Gradients.NONE)
                            .finalResidual())
                    .item();
        }
    }

    private static boolean inside(float mask) {
        return mask > 0 && mask < 1;
    }

    private static MaskValues random(ComputationGraph graph, long seed, double zeros, double ones) {
        SplittableRandom random = new SplittableRandom(seed);
        float[] edges = new float[graph.edgeCount()];
        float[] nodes = new float[graph.nodeCount()];
        for (float[] masks : List.of(edges, nodes)) {
            for (int i = 0; i < masks.length; i++) {
                double die = random.nextDouble();
                masks[i] = die < zeros ? 0 : die < zeros + ones ? 1 : 0.1f + 0.8f * random.nextFloat();
            }
        }
        return new MaskValues(graph, edges, nodes);
    }
}
