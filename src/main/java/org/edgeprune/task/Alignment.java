package org.edgeprune.task;

import java.util.Arrays;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * How the tokens of a clean and a corrupted prompt lie beside each other. States are exchanged position by position, so
 * both prompts must say the same kind of thing at the same position.
 *
 * @param clean token ids of the clean prompt
 * @param corrupted token ids of the corrupted prompt
 */
record Alignment(int[] clean, int[] corrupted) {
    /** How many tokens of a prompt a message shows. */
    private static final int SHOWN = 8;

    /** Position of the first token that differs. */
    private int first() {
        int mismatch = Arrays.mismatch(clean, corrupted);
        return mismatch < 0 ? clean.length : mismatch;
    }

    /**
     * Whether more of the tokens after the first difference are equal to the corrupted ones {@code shift} positions
     * later than to those at their own position.
     */
    boolean isShifted(int shift) {
        return equal(shift) > equal(0);
    }

    private long equal(int shift) {
        return IntStream.range(first(), Math.min(clean.length, corrupted.length - shift))
                .filter(i -> clean[i] == corrupted[i + shift])
                .count();
    }

    /** Both prompts' tokens from the first difference on, for a message. */
    String difference(PromptTokenizer tokenizer) {
        int from = first();
        return "from token " + (from + 1) + " on " + shown(clean, from, tokenizer) + " against "
                + shown(corrupted, from, tokenizer);
    }

    private static String shown(int[] tokens, int from, PromptTokenizer tokenizer) {
        if (from >= tokens.length) {
            return "nothing";
        }
        return Arrays.stream(tokens, from, Math.min(tokens.length, from + SHOWN))
                .mapToObj(tokenizer::decode)
                .collect(Collectors.joining("|", "'", tokens.length > from + SHOWN ? "|...'" : "'"));
    }
}
