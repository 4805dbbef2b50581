package org.edgeprune.attribute;

import java.util.Set;

/** Which of two scores ranks higher. */
public enum Ranking {
    /**
     * The larger one: edges that make the loss higher when they are cut come first, those that hinder the task last.
     */
    SIGNED,
    /** The one of larger absolute value: edges without effect come last. */
    ABSOLUTE;

    private static final Set<String> SIGNED_METHODS = Set.of("edge-pruning", "mattr", "mattr-published", "acdc");

    /**
     * How the scores of a method rank edges. A negative log_alpha or a negative score of {@code mattr} or {@code acdc}
     * means that the edge is to be cut; scores of gradient attributions count by their absolute values, as in EAP-IG's
     * code.
     *
     * @param method its name in {@code run.json}, such as {@code eap-ig-inputs}
     * @return how edges rank; by absolute values for a method that is not known
     */
    public static Ranking ofMethod(String method) {
        return SIGNED_METHODS.contains(method) ? SIGNED : ABSOLUTE;
    }

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
