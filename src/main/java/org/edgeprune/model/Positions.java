package org.edgeprune.model;

/**
 * The positions that a model has.
 *
 * @param trained number of positions that its configuration states ({@code max_position_embeddings})
 * @param limit the longest sequence that it can take
 */
public record Positions(int trained, int limit) {
    /**
     * Checks both numbers.
     *
     * @throws IllegalArgumentException if {@code trained} is not positive or {@code limit} is less
     */
    public Positions {
        if (trained < 1 || limit < trained) {
            throw new IllegalArgumentException("trained for " + trained + " positions, limited to " + limit);
        }
    }

    /**
     * A learned embedding for each position: longer sequences are impossible.
     *
     * @param count number of positions
     * @return the positions
     */
    public static Positions table(int count) {
        return new Positions(count, count);
    }

    /**
     * Positions that are computed (rotary embeddings, ALiBi): sequences longer than those that the model was trained
     * for are computed in the same way, without a limit, as in HuggingFace's transformers.
     *
     * @param trained number of positions that the configuration states
     * @return the positions
     */
    public static Positions computed(int trained) {
        return new Positions(trained, Integer.MAX_VALUE);
    }

    /**
     * Whether sequences may be longer than the model was trained for.
     *
     * @return true if positions are computed
     */
    public boolean unlimited() {
        return limit == Integer.MAX_VALUE;
    }
}
