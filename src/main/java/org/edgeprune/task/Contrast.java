package org.edgeprune.task;

import java.util.Arrays;

/**
 * Which columns of an example's logits are right and which are wrong: what logit differences, probability differences
 * and cross-entropy are made of.
 *
 * @param right columns of the right answers for each row of logits, at least one each
 * @param wrong columns of the wrong answers for each row; none where the data name no distractor
 */
public record Contrast(int[][] right, int[][] wrong) {
    /** Checks that there are as many rows on both sides. */
    public Contrast {
        if (right.length != wrong.length || Arrays.stream(right).anyMatch(row -> row.length == 0)) {
            throw new IllegalArgumentException(
                    "a contrast needs right and wrong answers for the same rows, and a right one for each");
        }
    }

    /**
     * Whether every row has a wrong answer.
     *
     * @return whether differences can be taken
     */
    public boolean hasWrong() {
        return Arrays.stream(wrong).allMatch(row -> row.length > 0);
    }

    /**
     * One target and at most one distractor for each row.
     *
     * @param answer the tokens
     * @param vocabulary the token of each column; null where columns are token ids
     * @return their columns
     */
    static Contrast of(Answer.Tokens answer, int[] vocabulary) {
        int[][] right = columns(answer.targets(), vocabulary);
        int[][] wrong =
                answer.distractors().length == 0 ? new int[right.length][0] : columns(answer.distractors(), vocabulary);
        return new Contrast(right, wrong);
    }

    private static int[][] columns(int[] tokens, int[] vocabulary) {
        return Arrays.stream(tokens)
                .mapToObj(token -> new int[] {vocabulary == null ? token : indexOf(vocabulary, token)})
                .toArray(int[][]::new);
    }

    private static int indexOf(int[] vocabulary, int token) {
        for (int i = 0; i < vocabulary.length; i++) {
            if (vocabulary[i] == token) {
                return i;
            }
        }
        throw new IllegalArgumentException("token " + token + " is outside the scorer's vocabulary");
    }
}
