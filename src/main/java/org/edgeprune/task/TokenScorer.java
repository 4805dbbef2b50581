package org.edgeprune.task;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Scores answers that are tokens over the whole vocabulary: {@code accuracy} (1 where every scored position's highest
 * logit is the target), {@code logit_difference} (target minus distractor, mean over positions, left out where the task
 * has no distractors), {@code kl} (full model to this one, mean over positions) and {@code exact_match} (1 where every
 * position chooses as the full model does).
 */
public final class TokenScorer implements Scorer {
    @Override
    public Map<String, Double> score(Example example, float[][] logits, float[][] full) {
        Answer.Tokens answer = (Answer.Tokens) example.answer();
        int[] choices = Arrays.stream(logits).mapToInt(Metrics::argmax).toArray();
        int[] fullChoices = Arrays.stream(full).mapToInt(Metrics::argmax).toArray();
        Map<String, Double> scores = new LinkedHashMap<>();
        scores.put("accuracy", Arrays.equals(choices, answer.targets()) ? 1.0 : 0.0);
        if (answer.distractors().length > 0) {
            scores.put("logit_difference", Metrics.logitDifference(logits, answer.targets(), answer.distractors()));
        }
        scores.put("kl", Metrics.kl(full, logits));
        scores.put("exact_match", Arrays.equals(choices, fullChoices) ? 1.0 : 0.0);
        return scores;
    }

    /** What {@code custom:tokens} names: the same as {@code custom} alone. */
    public static final class Provider implements ScorerProvider {
        @Override
        public String name() {
            return "tokens";
        }

        @Override
        public String summary() {
            return "accuracy, KL divergence and exact match of the predicted tokens";
        }

        @Override
        public Scorer scorer(PromptTokenizer tokenizer) {
            return new TokenScorer();
        }
    }
}
