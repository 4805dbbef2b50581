package org.edgeprune.cli;

import java.util.Optional;
import org.edgeprune.mask.SparsitySchedule;
import org.edgeprune.prune.PruneOptions;

/** The warning at the end of a run whose circuit is less sparse than was asked for. */
final class MissedTarget {
    /** What may be missing without a word: a point of sparsity. */
    private static final double TOLERATED = 0.01;

    private MissedTarget() {}

    /**
     * Says why a run missed its target, and what to change.
     *
     * @param options the run's
     * @param reached edge sparsity of the circuit
     * @return one line; empty if the target was reached, is above 1 and cannot be, or edges have no masks
     */
    static Optional<String> warning(PruneOptions options, double reached) {
        SparsitySchedule schedule = options.targets().edgeSparsity();
        double target = schedule.target();
        if (!options.controls().level().edges() || target > 1 || reached >= target - TOLERATED) {
            return Optional.empty();
        }
        int steps = options.training().steps();
        double last = schedule.at(steps);
        String missed =
                "the circuit's edge sparsity is %.3g, not the %s that was asked for: ".formatted(reached, target);
        return Optional.of(missed
                + (last < target - TOLERATED
                        ? "the target rises in %d steps, and had come to %.3g after the run's %d; let it rise faster (--sparsity-warmup-steps) or run longer (--steps)"
                                .formatted(schedule.warmupSteps(), last, steps)
                        : "%d steps were too few at these rates; run longer (--steps), raise the multipliers' rate (--edge-reg-lr, now %s), or let the target rise faster (--sparsity-warmup-steps, now %d)"
                                .formatted(
                                        steps,
                                        options.learningRates().edgeMultiplierLearningRate(),
                                        schedule.warmupSteps())));
    }
}
