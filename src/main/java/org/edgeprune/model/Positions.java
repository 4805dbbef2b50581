package org.edgeprune.model;

/**
 * Which positions a model has.
 *
 * @param trained positions that its configuration states ({@code max_position_embeddings})
 * @param limit the longest sequence that it can take
 */
public record Positions(int trained, int limit) {
    public Positions {
        if (trained < 1 || limit < trained) {
            throw new IllegalArgumentException("trained for " + trained + " positions, limited to " + limit);
        }
    }

    /** A learned embedding for each position: there are no further ones. */
    public static Positions table(int count) {
        return new Positions(count, count);
    }

    /**
     * Positions that are computed (rotary embeddings, ALiBi): longer sequences than the model was trained for are
     * computed in the same way, without a limit, as HuggingFace's transformers does.
     */
    public static Positions computed(int trained) {
        return new Positions(trained, Integer.MAX_VALUE);
    }

    /** Whether sequences may be longer than the model was trained for. */
    public boolean unlimited() {
        return limit == Integer.MAX_VALUE;
    }
}
