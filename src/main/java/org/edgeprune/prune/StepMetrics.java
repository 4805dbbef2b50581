package org.edgeprune.prune;

/**
 * What one step measured, before its update.
 *
 * @param step from 0
 * @param loss the sum of the three terms
 * @param kl KL(full || masked), nats
 * @param edgeLoss the edge constraint's term
 * @param nodeLoss the node constraint's term, 0 where it is not part of the loss
 * @param edgeSparsity of the sampled masks
 * @param edgeTarget the target at this step
 * @param nodeSparsity of the sampled masks
 * @param nodeTarget the target at this step
 * @param multipliers edges 1 and 2, nodes 1 and 2
 * @param gradNorm global gradient norm before clipping
 * @param learningRateFactor the schedule's factor on all learning rates
 */
public record StepMetrics(
        int step,
        double loss,
        double kl,
        double edgeLoss,
        double nodeLoss,
        double edgeSparsity,
        double edgeTarget,
        double nodeSparsity,
        double nodeTarget,
        float[] multipliers,
        double gradNorm,
        double learningRateFactor) {

    /** Whether the step is sound: a NaN or infinity anywhere means that the run has diverged. */
    public boolean sound() {
        return Double.isFinite(loss) && Double.isFinite(gradNorm);
    }
}
