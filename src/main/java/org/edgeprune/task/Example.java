package org.edgeprune.task;

/**
 * A prompt and its corrupted partner, tokenised: what the engine runs and a scorer judges. The arrays are shared, not
 * copied: nobody changes them.
 *
 * @param clean token ids of the prompt, up to and including the last scored position
 * @param corrupted token ids of the corrupted prompt, just as many
 * @param scoreStart first position whose next-token logits are scored
 * @param scoreEnd one more than the last such position
 * @param answer what the scored positions should say
 */
public record Example(int[] clean, int[] corrupted, int scoreStart, int scoreEnd, Answer answer) {
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

    /** Number of tokens, the same for both prompts. */
    public int length() {
        return clean.length;
    }

    /** Number of scored positions. */
    public int scored() {
        return scoreEnd - scoreStart;
    }
}
