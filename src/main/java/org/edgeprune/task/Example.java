package org.edgeprune.task;

/**
 * A tokenised prompt with its corrupted prompt: what the engine runs and a scorer scores. The arrays are shared, not
 * copied, and must not be changed.
 *
 * @param clean [tokens]: token ids of the prompt, up to and including the last scored position
 * @param corrupted [tokens]: token ids of the corrupted prompt
 * @param scoreStart the first position whose next-token logits are scored
 * @param scoreEnd one more than the last such position
 * @param answer the right answer at the scored positions
 */
public record Example(int[] clean, int[] corrupted, int scoreStart, int scoreEnd, Answer answer) {
    /**
     * Checks lengths and positions.
     *
     * @throws IllegalArgumentException if the prompts differ in length, the scored positions are empty or out of range,
     *     or a {@link Answer.Tokens} does not have one target for each scored position
     */
    public Example {
        if (clean.length != corrupted.length) {
            throw new IllegalArgumentException(clean.length + " clean tokens, " + corrupted.length + " corrupted ones");
        }
        if (scoreStart < 0 || scoreStart >= scoreEnd || scoreEnd > clean.length) {
            throw new IllegalArgumentException(
                    "scored positions " + scoreStart + " to " + scoreEnd + " of " + clean.length + " tokens");
        }
        if (answer instanceof Answer.Tokens t && t.targets().length != scoreEnd - scoreStart) {
            throw new IllegalArgumentException(
                    t.targets().length + " targets for positions " + scoreStart + " to " + scoreEnd);
        }
    }

    /**
     * The length of both prompts.
     *
     * @return the number of tokens
     */
    public int length() {
        return clean.length;
    }

    /**
     * The number of scored positions.
     *
     * @return at least 1
     */
    public int scored() {
        return scoreEnd - scoreStart;
    }
}
