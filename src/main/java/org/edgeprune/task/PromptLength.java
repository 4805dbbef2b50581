package org.edgeprune.task;

import java.util.List;
import org.edgeprune.io.InputException;

/** The number of tokens that all prompts have, so that a position means the same in each of them. */
public final class PromptLength {
    private PromptLength() {}

    /**
     * The number of tokens of every prompt.
     *
     * @param which what they are called where one differs, such as {@code test example}
     * @param examples prompt pairs, at least one
     * @return tokens of the first one, and so of all
     * @throws InputException if one has another number
     */
    public static int of(String which, List<Example> examples) {
        return require(examples.getFirst().length(), which + " 1", which, examples);
    }

    /**
     * Requires that every prompt has a given number of tokens.
     *
     * @param length the number
     * @param whose what has so many, such as {@code training example 1}
     * @param which what the prompts are called where one differs
     * @param examples prompt pairs
     * @return {@code length}
     * @throws InputException if one has another number
     */
    public static int require(int length, String whose, String which, List<Example> examples) {
        for (int i = 0; i < examples.size(); i++) {
            if (examples.get(i).length() != length) {
                throw new InputException("--positions: " + which + " " + (i + 1) + " has "
                        + examples.get(i).length() + " tokens and " + whose + " has " + length
                        + ": positions are compared across prompts, so name data of one template, all with as many"
                        + " tokens, such as --task ioi-t1");
            }
        }
        return length;
    }

    /**
     * How many positions have the same token in the clean prompts of all examples: what a template fixes.
     *
     * @param examples prompt pairs that all have as many tokens, at least one
     * @return from 0 to the number of tokens
     */
    public static int fixedTokens(List<Example> examples) {
        int[] first = examples.getFirst().clean();
        int fixed = 0;
        for (int position = 0; position < first.length; position++) {
            int at = position;
            fixed += examples.stream().allMatch(example -> example.clean()[at] == first[at]) ? 1 : 0;
        }
        return fixed;
    }
}
