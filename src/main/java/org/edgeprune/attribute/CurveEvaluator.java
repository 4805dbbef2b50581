package org.edgeprune.attribute;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.DoubleFunction;
import org.edgeprune.eval.Evaluation;
import org.edgeprune.eval.Evaluator;
import org.edgeprune.eval.RepeatedEvaluator;
import org.edgeprune.graph.Circuit;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.graph.EapIgGraph;
import org.edgeprune.graph.EapIgMapping;
import org.edgeprune.graph.GraphShape;
import org.edgeprune.io.InputException;
import org.edgeprune.mask.MaskValues;
import org.edgeprune.task.Example;

/**
 * Measures {@link FaithfulnessCurve}s of scores and of circuits on examples. Edges are chosen and counted in EAP-IG's
 * graph of the model, as MIB does, so that scores of any tool are cut at the same sizes, and without the edges that lie
 * on no path to the output. The full model is run once, and circuits that come up again are not evaluated again.
 *
 * <p>Where query heads share keys and values, a circuit of EAP-IG's graph has a shared key or value as soon as one of
 * its heads has it, see {@link EapIgMapping}; MIB's code masks the heads one by one.
 */
public final class CurveEvaluator implements AutoCloseable {
    private static final String LOGIT_DIFFERENCE = "logit_difference";
    private static final String ACCURACY = "accuracy";

    /** Memory for the full model's runs. */
    private static final long CACHE_BYTES = 1L << 30;

    private final RepeatedEvaluator evaluator;
    private final EapIgMapping mapping;
    private final Map<Circuit, Evaluation> evaluated = new HashMap<>();
    private final String metric;

    /**
     * Prepares curves, and evaluates the circuit without edges.
     *
     * @param evaluator runs circuits
     * @param examples that are averaged over
     * @param metric name of the metric m; empty for {@code logit_difference} where the task has it, else for the one
     *     that stands for the task
     * @throws InputException if the task has no such metric, or no difference of logits or probabilities, which is so
     *     where the data have no distractors
     */
    public CurveEvaluator(Evaluator evaluator, List<Example> examples, Optional<String> metric) {
        this.mapping = EapIgMapping.of(new ComputationGraph(evaluator.model().graphShape()));
        this.evaluator = new RepeatedEvaluator(evaluator, examples, CACHE_BYTES);
        try {
            this.metric = metric(metric, emptyCircuit().metrics());
        } catch (RuntimeException | Error e) {
            this.evaluator.close(); // holds the full model's runs, which are in no scope
            throw e;
        }
    }

    private String metric(Optional<String> asked, Map<String, Double> metrics) {
        String known = "choose one of " + String.join(", ", metrics.keySet()) + " with --metric";
        if (asked.isPresent()) {
            if (!metrics.containsKey(asked.get())) {
                throw new InputException("--metric " + asked.get() + ": the task has no such metric"
                        + (asked.get().equals(LOGIT_DIFFERENCE) ? " without distractors in its data" : "") + ": "
                        + known);
            }
            return asked.get();
        }
        if (metrics.containsKey(LOGIT_DIFFERENCE)) {
            return LOGIT_DIFFERENCE;
        }
        String headline = evaluator.evaluator().scorer().headline();
        if (headline.equals(ACCURACY)) {
            throw new InputException("--curve: the data have no distractors, so that there is no logit difference: "
                    + "give each line a distractor, or " + known);
        }
        return headline;
    }

    /**
     * The name of the metric m.
     *
     * @return a metric of the task
     */
    public String metric() {
        return metric;
    }

    /**
     * m of the full model.
     *
     * @return its mean over the examples
     */
    public double fullModel() {
        return emptyCircuit().fullModelMetrics().get(metric);
    }

    /**
     * m of the circuit without edges.
     *
     * @return its mean over the examples
     */
    public double emptyCircuitMetric() {
        return emptyCircuit().metrics().get(metric);
    }

    /**
     * Number of edges of EAP-IG's graph of the model, of which sizes are shares.
     *
     * @return above 0
     */
    public int totalEdges() {
        return mapping.eapIg().graph().edgeCount();
    }

    /**
     * Measures a curve: the circuits of the best edges at ten sizes.
     *
     * @param scores of the model's graph, with or without embedding nodes, or of EAP-IG's graph of it
     * @param ranking what makes an edge the better one
     * @return the curve
     * @throws InputException if the scores are of another model's graph, or m does not tell the full model from the
     *     circuit without edges
     */
    public FaithfulnessCurve curve(EdgeScores scores, Ranking ranking) {
        return curve(size -> scores, ranking);
    }

    /**
     * The same with other scores for each size, for a method that is run for a size.
     *
     * @param scores for a share of the edges, above 0 and at most 1
     * @param ranking what makes an edge the better one
     * @return the curve
     * @throws InputException as {@link #curve(EdgeScores, Ranking)}
     */
    public FaithfulnessCurve curve(DoubleFunction<EdgeScores> scores, Ranking ranking) {
        return measured(size -> best(inEapIg(scores.apply(size), modelShape()), asked(size), ranking));
    }

