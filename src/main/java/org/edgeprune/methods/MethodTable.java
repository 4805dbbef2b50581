package org.edgeprune.methods;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * All methods on one task.
 *
 * @param results of every method, in the order of the table
 */
public record MethodTable(List<MethodResult> results) {
    /**
     * A column in which methods are compared.
     *
     * @param name its heading
     * @param better which of two values comes first
     * @param value of a method; empty where it has none
     */
    public record Column(String name, Comparator<Double> better, Function<MethodResult, Optional<Double>> value) {}

    /**
     * Which method is the best one in a column.
     *
     * @param column the column's heading
     * @param method the best method's name; where edge pruning is the best one together with others, one of these
     * @param value the best method's value
     * @param edgePruning the value of edge pruning
     * @param edgePruningIsBest whether no method is better than edge pruning
     */
    public record Best(String column, String method, double value, double edgePruning, boolean edgePruningIsBest) {}

    /** Copies the results. */
    public MethodTable {
        results = List.copyOf(results);
    }

    /**
     * The columns: CPR, CMD, KL and the task's metric at {@link MethodStudy#SIZES}, stability.
     *
     * @return at least two columns
     */
    public List<Column> columns() {
        List<Column> columns = new ArrayList<>();
        Comparator<Double> lower = Comparator.naturalOrder();
        columns.add(new Column("CPR", lower.reversed(), result -> Optional.of(result.cpr())));
        columns.add(new Column("CMD", lower, result -> Optional.of(result.cmd())));
        for (double size : MethodStudy.SIZES) {
            columns.add(new Column("KL " + percent(size), lower, result -> result.at(size, "kl")));
        }
        String metric = results.getFirst().taskMetric();
        String heading = metric.equals("accuracy") ? metric : "metric"; // the table's first line names it
        for (double size : MethodStudy.SIZES) {
            columns.add(new Column(heading + " " + percent(size), lower.reversed(), result -> result.at(size, metric)));
        }
        columns.add(new Column("stability", lower.reversed(), result -> Optional.of(result.stability())));
        return columns;
    }

    private static String percent(double size) {
        return Math.round(100 * size) + "%";
    }

    /**
     * The best method in each column.
     *
     * @return in the order of the columns; empty if edge pruning was not measured
     */
    public List<Best> best() {
        Optional<MethodResult> pruning = results.stream()
                .filter(result -> result.method().equals(CircuitMethod.EDGE_PRUNING.key()))
                .findFirst();
        List<Best> best = new ArrayList<>();
        for (Column column : pruning.isPresent() ? columns() : List.<Column>of()) {
            double ours = column.value().apply(pruning.get()).orElse(Double.NaN);
            results.stream()
                    .filter(result -> column.value().apply(result).isPresent())
                    .min(Comparator.<MethodResult, Double>comparing(
                                    result -> column.value().apply(result).orElseThrow(), column.better())
                            .thenComparing(result -> result.method().equals(CircuitMethod.EDGE_PRUNING.key())))
                    .ifPresent(first -> {
                        double value = column.value().apply(first).orElseThrow();
                        best.add(new Best(
                                column.name(),
                                first.method(),
                                value,
                                ours,
                                column.better().compare(ours, value) <= 0));
                    });
        }
        return best;
    }
}
