package org.edgeprune.validate;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.edgeprune.attribute.RandomScores;
import org.edgeprune.attribute.Ranking;
import org.edgeprune.attribute.Selection;
import org.edgeprune.eval.Evaluation;
import org.edgeprune.eval.ReferencePrompts;
import org.edgeprune.eval.RepeatedEvaluator;
import org.edgeprune.graph.Ablation;
import org.edgeprune.graph.Circuit;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.mask.MaskValues;
import org.edgeprune.task.Example;

/**
 * Tests one circuit on prompts that it was not found on. With KL(C) the mean KL(full || C) over the prompts, in nats, a
 * circuit <em>closes</em> the share {@code 1 - KL(C) / KL(no edges)} of the distance between the model and nothing.
 */
public final class CircuitValidation {
    private static final double CLOSED = 0.9;
    private static final double NEEDED = 0.95;
    private static final double SHARED = 0.5;
    private static final int RESAMPLES = 10_000;
    private static final List<String> DIFFERENCES = List.of("logit_difference", "probability_difference");

    private final RepeatedEvaluator evaluator;
    private final Circuit circuit;
    private final Options options;
    private final Runnable tick;
    private final Evaluation evaluation;
    private final Evaluation withoutEdges;
    private final double kl;
    private final double empty;

    /**
     * How much is drawn at random.
     *
     * @param draws how many random circuits, sets of edges and edges a circuit is compared with, at least 19, of which
     *     one in twenty can be told
     * @param maxEdges how many edges are knocked out one by one, at least 1; of a larger circuit, that many are drawn
     *     at random
     * @param seed of all draws
     */
    public record Options(int draws, int maxEdges, long seed) {
        /** The fewest draws with which anything is significant at 5%. */
        public static final int LEAST = 19;

        /**
         * Checks the numbers.
         *
         * @throws IllegalArgumentException if one is too small
         */
        public Options {
            if (draws < LEAST) {
                throw new IllegalArgumentException(draws + " random draws: at least " + LEAST
                        + " are needed for anything to be significant at 5%");
            }
            if (maxEdges < 1) {
                throw new IllegalArgumentException(maxEdges + " edges to knock out: must be at least 1");
            }
        }
    }

    /**
     * Prepares the tests: runs the circuit and the one without edges.
     *
     * @param evaluator runs circuits on held-out prompts; the caller closes it
     * @param circuit what is tested, with at least one edge
     * @param options of the random draws
     * @param tick called after each circuit that was run: {@link #work} times by the constructor and {@link #checks},
     *     and once for each circuit of {@link #bootstrap}
     * @throws IllegalArgumentException if there is no example, or no edge
     */
    public CircuitValidation(RepeatedEvaluator evaluator, Circuit circuit, Options options, Runnable tick) {
        if (evaluator.examples().isEmpty() || circuit.size() == 0) {
            throw new IllegalArgumentException(evaluator.examples().size() + " examples, " + circuit.size() + " edges");
        }
        this.evaluator = evaluator;
        this.circuit = circuit;
        this.options = options;
        this.tick = tick;
        this.evaluation = evaluate(circuit);
        this.withoutEdges = evaluate(of(new BitSet()));
        this.kl = kl(evaluation);
        this.empty = kl(withoutEdges);
    }

    /**
     * The number of circuits that are run.
     *
     * @param circuit what is tested
     * @param ablation what cut edges carry
     * @param options of the random draws
     * @return how often {@code tick} is called, the first two times by the constructor; two less if no prompt has
     *     another of its length
     */
    public static long work(Circuit circuit, Ablation ablation, Options options) {
        boolean hasOthers = circuit.size() < circuit.graph().edgeCount();
        return 2
                + (1 + 3L * options.draws())
                + (knockedOut(circuit, options) + (hasOthers ? randomEdges(circuit, options) : 0))
                + (ablation instanceof Ablation.Interchange ? 2 : 0)
                + options.draws();
    }

