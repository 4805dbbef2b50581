package org.edgeprune.eval;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.edgeprune.task.Example;

/**
 * The result of running a circuit on examples.
 *
 * @param examples one entry an example, in order
 */
public record Evaluation(List<Scored> examples) {
    /**
     * @param example the prompt pair
     * @param metrics of the circuit on it
     * @param fullModelMetrics of the full model on it
     * @param predicted the circuit's most likely token in each row of logits; across positions, the most likely position
     */
    public record Scored(
            Example example, Map<String, Double> metrics, Map<String, Double> fullModelMetrics, int[] predicted) {}

    public Evaluation {
        examples = List.copyOf(examples);
    }

    /** Mean of every metric over the examples, in the task's order. */
    public Map<String, Double> metrics() {
        return mean(examples.stream().map(Scored::metrics).toList());
    }

    /** The same for the full model. */
    public Map<String, Double> fullModelMetrics() {
        return mean(examples.stream().map(Scored::fullModelMetrics).toList());
    }

    private static Map<String, Double> mean(List<Map<String, Double>> each) {
        Map<String, Double> sums = new LinkedHashMap<>();
        each.forEach(scores -> scores.forEach((name, value) -> sums.merge(name, value, Double::sum)));
        sums.replaceAll((name, sum) -> sum / each.size());
        return sums;
    }
}
