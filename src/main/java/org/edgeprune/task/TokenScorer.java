package org.edgeprune.task;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Scores answers that are tokens, over the whole vocabulary: {@code accuracy} (1 if the highest logit is the target at
 * every scored position), {@code logit_difference} (target minus distractor, mean over positions; only if the task has
 * distractors), {@code kl} (full model to this one, mean over positions) and {@code exact_match} (1 if the highest
 * logit is the full model's at every position).
 */
public final class TokenScorer implements Scorer {
    /** A scorer, which has no state. */
    public TokenScorer() {}

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

    /** The provider of {@code custom:tokens}, which is the same as {@code custom}. */
    public static final class Provider implements ScorerProvider {
        /** The provider, as {@link java.util.ServiceLoader} creates it. */
        public Provider() {}

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