    /**
     * Makes all tests of the circuit itself.
     *
     * @return faithfulness, completeness, minimality, equivalence (under interchange ablation only) and the comparison
     *     with random circuits
     */
    public List<Check> checks() {
        List<Check> checks = new ArrayList<>(List.of(faithfulness(), completeness(), minimality()));
        if (evaluator.evaluator().ablation().kind() instanceof Ablation.Interchange) {
            checks.add(equivalence());
        }
        checks.add(randomCircuits());
        return checks;
    }

    private Check faithfulness() {
        Map<String, Double> values = new LinkedHashMap<>();
        values.put("kl_without_edges", empty);
        values.put("closed", closed(kl, empty));
        Significance.Interval closed = closedInterval();
        values.put("closed_95_low", closed.low());
        values.put("closed_95_high", closed.high());
        evaluation.metrics().forEach(values::put);
        evaluation.fullModelMetrics().forEach((name, value) -> values.put("full_model_" + name, value));
        return new Check(
                "faithfulness",
                closed(kl, empty) >= CLOSED,
                "the circuit closes at least %.0f%% of the KL between the model and no edges".formatted(100 * CLOSED),
                values);
    }

    /** Of the share that is closed, over bootstrap samples of the prompts. */
    private Significance.Interval closedInterval() {
        double[] with = klOfEach(evaluation);
        double[] without = klOfEach(withoutEdges);
        return Significance.bootstrap(
                with.length, drawn -> closed(sum(with, drawn), sum(without, drawn)), RESAMPLES, random(6, 0));
    }

    /** What the circuit leaves out does not do the task, and what it has is missed as much as by the whole model. */
    private Check completeness() {
        ComputationGraph graph = circuit.graph();
        BitSet outside = complement(circuit.edgeSet());
        double complement = kl(evaluate(of(outside)));
        double[] withoutRandom = draws(1, options.draws(), random -> {
            BitSet removed = sample(random, graph.edgeCount(), circuit.size());
            return kl(evaluate(of(complement(removed))));
        });
        double[] fromCircuit = new double[options.draws()];
        double[] fromModel = new double[options.draws()];
        for (int i = 0; i < options.draws(); i++) {
            BitSet removed = half(random(2, i));
            BitSet left = circuit.edgeSet();
            left.andNot(removed);
            fromCircuit[i] = kl(evaluate(of(left)));
            fromModel[i] = kl(evaluate(of(complement(removed))));
        }
        double p = Significance.ofDraws(complement, withoutRandom);
        Map<String, Double> values = new LinkedHashMap<>();
        values.put("complement_kl", complement);
        values.put("complement_closed", closed(complement, empty));
        values.put("kl_without_as_many_random_edges", mean(withoutRandom));
        values.put("p_value", p);
        values.put("kl_of_circuit_without_random_half", mean(fromCircuit));
        values.put("kl_of_model_without_the_same_edges", mean(fromModel));
        return new Check(
                "completeness",
                p <= Significance.LEVEL && closed(complement, empty) < 1 - CLOSED,
                "the model without the circuit closes less than %.0f%%, and misses the circuit more than as many random edges (p <= 0.05)"
                        .formatted(100 * (1 - CLOSED)),
                values);
    }

