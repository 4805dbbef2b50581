package org.edgeprune.attribute;

/** Which of two scores ranks higher. */
public enum Ranking {
    /**
     * The larger one: edges that make the loss higher when they are cut come first, those that hinder the task last.
     */
    SIGNED,
    /** The one of larger absolute value: edges without effect come last. */
    ABSOLUTE;

    /**
     * What is compared.
     *
     * @param score an edge's score, finite
     * @return the score itself, or its absolute value
     */
    public float key(float score) {
        return this == SIGNED ? score : Math.abs(score);
    }
}
