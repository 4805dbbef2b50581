package org.edgeprune.attribute;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.edgeprune.engine.MaskedPass;
import org.edgeprune.engine.Packing;
import org.edgeprune.eval.PromptBatch;
import org.edgeprune.eval.PromptBatches;
import org.edgeprune.eval.PromptCache;
import org.edgeprune.graph.Circuit;
import org.edgeprune.mask.MaskValues;
import org.edgeprune.mask.Masks;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.task.Example;
import org.edgeprune.torch.GradMode;
import org.edgeprune.torch.TensorScope;

/** The mean loss of circuits, many times over on the same examples: the full model's runs are made once. */
final class CircuitLoss implements AutoCloseable {
    private final AttributionSetting setting;
    private final List<Example> examples;
    private final PromptCache cache;
    private final LossJournal journal;

    /**
     * @param cacheBytes memory for the full model's runs
     * @param journal what an earlier search computed, in the same order
     */
    CircuitLoss(AttributionSetting setting, List<Example> examples, long cacheBytes, LossJournal journal) {
        this.journal = journal;
        setting.requireAnswers(examples);
        this.setting = setting;
        this.examples = List.copyOf(examples);
        this.cache = new PromptCache(setting.model(), examples, setting.scorer(), setting.ablation(), cacheBytes);
    }

    /** The mean over all examples. */
    double of(Circuit circuit) {
        return journal.next(() -> mean(circuit));
    }

    private double mean(Circuit circuit) {
        MaskValues masks = MaskValues.of(circuit);
        double sum = 0;
        for (int from = 0; from < examples.size(); from += setting.batchSize()) {
            int[] numbers = IntStream.range(from, Math.min(examples.size(), from + setting.batchSize()))
                    .toArray();
            PromptBatches batches = cache.batches(numbers);
            List<Double> parts = new ArrayList<>();
            setting.workers()
                    .run(
                            setting.model(),
                            batches.count(),
                            (copy, number) -> new double[] {part(copy, masks, batches, number)},
                            Packing.DOUBLES,
                            loss -> parts.add(loss[0]));
            sum += numbers.length
                    * parts.stream().mapToDouble(Double::doubleValue).sum();
        }
        return sum / examples.size();
    }

    private double part(TransformerModel model, MaskValues masks, PromptBatches batches, int number) {
        try (TransformerModel.Use _ = model.use();
                GradMode _ = GradMode.disabled();
                TensorScope _ = TensorScope.open()) {
            PromptBatch batch = batches.make(model, number);
            List<Example> members = IntStream.of(batches.parts().get(number))
                    .mapToObj(examples::get)
                    .toList();
            MaskedPass pass = batch.pass(model, Masks.of(masks, model.device()), MaskedPass.Gradients.NONE);
            return setting.objective()
                    .loss(batch.logits(model, pass), batch, members, setting.scorer())
                    .item();
        }
    }

    @Override
    public void close() {
        cache.close();
    }
}
