package org.edgeprune.eval;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.edgeprune.engine.FullModel;
import org.edgeprune.model.TokenBatch;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.task.Answer;
import org.edgeprune.task.Metrics;
import org.edgeprune.torch.Tensor;
import org.edgeprune.torch.TensorScope;

/**
 * How the full model sees an answer after a prompt. For answers of several tokens the right tokens before each are
 * given (teacher forcing).
 *
 * @param probability of the answer: the product over its tokens
 * @param rank of the answer among all tokens, 1 for the most probable; the worst of its tokens
 * @param choice [answer's tokens]: ids of the most probable token at each position
 */
public record AnswerRank(double probability, int rank, int[] choice) {
    /**
     * Runs the full model on one prompt.
     *
     * @param model the full model
     * @param tokens [tokens] of the prompt, up to the last scored position
     * @param scoreStart the first scored position
     * @param answer its targets are what is looked for after the scored positions
     * @return probability, rank and the model's own choice
     */
    public static AnswerRank of(TransformerModel model, int[] tokens, int scoreStart, Answer.Tokens answer) {
        int[] targets = answer.targets();
        long[] scored = IntStream.range(0, targets.length)
                .mapToLong(i -> scoreStart + i)
                .toArray();
        try (TransformerModel.Use _ = model.use();
                TensorScope _ = TensorScope.open()) {
            TokenBatch batch = TokenBatch.of(List.of(tokens), model.device());
            float[] values = FullModel.logits(
                            model, batch, Tensor.of(scored, scored.length).to(model.device()))
                    .toFloats();
            int columns = values.length / targets.length;
            double probability = 1;
            int rank = 1;
            int[] choice = new int[targets.length];
            for (int i = 0; i < targets.length; i++) {
                float[] row = Arrays.copyOfRange(values, i * columns, (i + 1) * columns);
                float mine = row[targets[i]];
                int better = 0;
                for (float logit : row) {
                    better += logit > mine ? 1 : 0;
                }
                rank = Math.max(rank, better + 1);
                probability *= Math.exp(Metrics.logSoftmax(row)[targets[i]]);
                choice[i] = Metrics.argmax(row);
            }
            return new AnswerRank(probability, rank, choice);
        }
    }
}
