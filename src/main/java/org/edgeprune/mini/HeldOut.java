package org.edgeprune.mini;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.edgeprune.eval.AblationStates;
import org.edgeprune.eval.Evaluator;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.task.DataRequest;
import org.edgeprune.task.Example;
import org.edgeprune.task.PromptTokenizer;
import org.edgeprune.task.Scorer;
import org.edgeprune.task.Split;
import org.edgeprune.task.Task;
import org.edgeprune.task.Tasks;

/**
 * Evaluates a model on the tasks that it is trained for, with prompts that the training texts do not contain: ioi with
 * unseen names and templates, gt from unseen years, gp with unseen templates.
 */
final class HeldOut {
    /** The tasks, and the metrics of a model by itself. */
    private static final Map<String, List<String>> METRICS = metrics();

    private static final int BATCH = 128;

    private record Part(String task, List<Example> examples, Scorer scorer) {}

    private final List<Part> parts = new ArrayList<>();

    /**
     * Generates the prompts.
     *
     * @param tokenizer of the model
     * @param split validation (whose names also occur in training) or test
     * @param examples the number of examples for each task
     * @param seed the seed of their choice
     */
    public HeldOut(PromptTokenizer tokenizer, Split split, int examples, long seed) {
        DataRequest request = DataRequest.seeded(seed)
                .tokenizer(tokenizer)
                .sizes(1, split == Split.VALIDATION ? examples : 1, split == Split.TEST ? examples : 1);
        for (String name : METRICS.keySet()) {
            Task task = Tasks.named(name);
            List<Example> all =
                    task.tokenise(task.generate(request).records(), tokenizer).part(split);
            parts.add(new Part(name, all, task.scorer(tokenizer)));
        }
    }

    private static Map<String, List<String>> metrics() {
        Map<String, List<String>> metrics = new LinkedHashMap<>();
        metrics.put("ioi", List.of("accuracy", "logit_difference"));
        metrics.put("gt", List.of("probability_difference", "probability_difference_10"));
        metrics.put("gp", List.of("accuracy", "logit_difference"));
        return metrics;
    }

    /** Each task's metrics by name, as means over its examples. */
    public Map<String, Map<String, Double>> measure(TransformerModel model) {
        Map<String, Map<String, Double>> all = new LinkedHashMap<>();
        for (Part part : parts) {
            Evaluator evaluator = new Evaluator(model, part.scorer(), AblationStates.ZERO, BATCH);
            Map<String, Double> metrics =
                    evaluator.evaluateFullModel(part.examples()).metrics();
            // The other metrics compare a model with the full model, which is this model itself.
            metrics.keySet().retainAll(METRICS.get(part.task()));
            all.put(part.task(), metrics);
        }
        return all;
    }
}
