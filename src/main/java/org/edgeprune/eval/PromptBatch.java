package org.edgeprune.eval;

import java.util.ArrayList;
import java.util.List;
import org.edgeprune.engine.Baseline;
import org.edgeprune.model.TokenBatch;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.task.Example;
import org.edgeprune.torch.Tensor;

/**
 * Examples ready for the masked model. Its tensors belong to the scope in which it was made.
 *
 * @param clean the clean prompts
 * @param baseline the model's run on the corrupted prompts; null under zero ablation
 * @param scored numbers of the scored tokens, example by example, {@code [scored]}, i64
 * @param weights what each scored position counts in the mean over examples of the mean over positions, {@code [scored]}
 * @param fullLogits of the full model at the scored tokens, {@code [scored, vocab]}, restricted to the task's vocabulary
 * @param vocabulary the task's token ids, i64, or null for all
 */
public record PromptBatch(
        TokenBatch clean, Baseline baseline, Tensor scored, Tensor weights, Tensor fullLogits, Tensor vocabulary) {

    /** Runs the full model on both prompts of every example. */
    public static PromptBatch of(TransformerModel model, List<Example> examples, int[] vocabulary, boolean interchange) {
        TokenBatch clean = TokenBatch.of(examples.stream().map(Example::clean).toList(), model.device());
        Baseline baseline = interchange
                ? Baseline.record(
                        model, TokenBatch.of(examples.stream().map(Example::corrupted).toList(), model.device()))
                : null;
        Tensor scored = scored(clean, examples).to(model.device());
        Tensor words = vocabulary(vocabulary, model);
        Tensor full = restrict(Baseline.logits(model, clean, scored), words);
        return new PromptBatch(clean, baseline, scored, weights(examples).to(model.device()), full, words);
    }

    /** The logits of the task's vocabulary. */
    public Tensor restrict(Tensor logits) {
        return restrict(logits, vocabulary);
    }

    private static Tensor restrict(Tensor logits, Tensor vocabulary) {
        return vocabulary == null ? logits : logits.indexSelect(-1, vocabulary);
    }

    static Tensor vocabulary(int[] vocabulary, TransformerModel model) {
        return vocabulary == null ? null : Tensor.of(longs(vocabulary), vocabulary.length).to(model.device());
    }

    static Tensor scored(TokenBatch clean, List<Example> examples) {
        List<Long> tokens = new ArrayList<>();
        for (int row = 0; row < examples.size(); row++) {
            for (int position = examples.get(row).scoreStart(); position < examples.get(row).scoreEnd(); position++) {
                tokens.add((long) clean.token(row, position));
            }
        }
        return Tensor.of(tokens.stream().mapToLong(Long::longValue).toArray(), tokens.size());
    }

    static Tensor weights(List<Example> examples) {
        int scored = examples.stream().mapToInt(Example::scored).sum();
        float[] weights = new float[scored];
        int next = 0;
        for (Example example : examples) {
            for (int i = 0; i < example.scored(); i++) {
                weights[next++] = (float) (1.0 / examples.size() / example.scored());
            }
        }
        return Tensor.of(weights, scored);
    }

    private static long[] longs(int[] values) {
        return java.util.Arrays.stream(values).asLongStream().toArray();
    }
}
