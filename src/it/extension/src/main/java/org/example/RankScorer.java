package org.example;

import java.util.LinkedHashMap;
import java.util.Map;
import org.edgeprune.task.Answer;
import org.edgeprune.task.Example;
import org.edgeprune.task.Metrics;
import org.edgeprune.task.PromptTokenizer;
import org.edgeprune.task.Scorer;
import org.edgeprune.task.ScorerProvider;

/** A scorer: the mean reciprocal rank of the right tokens, 1 where every one has the highest logit. */
public final class RankScorer implements ScorerProvider {
    @Override
    public String name() {
        return "rank";
    }

    @Override
    public String summary() {
        return "mean reciprocal rank of the right tokens";
    }

    @Override
    public Scorer scorer(PromptTokenizer tokenizer) {
        return new ReciprocalRank();
    }

    private record ReciprocalRank() implements Scorer {
        @Override
        public String headline() {
            return "reciprocal_rank";
        }

        @Override
        public Map<String, Double> score(Example example, float[][] logits, float[][] full) {
            int[] targets = ((Answer.Tokens) example.answer()).targets();
            double sum = 0;
            for (int i = 0; i < targets.length; i++) {
                int rank = 1;
                for (float logit : logits[i]) {
                    rank += logit > logits[i][targets[i]] ? 1 : 0;
                }
                sum += 1.0 / rank;
            }
            Map<String, Double> scores = new LinkedHashMap<>();
            scores.put(headline(), sum / targets.length);
            scores.put("kl", Metrics.kl(full, logits));
            return scores;
        }
    }
}
