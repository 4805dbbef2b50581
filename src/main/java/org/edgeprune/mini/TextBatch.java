package org.edgeprune.mini;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.edgeprune.engine.FullModel;
import org.edgeprune.model.TokenBatch;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.task.TrainingCorpus;
import org.edgeprune.torch.Tensor;

/**
 * Texts ready for training. Its tensors belong to the scope in which it was made.
 *
 * @param tokens each text but its last token, which has nothing to predict
 * @param next the token that follows each of them, {@code [tokens]}, i64
 * @param weights what predicting it counts; they sum to one, {@code [tokens]}
 */
record TextBatch(TokenBatch tokens, Tensor next, Tensor weights) {
    /**
     * Every other text begins at position 0, as prompts do, the rest anywhere: so all positions are trained, and what
     * is learned does not hang on them.
     */
    static TextBatch of(List<TrainingCorpus.Text> texts, double contextWeight, TransformerModel model, Random random) {
        List<int[]> seen = texts.stream()
                .map(t -> Arrays.copyOf(t.tokens(), t.tokens().length - 1))
                .toList();
        int[] start = new int[texts.size()];
        for (int row = 1; row < start.length; row += 2) {
            start[row] = random.nextInt(model.maxPositions() - seen.get(row).length + 1);
        }
        TokenBatch batch = TokenBatch.of(seen, start, model.device());
        long[] next = new long[batch.tokenCount()];
        float[] weights = new float[batch.tokenCount()];
        for (int row = 0; row < texts.size(); row++) {
            TrainingCorpus.Text text = texts.get(row);
            for (int position = 0; position < text.tokens().length - 1; position++) {
                int token = batch.token(row, position);
                next[token] = text.tokens()[position + 1];
                weights[token] = (float) (position + 1 >= text.answerAt() ? 1 : contextWeight);
            }
        }
        double total = 0;
        for (float weight : weights) {
            total += weight;
        }
        for (int i = 0; i < weights.length; i++) {
            weights[i] /= (float) total;
        }
        return new TextBatch(
                batch,
                Tensor.of(next, next.length).to(model.device()),
                Tensor.of(weights, weights.length).to(model.device()));
    }

    /** Weighted mean of the next tokens' cross-entropy in nats: a differentiable scalar. */
    Tensor loss(TransformerModel model) {
        Tensor logits = model.logits(FullModel.finalResidual(model, tokens));
        Tensor said = logits.gather(1, next.unsqueeze(1)).squeeze(1);
        return logits.logsumexp(-1).sub(said).mul(weights).sum();
    }
}
