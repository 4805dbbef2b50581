package org.edgeprune.prune;

import com.fasterxml.jackson.annotation.JsonIgnore;
import java.util.Optional;

/**
 * What one step measured, before its update.
 *
 * @param step index of the step, from 0
 * @param loss the sum of KL and of the terms of edges, nodes and neurons
 * @param kl KL(full || masked), nats
 * @param edgeLoss the edge constraint's term
 * @param nodeLoss the node constraint's term; 0 if it is not part of the loss
 * @param edgeSparsity edge sparsity of the sampled masks, 0 to 1
 * @param edgeTarget its target at this step
 * @param nodeSparsity node sparsity of the sampled masks, 0 to 1
 * @param nodeTarget its target at this step
 * @param multipliers the Lagrange multipliers: edges 1 and 2, nodes 1 and 2
 * @param gradNorm global gradient norm before clipping
 * @param learningRateFactor the schedule's factor on all learning rates, 0 to 1
 * @param neurons the neuron constraint, where neurons have masks
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
        double learningRateFactor,
        @JsonIgnore Optional<Neurons> neurons) {
    /**
     * The constraint of the neurons' masks.
     *
     * @param neuronLoss its term
     * @param neuronSparsity neuron sparsity of the sampled masks, 0 to 1
     * @param neuronTarget its target at this step
     */
    public record Neurons(double neuronLoss, double neuronSparsity, double neuronTarget) {}

    /**
     * Whether the run may continue: a NaN or infinity anywhere reaches the loss or the gradient norm.
     *
     * @return whether both are finite
     */
    public boolean sound() {
        return Double.isFinite(loss) && Double.isFinite(gradNorm);
    }
}
