package org.edgeprune.prune;

import java.util.List;
import org.edgeprune.torch.GradMode;
import org.edgeprune.torch.Tensor;
import org.edgeprune.torch.TensorScope;

/** Clipping by global norm, as {@code torch.nn.utils.clip_grad_norm_}. */
public final class GradientClipping {
    private GradientClipping() {}

    /**
     * Scales all gradients by min(1, maxNorm / (norm + 1e-6)), in place.
     *
     * @param gradients gradients of all parameters
     * @param maxNorm the largest global norm allowed; 0 for no clipping
     * @return the global L2 norm before clipping
     */
    public static double clip(List<Tensor> gradients, double maxNorm) {
        try (GradMode _ = GradMode.disabled();
                TensorScope _ = TensorScope.open()) {
            double squares = 0;
            // together: each read of a device waits for it
            for (float square : Tensor.stack(
                            0, gradients.stream().map(g -> g.square().sum()).toList())
                    .toFloats()) {
                squares += square;
            }
            double norm = Math.sqrt(squares);
            if (maxNorm > 0 && norm + 1e-6 > maxNorm) {
                gradients.forEach(g -> g.mul_(maxNorm / (norm + 1e-6)));
            }
            return norm;
        }
    }
}