    /** The rise of KL by each edge's knock-out, against that by the knock-out of a random edge that was put in. */
    private Check minimality() {
        BitSet outside = complement(circuit.edgeSet());
        int[] others = outside.stream().toArray();
        double[] ofRandom = others.length == 0
                ? new double[] {0}
                : draws(3, randomEdges(circuit, options), random -> {
                    BitSet more = circuit.edgeSet();
                    more.set(others[random.nextInt(others.length)]);
                    return kl - kl(evaluate(of(more)));
                });
        int[] edges = circuit.edgeSet().stream().toArray();
        double[] ofEdges = sample(random(7, 0), edges.length, knockedOut(circuit, options)).stream()
                .map(i -> edges[i])
                .mapToDouble(edge -> {
                    BitSet less = circuit.edgeSet();
                    less.clear(edge);
                    return kl(evaluate(of(less))) - kl;
                })
                .toArray();
        double[] p = Arrays.stream(ofEdges)
                .map(rise -> Significance.ofDraws(rise, ofRandom))
                .toArray();
        int needed = Significance.rejected(p);
        Map<String, Double> values = new LinkedHashMap<>();
        values.put("needed_edges", (double) needed);
        values.put("tested_edges", (double) ofEdges.length);
        values.put("edges", (double) circuit.size());
        values.put("mean_rise", mean(ofEdges));
        values.put("mean_rise_of_random_edge", mean(ofRandom));
        values.put("p_value", Significance.ofPermutations(ofEdges, ofRandom, RESAMPLES, random(4, 0)));
        return new Check(
                "minimality",
                needed >= NEEDED * ofEdges.length,
                "the knock-out of at least %.0f%% of the edges raises KL more than that of a random edge that was put in (false discovery rate 5%%)"
                        .formatted(100 * NEEDED),
                values);
    }

    /** The circuit with other prompts as corrupted ones than those that it was found with. */
    private Check equivalence() {
        List<Example> examples = evaluator.examples();
        Map<Integer, Long> lengths =
                examples.stream().collect(Collectors.groupingBy(Example::length, Collectors.counting()));
        List<Example> comparable = examples.stream()
                .filter(example -> examples.stream()
                        .anyMatch(other ->
                                other.length() == example.length() && !Arrays.equals(other.clean(), example.clean())))
                .toList();
        Map<String, Double> values = new LinkedHashMap<>();
        values.put("prompts", (double) comparable.size());
        values.put("lengths", (double) lengths.size());
        if (comparable.isEmpty()) {
            return new Check("equivalence", false, "there are prompts of equal length to resample from", values);
        }
        List<Example> resampled = new ReferencePrompts(comparable, options.seed()).resampled(comparable);
        Evaluation under = evaluateOn(resampled, circuit);
        double nothing = kl(evaluateOn(resampled, of(new BitSet())));
        double closed = closed(kl(under), nothing);
        String metric = DIFFERENCES.stream()
                .filter(under.metrics()::containsKey)
                .findFirst()
                .orElse(evaluator.evaluator().scorer().headline());
        int above = 0;
        int below = 0;
        for (Evaluation.Scored scored : under.examples()) {
            double difference =
                    scored.metrics().get(metric) - scored.fullModelMetrics().get(metric);
            above += difference > 0 ? 1 : 0;
            below += difference < 0 ? 1 : 0;
        }
        values.put("resampled_kl", kl(under));
        values.put("resampled_closed", closed);
        values.put("prompts_with_higher_" + metric, (double) above);
        values.put("prompts_with_lower_" + metric, (double) below);
        values.put("sign_test_p_value", Significance.ofSigns(above, above + below));
        return new Check(
                "equivalence",
                closed >= CLOSED,
                "with other prompts of the same length as corrupted ones the circuit closes at least %.0f%%"
                        .formatted(100 * CLOSED),
                values);
    }

    /** Random circuits that are connected to the output: grown from it by random scores. */
    private Check randomCircuits() {
        double[] random = new double[options.draws()];
        for (int i = 0; i < random.length; i++) {
            Circuit other = new Selection.Greedy(circuit.size())
                    .from(RandomScores.of(circuit.graph(), random(5, i).nextLong()), Ranking.SIGNED);
            random[i] = -kl(evaluate(other));
        }
        double p = Significance.ofDraws(-kl, random);
        Map<String, Double> values = new LinkedHashMap<>();
        values.put("circuits", (double) random.length);
        values.put("mean_kl", -mean(random));
        values.put("least_kl", -Arrays.stream(random).max().orElseThrow());
        values.put("p_value", p);
        return new Check(
                "random circuits",
                p <= Significance.LEVEL,
                "the circuit has a lower KL than random circuits of its size (p <= 0.05)",
                values);
    }

