package org.edgeprune.torch;

import org.edgeprune.torch.ffi.Shim;

/**
 * What each step of a training does to all masks, in one pass over memory. All operands are contiguous F32 on the CPU
 * and of one number of elements; nothing is recorded for autograd.
 */
public final class Fused {
    private Fused() {}

    /**
     * Samples from the stretched and clamped concrete distribution:
     *
     * <pre>  z = min(1, max(0, s (zeta - gamma) + gamma)),   s = sigmoid((ln u - ln(1-u) + log_alpha) / beta)</pre>
     *
     * @param logAlpha parameters
     * @param u uniform noise
     * @param beta temperature
     * @param gamma lower end of the stretched interval
     * @param zeta upper end of the stretched interval
     * @return masks and their slopes, in the current scope
     */
    public static Sample hardConcrete(Tensor logAlpha, Tensor u, double beta, double gamma, double zeta) {
        Sample sample = new Sample(empty(logAlpha), empty(logAlpha));
        NativeCalls.inPlace(
                "hardConcrete",
                sample.z(),
                sample.slope(),
                logAlpha,
                (z, slope, a) -> Shim.ep_hard_concrete(
                        z, slope, a, NativeCalls.handle("hardConcrete", 4, u), beta, gamma, zeta));
        return sample;
    }

    private static Tensor empty(Tensor like) {
        return Tensor.empty(DType.F32, Device.CPU, like.shape());
    }

    /**
     * Masks that were sampled.
     *
     * @param z the masks, 0 to 1
     * @param slope dz / dlog_alpha; 0 where z is clamped
     */
    public record Sample(Tensor z, Tensor slope) {}

    /**
     * One update of AdamW, in place, where g = factor * gradient:
     *
     * <pre>  m = beta1 m + (1 - beta1) g,   v = beta2 v + (1 - beta2) g^2,
     *   parameter = decay parameter - rate m / (root sqrt(v) + eps)</pre>
     *
     * @param parameter the parameter
     * @param m first moment
     * @param v second moment
     * @param gradient gradient of the parameter
     * @param constants the numbers of the equations
     */
    public static void adamW(Tensor parameter, Tensor m, Tensor v, Tensor gradient, AdamWConstants constants) {
        NativeCalls.inPlace(
                "adamW",
                parameter,
                m,
                v,
                (p, first, second) -> Shim.ep_adamw(
                        p,
                        first,
                        second,
                        NativeCalls.handle("adamW", 4, gradient),
                        constants.factor(),
                        constants.decay(),
                        constants.beta1(),
                        constants.beta2(),
                        constants.rate(),
                        constants.root(),
                        constants.eps()));
    }

    /**
     * The numbers of {@link #adamW}.
     *
     * @param factor multiplies the gradient
     * @param decay multiplies the parameter
     * @param beta1 decay rate of the first moment
     * @param beta2 decay rate of the second moment
     * @param rate learning rate, over 1 - beta1^t
     * @param root 1 / sqrt(1 - beta2^t)
     * @param eps added to the denominator
     */
    public record AdamWConstants(
            double factor, double decay, double beta1, double beta2, double rate, double root, double eps) {}
}
