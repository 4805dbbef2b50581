package org.edgeprune.task;

/**
 * A scorer for prompts of the user's own: {@code --task custom:NAME} judges them by the scorer of that name. To add
 * one, write a class with a public constructor without arguments and name it in
 * {@code META-INF/services/org.edgeprune.task.ScorerProvider}.
 */
public interface ScorerProvider {
    /** The name on the command line. No two on the class path may have the same. */
    String name();

    /** One line for lists. */
    String summary();

    /**
     * The judge for models with this tokenizer. The answers that it is given are {@link Answer.Tokens} with as many
     * targets as an example has scored positions, and no distractors.
     */
    Scorer scorer(PromptTokenizer tokenizer);
}
