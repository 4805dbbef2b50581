package org.edgeprune.task;

/**
 * The right answer to an example, as far as the task's scorer needs it. A task with another kind of answer defines its
 * own record.
 */
public interface Answer {
    /**
     * The right and, where the task has one, a wrong token for each scored position.
     *
     * @param targets [scored positions]: ids of the expected tokens
     * @param distractors [scored positions]: ids of the tokens that the logit difference is taken against; empty if the
     *     task has none
     */
    record Tokens(int[] targets, int[] distractors) implements Answer {
        /**
         * Checks the lengths.
         *
         * @throws IllegalArgumentException if there are no targets, or distractors but not one for each target
         */
        public Tokens {
            if (targets.length == 0 || (distractors.length != 0 && distractors.length != targets.length)) {
                throw new IllegalArgumentException(
                        targets.length + " targets and " + distractors.length + " distractors: not one per position");
            }
        }
    }

    /**
     * Any year after {@code start} in the same century.
     *
     * @param start the last two digits of the start year, 0 to 99
     */
    record LaterThan(int start) implements Answer {}

    /**
     * The value of a Boolean expression.
     *
     * @param value true or false
     */
    record Truth(boolean value) implements Answer {}
}
