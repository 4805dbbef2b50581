package org.edgeprune.methods;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.edgeprune.attribute.FaithfulnessCurve;

/**
 * What a comparison measured of one method on one task.
 *
 * @param task the task's name
 * @param method {@link CircuitMethod#key}
 * @param madeFrom digest of model, prompts, effort and seed
 * @param ranking what makes an edge the better one: {@code absolute} or {@code signed}
 * @param seconds time of finding the circuits of every size, without loading the model and without evaluation
 * @param peakBytes peak of the process's own memory until then; null where it did something else before
 * @param metric name of the metric that faithfulness compares
 * @param fullModel its mean for the full model
 * @param emptyCircuit its mean for the circuit without edges
 * @param totalEdges number of edges of the graph in which circuits are cut
 * @param cpr {@link FaithfulnessCurve#cpr}
 * @param cmd {@link FaithfulnessCurve#cmd}
 * @param points the curve on held-out prompts
 * @param stability mean over pairs of repetitions, on other prompts and with another seed, of the Jaccard index of
 *     their circuits of 5% of the edges
 */
public record MethodResult(
        String task,
        String method,
        String madeFrom,
        String ranking,
        double seconds,
        Long peakBytes,
        String metric,
        double fullModel,
        double emptyCircuit,
        int totalEdges,
        double cpr,
        double cmd,
        List<FaithfulnessCurve.Point> points,
        double stability) {
    /** Copies the points. */
    public MethodResult {
        points = points == null ? List.of() : List.copyOf(points);
    }

    static MethodResult of(
            String task,
            CircuitMethod method,
            String madeFrom,
            double seconds,
            Optional<Long> peakBytes,
            int totalEdges,
            FaithfulnessCurve curve,
            double stability) {
        return new MethodResult(
                task,
                method.key(),
                madeFrom,
                method.ranking().name().toLowerCase(Locale.ROOT),
                seconds,
                peakBytes.orElse(null),
                curve.metric(),
                curve.fullModel(),
                curve.emptyCircuit(),
                totalEdges,
                curve.cpr(),
                curve.cmd(),
                curve.points(),
                stability);
    }

    /**
     * A metric of the circuit of a size.
     *
     * @param size a share of the edges, one of {@link FaithfulnessCurve#SIZES}
     * @param name of the metric
     * @return its mean over the held-out prompts; empty if the task has no such metric
     */
    public Optional<Double> at(double size, String name) {
        return points.stream().filter(point -> point.size() == size).findFirst().map(point -> point.metrics()
                .get(name));
    }

    /**
     * Name of the metric that says how often the task is done: {@code accuracy}, or the task's own where it has none.
     *
     * @return a metric of every point
     */
    public String taskMetric() {
        Map<String, Double> metrics = points.getFirst().metrics();
        return metrics.containsKey("accuracy") ? "accuracy" : metric;
    }
}
