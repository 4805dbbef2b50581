package org.edgeprune.mask;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.edgeprune.graph.Circuit;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.graph.GraphShape;
import org.edgeprune.torch.Autograd;
import org.edgeprune.torch.Tensor;
import org.edgeprune.torch.TensorScope;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The paper's formulas, each against its definition. */
class MaskMathTest {
    private static final ComputationGraph GRAPH =
            new ComputationGraph(new GraphShape(2, 2, 2, List.of("tok_embeds", "pos_embeds"), false));

    @ParameterizedTest
    @ValueSource(doubles = {-4, -1.6, 0, 0.5, 3})
    void theShareOfSampledZerosIsTheProbabilityOfZero(double logAlpha) {
        int samples = 200_000;
        float[] noise = new Noise(1).uniform(Noise.Stream.EDGES, 0, samples, 1e-6);
        try (TensorScope _ = TensorScope.open()) {
            Tensor a = Tensor.full(logAlpha, org.edgeprune.torch.DType.F32, org.edgeprune.torch.Device.CPU, samples);
            float[] z =
                    HardConcrete.DEFAULT.sample(a, Tensor.of(noise, samples)).toFloats();
            int zeros = 0;
            for (float value : z) {
                assertTrue(value >= 0 && value <= 1);
                zeros += value == 0 ? 1 : 0;
            }
            assertEquals(HardConcrete.DEFAULT.probabilityOfZero(logAlpha), (double) zeros / samples, 0.005);
        }
    }

    @Test
    void masksHaveGradientsOnlyBetweenZeroAndOne() {
        try (TensorScope _ = TensorScope.open()) {
            Tensor a = Tensor.of(new float[] {-20, 0, 0.3f, 20}, 4).requiresGrad_(true);
            Tensor z = HardConcrete.DEFAULT.sample(a, Tensor.of(new float[] {.5f, .5f, .4f, .5f}, 4));
            float[] values = z.toFloats();
            float[] gradients = Autograd.grad(z.sum(), a)[0].toFloats();
            assertArrayEquals(new float[] {0, 0.5f}, new float[] {values[0], values[1]}, 1e-6f);
            assertEquals(1, values[3]);
            assertEquals(0, gradients[0]);
            assertEquals(0, gradients[3]);
            // dz/da = (zeta - gamma) s (1-s) / beta, at s = 1/2
            assertEquals(1.2 * 0.25 / (2.0 / 3), gradients[1], 1e-5);
            assertTrue(gradients[2] > 0);
        }
    }

    /** On the CPU masks are sampled in one pass; elsewhere by one operation after the other. */
    @Test
    void samplingInOnePassIsThatOfTheOperations() {
        int count = 70_001; // more than one thread's
        float[] parameters = new Noise(3).normal(Noise.Stream.INITIAL_EDGES, 0, count, 0, 4);
        float[] noise = new Noise(3).uniform(Noise.Stream.EDGES, 0, count, 1e-6);
        try (TensorScope _ = TensorScope.open()) {
            Tensor a = Tensor.of(parameters, count).requiresGrad_(true);
            Tensor u = Tensor.of(noise, count);
            Tensor weights = Tensor.of(new Noise(4).normal(Noise.Stream.INITIAL_EDGES, 0, count, 0, 1), count);
            Tensor fused = HardConcrete.DEFAULT.sample(a, u);
            Tensor operations = HardConcrete.operations(a, u);
            assertArrayEquals(operations.toFloats(), fused.toFloats(), 1e-6f);
            assertArrayEquals(
                    Autograd.grad(operations.mul(weights).sum(), a)[0].toFloats(),
                    Autograd.grad(fused.mul(weights).sum(), a)[0].toFloats(),
                    1e-5f);
            assertArrayEquals(
                    HardConcrete.DEFAULT.sample(a.detach(), u).toFloats(),
                    fused.toFloats(),
                    "the gradient costs no bit");
        }
    }

    @Test
    void aParameterThatIsNoNumberHasNoMask() {
        try (TensorScope _ = TensorScope.open()) {
            Tensor a = Tensor.of(new float[] {Float.NaN, 0}, 2);
            float[] z = HardConcrete.DEFAULT
                    .sample(a, Tensor.of(new float[] {.5f, .5f}, 2))
                    .toFloats();
            assertTrue(Float.isNaN(z[0]));
            assertEquals(0.5f, z[1], 1e-6f);
        }
    }

    /** Negative zero is smaller than zero, and among equal numbers the first are dropped. */
    @Test
    void equalLogAlphasAreDroppedByTheirPlace() {
        float[] few = {-3, 2, 0.0f, -0.0f, -1.5f, 1e-30f};
        SplittableRandom random = new SplittableRandom(5);
        float[] a = new float[200];
        for (int i = 0; i < a.length; i++) {
            a[i] = few[random.nextInt(few.length)];
        }
        List<Integer> order = IntStream.range(0, a.length)
                .boxed()
                .sorted((i, j) -> Float.compare(a[i], a[j])) // which is stable
                .toList();
        int zeros = (int) Math.rint(HardConcrete.DEFAULT.expectedZeros(a, 0, a.length));
        float[] masks = HardConcrete.DEFAULT.deterministic(a, 0, a.length);
        for (int i = 0; i < a.length; i++) {
            assertEquals(i < zeros, masks[order.get(i)] == 0, "number " + i + " of " + zeros);
        }
    }

