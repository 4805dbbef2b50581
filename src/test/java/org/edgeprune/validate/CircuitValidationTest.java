package org.edgeprune.validate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.edgeprune.eval.AblationStates;
import org.edgeprune.eval.Evaluator;
import org.edgeprune.eval.RepeatedEvaluator;
import org.edgeprune.graph.Ablation;
import org.edgeprune.graph.Circuit;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.model.LargeWeights;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.model.architecture.Gpt2Config;
import org.edgeprune.task.Answer;
import org.edgeprune.task.Example;
import org.edgeprune.task.TokenScorer;
import org.edgeprune.torch.LibTorch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Circuits of a tiny model of which it is known what they are. */
class CircuitValidationTest {
    private static final Gpt2Config CONFIG = Gpt2Config.ofSize(1, 2, 12, 24, 19, 10);
    private static final CircuitValidation.Options OPTIONS = new CircuitValidation.Options(19, 500, 3);

    private TransformerModel model;
    private ComputationGraph graph;

    @BeforeEach
    void open() {
        LibTorch.load();
        model = LargeWeights.gpt2(CONFIG);
        graph = new ComputationGraph(model.graphShape());
    }

    @AfterEach
    void close() {
        model.close();
    }

    private static List<Example> examples(int count) {
        SplittableRandom random = new SplittableRandom(5);
        List<Example> examples = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int length = 4 + i % 2;
            int[] clean = random.ints(length, 0, 19).toArray();
            int[] corrupted = random.ints(length, 0, 19).toArray();
            examples.add(new Example(
                    clean, corrupted, length - 1, length, new Answer.Tokens(new int[] {i % 19}, new int[] {(i + 1) % 19
                    })));
        }
        return examples;
    }

    private Map<String, Check> checks(Circuit circuit, AblationStates ablation, long[] ticks) {
        try (RepeatedEvaluator evaluator = repeated(ablation, 12)) {
            return new CircuitValidation(evaluator, circuit, OPTIONS, () -> ticks[0]++)
                    .checks().stream().collect(Collectors.toMap(Check::name, Function.identity()));
        }
    }

    private RepeatedEvaluator repeated(AblationStates ablation, int count) {
        return new RepeatedEvaluator(new Evaluator(model, new TokenScorer(), ablation, 8), examples(count), 1 << 30);
    }

    private Circuit without(Circuit circuit, int count, long seed) {
        BitSet edges = circuit.edgeSet();
        SplittableRandom random = new SplittableRandom(seed);
        while (circuit.size() - edges.cardinality() < count) {
            edges.clear(random.nextInt(graph.edgeCount()));
        }
        return Circuit.of(graph, edges);
    }

    @Test
    void theFullModelIsFaithfulAndCompleteAndEquivalentAndBetterThanRandomCircuits() {
        long[] ticks = {0};
        Circuit full = Circuit.full(graph);
        Map<String, Check> checks = checks(full, AblationStates.INTERCHANGE, ticks);
        assertEquals(1, checks.get("faithfulness").values().get("closed"), 1e-6);
        assertTrue(checks.get("faithfulness").holds());
        assertEquals(0, checks.get("completeness").values().get("complement_closed"), 1e-6);
        assertEquals(
                checks.get("completeness").values().get("kl_of_circuit_without_random_half"),
                checks.get("completeness").values().get("kl_of_model_without_the_same_edges"));
        assertTrue(checks.get("equivalence").holds());
        assertEquals(0, checks.get("equivalence").values().get("resampled_kl"), 1e-6);
        // its random circuits are all the model itself
        assertFalse(checks.get("random circuits").holds());
        assertEquals(1, checks.get("random circuits").values().get("p_value"));
        assertEquals(CircuitValidation.work(full, Ablation.INTERCHANGE, OPTIONS), ticks[0]);
    }

    @Test
    void aCircuitThatLacksWhatMattersFails() {
        long[] ticks = {0};
        // one edge of the many, into a head's query
        BitSet one = new BitSet();
        one.set(0);
        Map<String, Check> checks = checks(Circuit.of(graph, one), AblationStates.INTERCHANGE, ticks);
        assertFalse(checks.get("faithfulness").holds());
        assertFalse(checks.get("completeness").holds());
        assertFalse(checks.get("minimality").holds(), "the knock-out of an edge that leads nowhere does nothing");
        assertEquals(0, checks.get("minimality").values().get("mean_rise"), 1e-9);
        assertFalse(checks.get("equivalence").holds());
        assertEquals(CircuitValidation.work(Circuit.of(graph, one), Ablation.INTERCHANGE, OPTIONS), ticks[0]);
    }

    /** By hand: the KL of the circuit and of the one without edges, and of each knock-out. */
    @Test
    void theNumbersAreThoseOfTheEvaluator() {
        Circuit circuit = without(Circuit.full(graph), 6, 9);
        Map<String, Check> checks = checks(circuit, AblationStates.ZERO, new long[1]);
        assertFalse(checks.containsKey("equivalence"), "nothing of the corrupted prompts is used");
        double kl = kl(circuit);
        double empty = kl(Circuit.of(graph, new BitSet()));
        assertEquals(kl, checks.get("faithfulness").values().get("kl"), 1e-12);
        Map<String, Double> faithfulness = checks.get("faithfulness").values();
        assertEquals(1 - kl / empty, faithfulness.get("closed"), 1e-12);
        assertTrue(faithfulness.get("closed_95_low") < faithfulness.get("closed"));
        assertTrue(faithfulness.get("closed_95_high") > faithfulness.get("closed"));
        double rise = circuit.edgeSet().stream()
                .mapToDouble(edge -> {
                    BitSet less = circuit.edgeSet();
                    less.clear(edge);
                    return kl(Circuit.of(graph, less)) - kl;
                })
                .average()
                .orElseThrow();
        assertEquals(rise, checks.get("minimality").values().get("mean_rise"), 1e-9);
        BitSet outside = circuit.edgeSet();
        outside.flip(0, graph.edgeCount());
        assertEquals(
                kl(Circuit.of(graph, outside)),
                checks.get("completeness").values().get("complement_kl"),
                1e-12);
    }

    /** Of more edges than asked for, that many are knocked out; their mean rise is that of some three edges. */
    @Test
    void ofALargeCircuitAsManyEdgesAreKnockedOutAsAskedFor() {
        Circuit circuit = without(Circuit.full(graph), 6, 9);
        CircuitValidation.Options few = new CircuitValidation.Options(19, 3, 3);
        long[] ticks = {0};
        try (RepeatedEvaluator evaluator = repeated(AblationStates.ZERO, 12)) {
            Check minimality = new CircuitValidation(evaluator, circuit, few, () -> ticks[0]++)
                    .checks().stream()
                            .filter(check -> check.name().equals("minimality"))
                            .findFirst()
                            .orElseThrow();
            assertEquals(3, minimality.values().get("tested_edges"));
            assertEquals(circuit.size(), minimality.values().get("edges"));
            double[] rises = circuit.edgeSet().stream()
                    .mapToDouble(edge -> {
                        BitSet less = circuit.edgeSet();
                        less.clear(edge);
                        return kl(Circuit.of(graph, less)) - kl(circuit);
                    })
                    .toArray();
            assertTrue(
                    meansOfThree(rises)
                            .anyMatch(
                                    mean -> Math.abs(mean - minimality.values().get("mean_rise")) < 1e-12),
                    "the mean of three edges' rises");
        }
        assertEquals(CircuitValidation.work(circuit, Ablation.ZERO, few), ticks[0]);
    }

    private static DoubleStream meansOfThree(double[] values) {
        return IntStream.range(0, values.length).boxed().flatMapToDouble(i -> IntStream.range(i + 1, values.length)
                .boxed()
                .flatMapToDouble(j -> IntStream.range(j + 1, values.length)
                        .mapToDouble(k -> (values[i] + values[j] + values[k]) / 3)));
    }

    private double kl(Circuit circuit) {
        return kl(circuit, 12);
    }

    private double kl(Circuit circuit, int count) {
        return new Evaluator(model, new TokenScorer(), AblationStates.ZERO, 8)
                .evaluate(examples(count), org.edgeprune.mask.MaskValues.of(circuit))
                .metrics()
                .get("kl");
    }

    @Test
    void overlapIsTheMeanJaccardIndexOfAllPairs() {
        Circuit full = Circuit.full(graph);
        Circuit one = without(full, 3, 1);
        Circuit other = without(full, 3, 2);
        RepeatedEvaluator evaluator = repeated(AblationStates.ZERO, 4);
        CircuitValidation validation = new CircuitValidation(evaluator, full, OPTIONS, () -> {});
        Check stability = validation.stability(List.of(one, other));
        double n = graph.edgeCount();
        double shared = one.intersection(other).size();
        double expected = (2 * (n - 3) / n + shared / (2 * (n - 3) - shared)) / 3;
        assertEquals(expected, stability.values().get("overlap"), 1e-12);
        assertTrue(stability.holds());
        BitSet few = new BitSet();
        few.set(3);
        assertFalse(validation.stability(List.of(Circuit.of(graph, few))).holds());
        Check bootstrap = validation.bootstrap(List.of(one, other));
        assertEquals(expected, bootstrap.values().get("overlap"), 1e-12);
        assertEquals(Math.max(kl(one, 4), kl(other, 4)), bootstrap.values().get("highest_kl"), 1e-12);
        evaluator.close();
    }

    @Test
    void fewerDrawsCouldTellNothing() {
        assertThrows(IllegalArgumentException.class, () -> new CircuitValidation.Options(18, 500, 1));
        assertThrows(IllegalArgumentException.class, () -> new CircuitValidation.Options(19, 0, 1));
    }
}
