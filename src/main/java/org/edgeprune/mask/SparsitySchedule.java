package org.edgeprune.mask;

/**
 * The target sparsity over the steps of a run: from {@code start} to {@code target} in {@code warmupSteps}, then
 * constant.
 *
 * @param warmup how it rises
 * @param start target sparsity at step 0
 * @param target target sparsity from step {@code warmupSteps} on
 * @param warmupSteps length of the rise in steps; 0 for none
 */
public record SparsitySchedule(Warmup warmup, double start, double target, int warmupSteps) {
    public enum Warmup {
        /** Equal steps in sparsity. */
        LINEAR,
        /** Equal ratios of density 1 - s: most of the time is spent where few edges are left. */
        LOGARITHMIC
    }

    public SparsitySchedule {
        if (!(start >= 0 && start < 1) || !(target >= 0) || warmupSteps < 0) {
            throw new IllegalArgumentException(
                    "sparsity from " + start + " to " + target + " in " + warmupSteps + " steps");
        }
        if (warmup == Warmup.LOGARITHMIC && target >= 1) {
            throw new IllegalArgumentException("a logarithmic schedule needs a target sparsity below 1, not " + target);
        }
    }

    /** The target at a step, counted from 0. */
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
