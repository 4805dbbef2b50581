package org.edgeprune.eval;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.edgeprune.graph.Circuit;
import org.edgeprune.graph.PositionCircuit;
import org.edgeprune.io.Json;
import org.edgeprune.mask.MaskValues;
import org.edgeprune.task.Answer;
import org.edgeprune.task.Example;
import org.edgeprune.task.PromptTokenizer;

/**
 * The result of running a circuit on examples.
 *
 * @param examples the result of each example, in order
 */
public record Evaluation(List<Scored> examples) {
    /**
     * The result of one example.
     *
     * @param example the prompt pair
     * @param metrics the circuit's metrics by name
     * @param fullModelMetrics the full model's metrics by name
     * @param predicted id of the circuit's most likely token in each row of logits; for a task that is scored across
     *     positions, the index of the most likely column
     */
    public record Scored(
            Example example, Map<String, Double> metrics, Map<String, Double> fullModelMetrics, int[] predicted) {}

    /** Copies the list. */
    public Evaluation {
        examples = List.copyOf(examples);
    }

    /**
     * Mean of every metric of the circuit over the examples.
     *
     * @return means by name, in the task's order; a new map
     */
    public Map<String, Double> metrics() {
        return mean(examples.stream().map(Scored::metrics).toList());
    }

    /**
     * Mean of every metric of the full model over the examples.
     *
     * @return means by name, in the task's order; a new map
     */
    public Map<String, Double> fullModelMetrics() {
        return mean(examples.stream().map(Scored::fullModelMetrics).toList());
    }

    /**
     * The evaluation of a circuit in one map, as in {@code metrics.json}.
     *
     * @param masks the binary masks that were evaluated
     * @return the size of the circuit ({@code num_edges} edges are kept, of which {@code num_edges_on_paths} lie on a
     *     path from an input to the output, and {@code edge_sparsity} is 1 - {@code num_edges} / {@code total_edges};
     *     where positions have masks of their own, {@code num_edges} are kept at one of them or more,
     *     {@code num_edge_positions} of {@code total_edge_positions} counted at each, and {@code edge_sparsity} is of
     *     these; {@code num_nodes} of {@code total_nodes} have a mask of one), the sparsities of the masks of edges and
     *     of nodes alone (0 to 1), the same of neurons where they have masks, the number of examples, the circuit's
     *     mean metrics by name, and the full model's with the prefix {@code full_model_}, in this order; a new map that
     *     the caller may change
     */
    public Map<String, Object> summary(MaskValues masks) {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("edge_sparsity", 1.0 - (double) masks.kept().cardinality() / masks.edges().length);
        all.put("edge_mask_sparsity", masks.edgeSparsity());
        all.put("node_sparsity", masks.nodeSparsity());
        if (masks.byPosition()) {
            PositionCircuit circuit = masks.positionCircuit();
            all.put("num_positions", circuit.positions());
            all.put("num_edge_positions", circuit.size());
            all.put("total_edge_positions", circuit.total());
            all.put("num_edges", circuit.anywhere().size());
        } else {
            Circuit circuit = masks.circuit();
            all.put("num_edges", circuit.size());
            all.put("num_edges_on_paths", circuit.connected().size());
        }
        all.put("total_edges", masks.graph().edgeCount());
        all.put("num_nodes", masks.nodeCount());
        all.put("total_nodes", masks.nodes().length);
        if (masks.hasNeurons()) {
            all.put("neuron_sparsity", masks.neuronSparsity());
            all.put("num_neurons", masks.neuronCount());
            all.put("total_neurons", masks.neurons().length);
        }
        all.putAll(summaryOfFullModel());
        fullModelMetrics().forEach((name, value) -> all.put("full_model_" + name, value));
        return all;
    }

    /**
     * The evaluation of a circuit without what is the same for all of its evaluations.
     *
     * @return the number of examples, the circuit's mean metrics by name, and the full model's with the prefix
     *     {@code full_model_} except for its KL, which is 0; a new map that the caller may change
     */
    public Map<String, Object> brief() {
        Map<String, Object> all = summaryOfFullModel();
        fullModelMetrics().forEach((name, value) -> {
            if (!name.equals("kl")) {
                all.put("full_model_" + name, value);
            }
        });
        return all;
    }

    /**
     * The evaluation of the full model alone in one map, see {@link Evaluator#evaluateFullModel}.
     *
     * @return the number of examples and the mean metrics by name; a new map that the caller may change
     */
    public Map<String, Object> summaryOfFullModel() {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("examples", examples.size());
        all.putAll(metrics());
        return all;
    }

    /**
     * The content of {@code examples.jsonl}: one JSON object per line with both prompts as text, the circuit's
     * predictions, its metrics and the full model's.
     *
     * @param tokenizer the tokenizer that the prompts were encoded with
     * @return the lines, each ended by a newline
     */
    public String toJsonLines(PromptTokenizer tokenizer) {
        StringBuilder lines = new StringBuilder();
        for (Scored scored : examples) {
            ObjectNode line = Json.object();
            line.put("clean", tokenizer.decode(scored.example().clean()));
            line.put("corrupted", tokenizer.decode(scored.example().corrupted()));
            if (scored.example().answer() instanceof Answer.Tokens answer) {
                line.put("answer", tokenizer.decode(answer.targets()));
                if (answer.distractors().length > 0) {
                    line.put("distractor", tokenizer.decode(answer.distractors()));
                }
            }
            line.set(
                    "predicted",
                    Json.PLAIN.tree(Arrays.stream(scored.predicted())
                            .mapToObj(tokenizer::decode)
                            .toList()));
            line.set("metrics", Json.PLAIN.tree(scored.metrics()));
            line.set("full_model_metrics", Json.PLAIN.tree(scored.fullModelMetrics()));
            lines.append(line).append('\n');
        }
        return lines.toString();
    }

    private static Map<String, Double> mean(List<Map<String, Double>> each) {
        Map<String, Double> sums = new LinkedHashMap<>();
        each.forEach(scores -> scores.forEach((name, value) -> sums.merge(name, value, Double::sum)));
        sums.replaceAll((name, sum) -> sum / each.size());
        return sums;
    }
}
