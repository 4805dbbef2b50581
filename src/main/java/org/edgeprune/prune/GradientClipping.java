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
        double norm;
        try (TensorScope _ = TensorScope.open()) {
            norm = norm(squares(gradients).toDoubles());
        }
        double scale = scale(norm, maxNorm);
        if (scale < 1) {
            try (GradMode _ = GradMode.disabled()) {
                gradients.forEach(g -> g.mul_(scale));
            }
        }
        return norm;
    }

    /** The squared norm of each gradient, {@code [gradients]} F32. */
    static Tensor squares(List<Tensor> gradients) {
        try (GradMode _ = GradMode.disabled();
                TensorScope scope = TensorScope.open()) {
            // together: each read of a device waits for it
            return scope.keep(Tensor.stack(
                    0, gradients.stream().map(g -> g.square().sum()).toList()));
        }
    }

    /** The global norm, from the squared norm of each gradient. */
    static double norm(double[] squares) {
        double sum = 0;
        for (double square : squares) {
            sum += square;
        }
        return Math.sqrt(sum);
    }

    /**
     * What {@link #clip} multiplies all gradients by.
     *
     * @param norm their global norm
     * @param maxNorm the largest global norm allowed; 0 for no clipping
     * @return min(1, maxNorm / (norm + 1e-6))
     */
    static double scale(double norm, double maxNorm) {
        return maxNorm > 0 ? Math.min(1, maxNorm / (norm + 1e-6)) : 1;
    }
}
