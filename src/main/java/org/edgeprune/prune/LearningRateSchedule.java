package org.edgeprune.prune;

/**
 * Linear warm-up from zero, then linear decay to zero, as a factor on every learning rate.
 *
 * @param warmupSteps steps until the factor is one; the first step has factor 0 if there is a warm-up
 * @param totalSteps steps until it is zero again
 */
public record LearningRateSchedule(int warmupSteps, int totalSteps) {
    /**
     * Checks both numbers.
     *
     * @throws IllegalArgumentException if {@code warmupSteps} is negative or {@code totalSteps} less than 1
     */
    public LearningRateSchedule {
        if (warmupSteps < 0 || totalSteps < 1) {
            throw new IllegalArgumentException(warmupSteps + " warm-up steps of " + totalSteps);
        }
    }

    /**
     * The factor at a step.
     *
     * @param step the step, from 0
     * @return step / warmupSteps during the warm-up, then (totalSteps - step) / (totalSteps - warmupSteps); 0 to 1
     */
    public double at(int step) {
        if (step < warmupSteps) {
            return (double) step / warmupSteps;
        }
        return Math.max(0, (double) (totalSteps - step) / Math.max(1, totalSteps - warmupSteps));
    }
}
