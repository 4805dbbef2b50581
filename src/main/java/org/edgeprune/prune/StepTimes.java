package org.edgeprune.prune;

/**
 * Seconds that steps and evaluations take.
 *
 * @param full a step that also runs the full model on its clean and corrupted prompts
 * @param cached a step that reads these runs from memory
 * @param evaluation an evaluation of as many prompts as a step has
 */
public record StepTimes(double full, double cached, double evaluation) {
    static final StepTimes NONE = new StepTimes(0, 0, 0);

    StepTimes plus(StepTimes other) {
        return new StepTimes(full + other.full, cached + other.cached, evaluation + other.evaluation);
    }

    StepTimes times(double factor) {
        return new StepTimes(full * factor, cached * factor, evaluation * factor);
    }

    StepTimes minus(StepTimes other) {
        return plus(other.times(-1));
    }

    /** What lies on the line through this at {@code x1} and another at {@code x2}. */
    StepTimes line(double x1, StepTimes other, double x2, double x) {
        return plus(other.minus(this).times((x - x1) / (x2 - x1)));
    }

    /** None below another: noise does not make a larger model the faster one. */
    StepTimes atLeast(StepTimes least) {
        return new StepTimes(
                Math.max(full, least.full), Math.max(cached, least.cached), Math.max(evaluation, least.evaluation));
    }
}