    /**
     * Measures a curve of circuits that were found one by one: each size has the largest of them that has no more
     * edges, the circuit without edges where all have more, and the full model at 100%.
     *
     * @param circuits of the model's graph, with or without embedding nodes, or of EAP-IG's graph of it
     * @return the curve
     * @throws InputException as {@link #curve(EdgeScores, Ranking)}
     */
    public FaithfulnessCurve curve(List<Circuit> circuits) {
        ComputationGraph graph = mapping.eapIg().graph();
        List<Circuit> theirs =
                circuits.stream().map(circuit -> inEapIg(circuit).connected()).toList();
        return measured(size -> size == 1
                ? Circuit.full(graph)
                : theirs.stream()
                        .filter(circuit -> circuit.size() <= asked(size))
                        .max(Comparator.comparingInt(Circuit::size))
                        .orElseGet(() -> Circuit.of(graph, new BitSet())));
    }

    /**
     * Measures one circuit.
     *
     * @param circuit of the model's graph, with or without embedding nodes, or of EAP-IG's graph of it
     * @return with the share of its edges as its size
     * @throws InputException as {@link #curve(EdgeScores, Ranking)}
     */
    public FaithfulnessCurve.Point point(Circuit circuit) {
        Circuit theirs = inEapIg(circuit);
        return point((double) theirs.size() / totalEdges(), theirs.size(), theirs.connected());
    }

    private FaithfulnessCurve measured(DoubleFunction<Circuit> circuits) {
        List<FaithfulnessCurve.Point> points = new ArrayList<>();
        for (double size : FaithfulnessCurve.SIZES) {
            points.add(point(size, asked(size), circuits.apply(size)));
        }
        return new FaithfulnessCurve(metric, fullModel(), emptyCircuitMetric(), points);
    }

    private int asked(double size) {
        return (int) (size * totalEdges());
    }

    private static Circuit best(EdgeScores scores, int count, Ranking ranking) {
        return new Selection.Top(count).from(scores, ranking).connected();
    }

    private FaithfulnessCurve.Point point(double size, int asked, Circuit theirs) {
        double empty = emptyCircuitMetric();
        double full = fullModel();
        if (full == empty) {
            throw new InputException("--curve: " + metric + " is " + full + " for the full model and for the circuit"
                    + " without edges alike, so that faithfulness is not defined: choose other data or another metric");
        }
        Map<String, Double> metrics = evaluate(theirs).metrics();
        return new FaithfulnessCurve.Point(
                size,
                asked,
                theirs.size(),
                theirs.writerCount(),
                (metrics.get(metric) - empty) / (full - empty) + 0.0, // not -0
                metrics);
    }

    private Circuit inEapIg(Circuit circuit) {
        GraphShape shape = circuit.graph().shape();
        if (shape.equals(mapping.eapIg().graph().shape())) {
            return circuit;
        }
        requireOf(modelShape(), shape, "the circuit is");
        return EapIgMapping.of(circuit.graph()).toEapIg(circuit);
    }

    private GraphShape modelShape() {
        return mapping.model().shape();
    }

    /**
     * Scores in EAP-IG's graph of a model.
     *
     * @param scores of the model's graph, with or without embedding nodes, or of EAP-IG's graph already
     * @param model the shape of the model's graph, with embedding nodes
     * @return scores of EAP-IG's graph, as {@link EapIgMapping} makes them
     * @throws InputException if the scores are of another model's graph
     */
    public static EdgeScores inEapIg(EdgeScores scores, GraphShape model) {
        GraphShape shape = scores.graph().shape();
        if (shape.equals(EapIgGraph.shape(model))) {
            return scores;
        }
        requireOf(model, shape, "the scores are");
        EapIgMapping mapping = EapIgMapping.of(scores.graph());
        return EdgeScores.of(mapping.eapIg().graph(), mapping.toEapIg(scores.toArray()));
    }

    private static void requireOf(GraphShape model, GraphShape shape, String what) {
        if (!shape.equals(model) && !shape.equals(model.withoutEmbeddings())) {
            throw new InputException(what + " of a graph of " + shape.layers() + " layers and " + shape.heads()
                    + " heads, and the model has " + model.layers() + " and " + model.heads()
                    + ": name the model that it was computed for");
        }
    }

    private Evaluation emptyCircuit() {
        return evaluate(Circuit.of(mapping.eapIg().graph(), new BitSet()));
    }

    private Evaluation evaluate(Circuit theirs) {
        return evaluated.computeIfAbsent(
                mapping.toModel(theirs), circuit -> evaluator.evaluate(MaskValues.of(circuit)));
    }

    @Override
    public void close() {
        evaluator.close();
    }
}
