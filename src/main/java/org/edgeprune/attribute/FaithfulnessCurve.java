package org.edgeprune.attribute;

import java.util.List;
import java.util.Map;
import java.util.function.DoubleUnaryOperator;

/**
 * How faithful the circuits of a score's best edges are, from a thousandth of the edges to all of them, as the circuit
 * track of the Mechanistic Interpretability Benchmark (MIB) measures it.
 *
 * <p>With m(C) the mean of a metric over the examples, M the full model and ∅ the circuit without edges, the
 * faithfulness of C is f = (m(C) - m(∅)) / (m(M) - m(∅)): 1 where the circuit does what the model does, above 1 where
 * it does more.
 *
 * @param metric name of m
 * @param fullModel m(M)
 * @param emptyCircuit m(∅)
 * @param points one for each size, from the smallest
 */
public record FaithfulnessCurve(String metric, double fullModel, double emptyCircuit, List<Point> points) {
    /** Shares of the graph's edges that MIB evaluates. */
    public static final List<Double> SIZES = List.of(.001, .002, .005, .01, .02, .05, .1, .2, .5, 1.0);

    /**
     * One circuit.
     *
     * @param size share of all edges that was asked for
     * @param asked that share in edges, rounded down
     * @param edges how many the circuit has, those left out that lie on no path to the output
     * @param nodes how many writers these come from, {@code input} being one
     * @param faithfulness f
     * @param metrics the mean of every metric of the task
     */
    public record Point(
            double size, int asked, int edges, int nodes, double faithfulness, Map<String, Double> metrics) {}

    /** Copies the points. */
    public FaithfulnessCurve {
        points = List.copyOf(points);
    }

    /**
     * CPR, circuit performance ratio: the area under f over the size.
     *
     * @return .999 for f = 1 everywhere; higher is better, and more than that for circuits that exceed the model
     */
    public double cpr() {
        return area(x -> x, f -> f);
    }

    /**
     * CMD, circuit-model distance: the area under |1 - f| over the size.
     *
     * @return 0 for f = 1 everywhere; lower is better
     */
    public double cmd() {
        return area(x -> x, f -> Math.abs(1 - f));
    }

    /**
     * {@link #cpr} over the natural logarithm of the size, in which small circuits weigh more.
     *
     * @return ln 1000 = 6.908 for f = 1 everywhere
     */
    public double cprLog() {
        return area(Math::log, f -> f);
    }

    /**
     * {@link #cmd} over the natural logarithm of the size.
     *
     * @return 0 for f = 1 everywhere
     */
    public double cmdLog() {
        return area(Math::log, f -> Math.abs(1 - f));
    }

    /**
     * The mean faithfulness over the sizes.
     *
     * @return 1 for f = 1 everywhere
     */
    public double average() {
        return points.stream().mapToDouble(Point::faithfulness).average().orElse(0);
    }

    private double area(DoubleUnaryOperator x, DoubleUnaryOperator y) {
        double area = 0;
        for (int i = 1; i < points.size(); i++) {
            Point left = points.get(i - 1);
            Point right = points.get(i);
            area += (x.applyAsDouble(right.size()) - x.applyAsDouble(left.size()))
                    * (y.applyAsDouble(left.faithfulness()) + y.applyAsDouble(right.faithfulness()))
                    / 2;
        }
        return area;
    }
}
