package org.edgeprune.mask;

/**
 * The target sparsity at each step of a run: from {@code start} to {@code target} in {@code warmupSteps} steps, then
 * constant.
 *
 * @param warmup how it rises
 * @param start target sparsity at step 0, below 1
 * @param target target sparsity from step {@code warmupSteps} on, at most {@value #MOST}
 * @param warmupSteps length of the rise in steps; 0 for none
 */
public record SparsitySchedule(Warmup warmup, double start, double target, int warmupSteps) {
    /** How a target rises over progress p = step / warmupSteps. */
    public enum Warmup {
        /** {@code start + (target - start) p}: equal steps in sparsity. */
        LINEAR,
        /**
         * {@code 1 - (1 - start) ((1 - target) / (1 - start))^p}: equal ratios of density, so most of the time is spent
         * where few edges are left.
         */
        LOGARITHMIC
    }

    /**
     * The highest target. The published sweeps go up to 1.4: a target above 1 cannot be reached, but presses harder.
     */
    public static final double MOST = 1.5;

    /**
     * Checks the ranges.
     *
     * @throws IllegalArgumentException if a value is outside its range
     */
    public SparsitySchedule {
        requireShare(start);
        requireShare(target);
        if (start >= 1) {
            throw new IllegalArgumentException("a start of " + start + ": it must be below 1");
        }
        if (warmupSteps < 0) {
            throw new IllegalArgumentException("a warm-up of " + warmupSteps + " steps: it must not be negative");
        }
        if (warmup == Warmup.LOGARITHMIC && target >= 1) {
            throw new IllegalArgumentException("a logarithmic schedule needs a target sparsity below 1, not " + target);
        }
    }

    private static void requireShare(double sparsity) {
        if (sparsity > MOST && sparsity <= 100) {
            throw new IllegalArgumentException(
                    sparsity + " is no share: 95% is written 0.95, and targets end at " + MOST);
        }
        if (!(sparsity >= 0 && sparsity <= MOST)) {
            throw new IllegalArgumentException(
                    sparsity + " is no share: it must be from 0 to " + MOST + ", such as 0.95");
        }
    }

    /**
     * The same from its target on.
     *
     * @return a schedule whose target does not rise
     */
    public SparsitySchedule atTarget() {
        return new SparsitySchedule(warmup, target, target, warmupSteps);
    }

    /**
     * The first step at which the target is as high as it gets.
     *
     * @return {@code warmupSteps}, or 0 where it does not rise
     */
    public int risen() {
        return start == target ? 0 : warmupSteps;
    }

    /**
     * The target at a step.
     *
     * @param step the step, from 0
     * @return a sparsity, 0 to {@value #MOST}
     */
    public double at(int step) {
        if (step >= warmupSteps) {
            return target;
        }
        double progress = (double) step / warmupSteps;
        return switch (warmup) {
            case LINEAR -> start + (target - start) * progress;
            case LOGARITHMIC -> 1 - (1 - start) * Math.pow((1 - target) / (1 - start), progress);
        };
    }
}