    @Test
    void deterministicMasksDropTheSmallestAsOftenAsIsExpected() {
        float[] a = {-9, 4, -8, 5, -7, 6};
        float[] masks = HardConcrete.DEFAULT.deterministic(a, 0, a.length);
        assertEquals(3, Math.rint(HardConcrete.DEFAULT.expectedZeros(a, 0, a.length)));
        assertArrayEquals(new float[] {0, sigmoid(4.8), 0, sigmoid(6), 0, sigmoid(7.2)}, masks, 1e-6f);
        assertArrayEquals(new float[2], HardConcrete.DEFAULT.deterministic(new float[] {-9, -8}, 0, 2));
    }

    private static float sigmoid(double x) {
        return (float) (1 / (1 + Math.exp(-x)));
    }

    @Test
    void theLagrangianPullsTowardsItsTargetFromBothSides() {
        try (TensorScope _ = TensorScope.open()) {
            Tensor one = Tensor.of(new float[] {2}, 1).requiresGrad_(true);
            Tensor two = Tensor.of(new float[] {3}, 1).requiresGrad_(true);
            Tensor s = Tensor.scalar(0.5).requiresGrad_(true);
            Tensor loss = Lagrangian.loss(s, 0.7, one, two);
            assertEquals(2 * -0.2 + 3 * 0.04, loss.item(), 1e-6);
            Tensor[] gradients = Autograd.grad(loss, s, one, two);
            assertEquals(2 + 2 * 3 * -0.2, gradients[0].item(), 1e-6);
            assertEquals(-0.2, gradients[1].item(), 1e-6);
            assertEquals(0.04, gradients[2].item(), 1e-6);
        }
    }

    @Test
    void schedulesRiseFromStartToTargetAndStay() {
        SparsitySchedule linear = new SparsitySchedule(SparsitySchedule.Warmup.LINEAR, 0.1, 0.9, 4);
        assertEquals(0.1, linear.at(0), 1e-12);
        assertEquals(0.5, linear.at(2), 1e-12);
        assertEquals(0.9, linear.at(4), 1e-12);
        assertEquals(0.9, linear.at(400), 1e-12);
        SparsitySchedule logarithmic = new SparsitySchedule(SparsitySchedule.Warmup.LOGARITHMIC, 0, 0.99, 2);
        assertEquals(0.9, logarithmic.at(1), 1e-12, "half the way in the logarithm of density");
        assertEquals(1.05, new SparsitySchedule(SparsitySchedule.Warmup.LINEAR, 0, 1.05, 2).at(2), 1e-12);
        assertThrows(
                IllegalArgumentException.class,
                () -> new SparsitySchedule(SparsitySchedule.Warmup.LOGARITHMIC, 0, 1.05, 2));
    }

    @Test
    void theThresholdSearchEndsWhereSparsityCrossesTheTarget() {
        float[] soft = {0.1f, 0.2f, 0.6f, 0.9f};
        double threshold = ThresholdSearch.find(
                t -> 1
                        - java.util.stream.IntStream.range(0, 4)
                                        .filter(i -> soft[i] > t)
                                        .count()
                                / 4.0,
                0.5);
        assertEquals(0.6, threshold, 1e-5, "the largest threshold that cuts half");
    }

    @Test
    void asManyMasksStayAsTheSoftOnesSumUpTo() {
        float[] edges = new float[GRAPH.edgeCount()];
        java.util.Arrays.fill(edges, 0.0001f);
        for (int i : new int[] {2, 5, 8, 11, 14}) {
            edges[i] = 0.99f - 0.001f * i;
        }
        float[] nodes = new float[GRAPH.nodeCount()];
        java.util.Arrays.fill(nodes, 1);
        MaskValues soft = new MaskValues(GRAPH, edges, nodes);
        Circuit circuit = soft.binary(soft.thresholds()).circuit();
        assertEquals(
                List.of(2, 5, 8, 11, 14),
                circuit.edges().stream()
                        .map(e -> GRAPH.edgeIndex(e.writer(), e.reader()))
                        .sorted()
                        .toList());
        assertEquals(
                4,
                soft.binary(soft.referenceThresholds()).circuit().size(),
                "they sum up to 4.9, so the reference cuts one more");

        java.util.Arrays.fill(edges, 1);
        MaskValues full = new MaskValues(GRAPH, edges, nodes);
        assertEquals(GRAPH.edgeCount(), full.binary(full.thresholds()).circuit().size());
        java.util.Arrays.fill(edges, 0);
        MaskValues none = new MaskValues(GRAPH, edges, nodes);
        assertEquals(0, none.binary(none.thresholds()).circuit().size());
        java.util.Arrays.fill(edges, 0.3f);
        MaskValues equal = new MaskValues(GRAPH, edges, nodes);
        assertEquals(0, equal.binary(equal.thresholds()).circuit().size(), "equal masks stay or go together");
    }

