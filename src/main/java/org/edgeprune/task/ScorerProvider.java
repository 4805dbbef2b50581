package org.edgeprune.task;

/**
 * A scorer for the user's own prompts: {@code --task custom:NAME} scores them by the provider of that name. To add one,
 * write a public class with a public constructor without parameters and name it in
 * {@code META-INF/services/org.edgeprune.task.ScorerProvider}.
 */
public interface ScorerProvider {
    /**
     * The name on the command line.
     *
     * @return a name that no other scorer on the class path has
     */
    String name();

    /**
     * What the scorer computes.
     *
     * @return one line, for lists
     */
    String summary();

    /**
     * The scorer for models with a tokenizer. The answers of the examples that it scores are {@link Answer.Tokens} with
     * one target for each scored position and no distractors.
     *
     * @param tokenizer the model's tokenizer
     * @return the scorer
     */
    Scorer scorer(PromptTokenizer tokenizer);
}
