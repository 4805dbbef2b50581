package org.edgeprune.attribute;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.edgeprune.eval.Evaluation;
import org.edgeprune.eval.Evaluator;
import org.edgeprune.graph.Circuit;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.graph.EapIgGraph;
import org.edgeprune.graph.EapIgMapping;
import org.edgeprune.graph.GraphShape;
import org.edgeprune.io.InputException;
import org.edgeprune.mask.MaskValues;
import org.edgeprune.task.Example;

/**
 * Measures {@link FaithfulnessCurve}s of scores on examples. Edges are chosen and counted in EAP-IG's graph of the
 * model, as MIB does, so that scores of any tool are cut at the same sizes, and without the edges that lie on no path
 * to the output. Circuits that come up again are not evaluated again.
 *
 * <p>Where query heads share keys and values, a circuit of EAP-IG's graph has a shared key or value as soon as one of
 * its heads has it, see {@link EapIgMapping}; MIB's code masks the heads one by one.
 */
public final class CurveEvaluator {
    private static final String LOGIT_DIFFERENCE = "logit_difference";
    private static final String ACCURACY = "accuracy";

    private final Evaluator evaluator;
    private final List<Example> examples;
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
        this.evaluator = evaluator;
        this.examples = List.copyOf(examples);
        this.mapping = EapIgMapping.of(new ComputationGraph(evaluator.model().graphShape()));
        this.metric = metric(metric, emptyCircuit().metrics());
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
        String headline = evaluator.scorer().headline();
        if (headline.equals(ACCURACY)) {
            throw new InputException("--curve: the data have no distractors, so that there is no logit difference: "
                    + "give each line a distractor, or " + known);
        }
        return headline;
    }

    /**
     * Measures a curve: the circuits of ten sizes.
     *
     * @param scores of the model's graph, with or without embedding nodes, or of EAP-IG's graph of it
     * @param ranking what makes an edge the better one
     * @return the curve
     * @throws InputException if the scores are of another model's graph, or m does not tell the full model from the
     *     circuit without edges
     */
    public FaithfulnessCurve curve(EdgeScores scores, Ranking ranking) {
        EdgeScores theirs = inEapIg(scores, evaluator.model().graphShape());
        double empty = emptyCircuit().metrics().get(metric);
        double full = emptyCircuit().fullModelMetrics().get(metric);
        if (full == empty) {
            throw new InputException("--curve: " + metric + " is " + full + " for the full model and for the circuit"
                    + " without edges alike, so that faithfulness is not defined: choose other data or another metric");
        }
        List<FaithfulnessCurve.Point> points = new ArrayList<>();
        for (double size : FaithfulnessCurve.SIZES) {
            int asked = (int) (size * theirs.size());
            Circuit circuit = new Selection.Top(asked).from(theirs, ranking).connected();
            Map<String, Double> metrics = evaluate(circuit).metrics();
            points.add(new FaithfulnessCurve.Point(
                    size,
                    asked,
                    circuit.size(),
                    circuit.writerCount(),
                    (metrics.get(metric) - empty) / (full - empty),
                    metrics));
        }
        return new FaithfulnessCurve(ranking, metric, full, empty, points);
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
        if (!shape.equals(model) && !shape.equals(model.withoutEmbeddings())) {
            throw new InputException("the scores are of a graph of " + shape.layers() + " layers and " + shape.heads()
                    + " heads, and the model has " + model.layers() + " and " + model.heads()
                    + ": name the model that they were computed for");
        }
        EapIgMapping mapping = EapIgMapping.of(scores.graph());
        return EdgeScores.of(mapping.eapIg().graph(), mapping.toEapIg(scores.toArray()));
    }

    private Evaluation emptyCircuit() {
        return evaluate(Circuit.of(mapping.eapIg().graph(), new BitSet()));
    }

    private Evaluation evaluate(Circuit theirs) {
        return evaluated.computeIfAbsent(
                mapping.toModel(theirs), circuit -> evaluator.evaluate(examples, MaskValues.of(circuit)));
    }
}
