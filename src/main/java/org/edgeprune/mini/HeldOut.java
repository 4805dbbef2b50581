package org.edgeprune.mini;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.edgeprune.engine.Baseline;
import org.edgeprune.model.TokenBatch;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.task.DataRequest;
import org.edgeprune.task.Dataset;
import org.edgeprune.task.Example;
import org.edgeprune.task.PromptTokenizer;
import org.edgeprune.task.Scorer;
import org.edgeprune.task.Split;
import org.edgeprune.task.Task;
import org.edgeprune.task.Tasks;
import org.edgeprune.torch.Tensor;
import org.edgeprune.torch.TensorScope;

/**
 * How good a model is at the tasks it is trained for, on prompts that the training corpus does not have: ioi with unseen names
 * and unseen templates, gt from unseen years, gp with unseen templates.
 */
public final class HeldOut {
    private static final List<String> TASKS = List.of("ioi", "gt", "gp");
    private static final int BATCH = 128;

    private record Part(String task, List<Example> examples, Scorer scorer) {}

    private final List<Part> parts = new ArrayList<>();

    /**
     * @param tokenizer of the model
     * @param split which held-out prompts: validation to watch a training run, test for its report
     * @param examples of each task
     * @param seed of their choice
     */
    public HeldOut(PromptTokenizer tokenizer, Split split, int examples, long seed) {
        for (String name : TASKS) {
            Task task = Tasks.named(name);
            DataRequest request = DataRequest.seeded(seed)
                    .sizes(1, split == Split.VALIDATION ? examples : 1, split == Split.TEST ? examples : 1)
                    .tokenizer(tokenizer);
            Dataset data = task.tokenise(task.generate(request).records(), tokenizer);
            parts.add(new Part(name, data.part(split), task.scorer(tokenizer)));
        }
    }

    /** Each task's metrics by name, means over its examples. */
    public Map<String, Map<String, Double>> measure(TransformerModel model) {
        Map<String, Map<String, Double>> all = new LinkedHashMap<>();
        for (Part part : parts) {
            Map<String, Double> sums = new LinkedHashMap<>();
            for (int from = 0; from < part.examples().size(); from += BATCH) {
                List<Example> some = part.examples().subList(from, Math.min(from + BATCH, part.examples().size()));
                score(model, part.scorer(), some, sums);
            }
            sums.replaceAll((metric, sum) -> sum / part.examples().size());
            all.put(part.task(), sums);
        }
        return all;
    }

    private static void score(TransformerModel model, Scorer scorer, List<Example> examples, Map<String, Double> sums) {
        try (TensorScope scope = TensorScope.open()) {
            TokenBatch batch = TokenBatch.of(examples.stream().map(Example::clean).toList(), model.device());
            long[] last = new long[examples.size()];
            for (int row = 0; row < last.length; row++) {
                last[row] = batch.token(row, examples.get(row).length() - 1);
            }
            Tensor logits = Baseline.logits(model, batch, Tensor.of(last, last.length).to(model.device()));
            if (scorer.vocabulary() != null) {
                long[] words = Arrays.stream(scorer.vocabulary()).asLongStream().toArray();
                logits = logits.indexSelect(1, Tensor.of(words, words.length).to(model.device()));
            }
            float[] values = logits.toFloats();
            int width = values.length / last.length;
            for (int row = 0; row < last.length; row++) {
                float[][] scored = {Arrays.copyOfRange(values, row * width, (row + 1) * width)};
                scorer.score(examples.get(row), scored, scored).forEach((metric, value) -> sums.merge(metric, value, Double::sum));
            }
        }
    }
}
