package org.edgeprune.report;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * How far a metric differs between runs.
 *
 * @param mean over the runs
 * @param std sample standard deviation, with n - 1
 * @param min the smallest value
 * @param max the largest value
 */
public record Spread(double mean, double std, double min, double max) {
    /**
     * The spread of some values.
     *
     * @param values at least two
     * @return their spread
     */
    public static Spread of(List<Double> values) {
        double mean = values.stream().mapToDouble(Double::doubleValue).average().orElseThrow();
        double squares = values.stream()
                .mapToDouble(value -> (value - mean) * (value - mean))
                .sum();
        return new Spread(
                mean,
                Math.sqrt(squares / (values.size() - 1)),
                values.stream().mapToDouble(Double::doubleValue).min().orElseThrow(),
                values.stream().mapToDouble(Double::doubleValue).max().orElseThrow());
    }

    /**
     * The spread of every metric that all runs have.
     *
     * @param names of the metrics
     * @param runs the metrics of each run, by name
     * @return spreads by name, in the order of the names
     */
    public static Map<String, Spread> of(Iterable<String> names, List<Map<String, Double>> runs) {
        Map<String, Spread> spreads = new LinkedHashMap<>();
        for (String name : names) {
            if (runs.stream().allMatch(run -> run.containsKey(name))) {
                spreads.put(name, of(runs.stream().map(run -> run.get(name)).toList()));
            }
        }
        return spreads;
    }
}