    /**
     * Compares the circuit with those of other runs, such as other seeds.
     *
     * @param others at least one circuit of the same graph
     * @return mean Jaccard index of all pairs, and of random circuits of the same sizes
     */
    public Check stability(List<Circuit> others) {
        Map<String, Double> values = Agreement.of(circuit, others);
        return new Check(
                "stability",
                values.get(Agreement.OVERLAP) >= SHARED,
                "circuits of other runs share at least half of the edges that are in either (mean Jaccard index)",
                values);
    }

    /**
     * Compares the circuit with those that the same method found on bootstrap samples of its training prompts, see
     * {@link BootstrapRuns}. Runs each of them once.
     *
     * @param others at least one circuit of the same graph
     * @return mean Jaccard index of all pairs, and of random circuits of the same sizes; mean and highest KL of the
     *     others, nats
     */
    public Check bootstrap(List<Circuit> others) {
        Map<String, Double> values = Agreement.of(circuit, others);
        double[] kls = others.stream().mapToDouble(other -> kl(evaluate(other))).toArray();
        values.put("mean_kl", mean(kls));
        values.put("highest_kl", Arrays.stream(kls).max().orElseThrow());
        return new Check(
                "bootstrap",
                values.get(Agreement.OVERLAP) >= SHARED,
                "circuits found on training prompts that are drawn with replacement share at least half of the edges that are in either (mean Jaccard index)",
                values);
    }

    private static int knockedOut(Circuit circuit, Options options) {
        return Math.min(options.maxEdges(), circuit.size());
    }

    /** As many as are knocked out, or none of them could be told from random ones by a false discovery rate. */
    private static int randomEdges(Circuit circuit, Options options) {
        return Math.max(options.draws(), knockedOut(circuit, options));
    }

    private double[] draws(int stream, int count, ToDoubleFunction<SplittableRandom> draw) {
        return IntStream.range(0, count)
                .mapToDouble(i -> draw.applyAsDouble(random(stream, i)))
                .toArray();
    }

    private SplittableRandom random(int stream, int number) {
        return new SplittableRandom(options.seed() * 31 + stream + ((long) number << 32));
    }

    private BitSet half(SplittableRandom random) {
        BitSet half = new BitSet();
        circuit.edgeSet().stream().filter(edge -> random.nextBoolean()).forEach(half::set);
        return half;
    }

    private static BitSet sample(SplittableRandom random, int from, int count) {
        BitSet chosen = new BitSet(from);
        while (chosen.cardinality() < count) {
            chosen.set(random.nextInt(from));
        }
        return chosen;
    }

    private BitSet complement(BitSet edges) {
        BitSet others = (BitSet) edges.clone();
        others.flip(0, circuit.graph().edgeCount());
        return others;
    }

    private Circuit of(BitSet edges) {
        return Circuit.of(circuit.graph(), edges);
    }

    private Evaluation evaluate(Circuit tested) {
        Evaluation result = evaluator.evaluate(MaskValues.of(tested));
        tick.run();
        return result;
    }

    private Evaluation evaluateOn(List<Example> prompts, Circuit tested) {
        Evaluation result = evaluator.evaluator().evaluate(prompts, MaskValues.of(tested));
        tick.run();
        return result;
    }

    static double closed(double kl, double klWithoutEdges) {
        return klWithoutEdges == 0 ? 1 : 1 - kl / klWithoutEdges;
    }

    private static double kl(Evaluation evaluation) {
        return evaluation.metrics().get("kl");
    }

    private static double[] klOfEach(Evaluation evaluation) {
        return evaluation.examples().stream()
                .mapToDouble(scored -> scored.metrics().get("kl"))
                .toArray();
    }

    private static double sum(double[] values, int[] drawn) {
        return Arrays.stream(drawn).mapToDouble(i -> values[i]).sum();
    }

    private static double mean(double[] values) {
        return Arrays.stream(values).average().orElse(0);
    }
}