    @Test
    void sparsitiesCountWhatTheyName() {
        float[] edges = new float[GRAPH.edgeCount()];
        java.util.Arrays.fill(edges, 1);
        float[] nodes = new float[GRAPH.nodeCount()];
        java.util.Arrays.fill(nodes, 1);
        edges[GRAPH.edgeIndex(GRAPH.writer("tok_embeds"), GRAPH.reader("m0"))] = 0;
        nodes[GRAPH.writer("m0").index()] = 0;
        MaskValues masks = new MaskValues(GRAPH, edges, nodes);
        assertEquals(1.0 / GRAPH.edgeCount(), masks.edgeSparsity(), 1e-6);
        assertEquals(1.0 / GRAPH.nodeCount(), masks.nodeSparsity(), 1e-6);
        // m0 is read by layer 1's six attention readers, its MLP and resid_post
        assertEquals(9.0 / GRAPH.edgeCount(), masks.effectiveEdgeSparsity(), 1e-6);
        assertEquals(GRAPH.edgeCount() - 9, masks.circuit().size());
    }

    @Test
    void theReferenceLayoutHoldsTheSameEdges() {
        MaskLayout reference = MaskLayout.reference(GRAPH);
        float[] edges = new float[GRAPH.edgeCount()];
        for (int i = 0; i < edges.length; i++) {
            edges[i] = i + 1;
        }
        float[] flat = reference.flatOf(edges, -1);
        assertEquals(GRAPH.readers().size() * GRAPH.nodeCount(), flat.length);
        assertArrayEquals(edges, reference.edgesOf(flat));
        try (TensorScope _ = TensorScope.open()) {
            Tensor values = Tensor.of(flat, flat.length);
            Tensor plain = Tensor.of(edges, edges.length);
            GRAPH.groups()
                    .forEach(group -> assertArrayEquals(
                            MaskLayout.edges(GRAPH).block(plain, group).toFloats(),
                            reference.block(values, group).toFloats()));
        }
    }

    @ParameterizedTest
    @ValueSource(doubles = {0.2, 0.5, 0.9, 0.99})
    void rankedLogAlphasHaveTheSparsityThatIsAskedFor(double sparsity) {
        ComputationGraph graph =
                new ComputationGraph(new GraphShape(6, 8, 8, List.of("tok_embeds", "pos_embeds"), false));
        int edges = graph.edgeCount();
        int[] ranking = java.util.stream.IntStream.range(0, edges)
                .map(i -> edges - 1 - i)
                .toArray();
        Noise noise = new Noise(3);
        try (TensorScope _ = TensorScope.open();
                MaskParameters parameters = MaskParameters.ranked(
                        graph, HardConcrete.DEFAULT, ranking, sparsity, 4, noise, org.edgeprune.torch.Device.CPU)) {
            Masks masks = parameters.sample(
                    noise.uniform(Noise.Stream.EDGES, 0, edges, 1e-6),
                    noise.uniform(Noise.Stream.NODES, 0, graph.nodeCount(), 1e-6));
            assertEquals(sparsity, masks.edgeSparsity().item(), 0.02);
            float[] values = parameters.edgeLogAlphas();
            int border = (int) (sparsity * edges);
            assertTrue(values[edges - 1] > values[border] && values[border] > values[0]);
            assertTrue(values[edges - 1] > 4 && values[0] < -4, "at the ends, masks are 1 and 0 for nearly any noise");
        }
        ranking[0] = 0;
        assertThrows(
                IllegalArgumentException.class,
                () -> MaskParameters.ranked(
                        graph, HardConcrete.DEFAULT, ranking, 0.5, 4, noise, org.edgeprune.torch.Device.CPU));
    }

    @Test
    void edgesAreShiftedTogetherJustAsFarAsIsNeeded() {
        Noise noise = new Noise(3);
        float[] u = noise.uniform(Noise.Stream.EDGES, 5, GRAPH.edgeCount(), 1e-6);
        float[] forNodes = noise.uniform(Noise.Stream.NODES, 5, GRAPH.nodeCount(), 1e-6);
        try (TensorScope _ = TensorScope.open();
                MaskParameters parameters = MaskParameters.initial(
                        MaskLayout.edges(GRAPH), HardConcrete.DEFAULT, 4, noise, org.edgeprune.torch.Device.CPU)) {
            float[] before = parameters.edgeLogAlphas();
            double down = parameters.shiftEdges(u, 0.7, 0.8);
            float[] after = parameters.edgeLogAlphas();
            assertTrue(down < -1 && down > -8, "shifted by " + down);
            for (int i = 0; i < before.length; i++) {
                assertEquals(before[i] + down, after[i], 1e-5);
            }
            assertEquals(0.7, parameters.sample(u, forNodes).edgeSparsity().item(), 1e-3);
            assertEquals(0, parameters.shiftEdges(u, 0.65, 0.75));
            assertArrayEquals(after, parameters.edgeLogAlphas());
            assertTrue(parameters.shiftEdges(u, 0.2, 0.3) > 0.5);
            assertEquals(0.3, parameters.sample(u, forNodes).edgeSparsity().item(), 1e-3);
        }
    }
}
