package org.edgeprune.task;

/** What a task knows about the right answer to an example. A task that needs another kind brings its own record. */
public interface Answer {
    /**
     * Right and wrong tokens, one per scored position.
     *
     * @param targets the expected tokens
     * @param distractors the tokens that the logit difference is taken against; empty where the task has none
     */
    record Tokens(int[] targets, int[] distractors) implements Answer {
        public Tokens {
            if (targets.length == 0 || (distractors.length != 0 && distractors.length != targets.length)) {
                throw new IllegalArgumentException(
                        targets.length + " targets and " + distractors.length + " distractors: not one per position");
            }
        }
    }

    /** A year after {@code start}, two digits (0 to 99) in the same century. */
    record LaterThan(int start) implements Answer {}

    /** The value of a Boolean expression. */
    record Truth(boolean value) implements Answer {}
}
