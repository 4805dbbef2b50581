package org.edgeprune.prune;

import org.edgeprune.mask.SparsitySchedule;

/**
 * How far the sparsity of the sampled masks may be from its target.
 *
 * <p>The Lagrange multipliers need steps to grow, so in a short run the masks follow the target late, or never; and
 * once they have grown, masks overshoot it. Here masks may be off by five points of sparsity at the first step and by
 * half a point from the end of the target's warm-up on; beyond that, one number is added to all log_alphas before the
 * step. Their order is that of training, and the multipliers go on growing as long as the masks are behind the target.
 *
 * @param target the target at each step
 */
record TargetHold(SparsitySchedule target) {
    private static final double FIRST = 0.05;
    private static final double LAST = 0.005;

    /** The least sparsity of a step's masks; a target above 1 cannot be reached, and one mask in 200 may stay. */
    double least(int step) {
        return Math.max(0, Math.min(1, target.at(step)) - tolerance(step));
    }

    /** The highest sparsity of a step's masks. */
    double most(int step) {
        return Math.min(1, target.at(step) + tolerance(step));
    }

    private double tolerance(int step) {
        double progress = step >= target.warmupSteps() ? 1 : (double) step / target.warmupSteps();
        return FIRST + (LAST - FIRST) * progress;
    }
}
