package org.edgeprune.mask;

import java.util.Arrays;
import org.edgeprune.torch.Fused;
import org.edgeprune.torch.Tensor;

/**
 * The hard concrete distribution of Louizos et al., "Learning Sparse Neural Networks through L0 Regularization" (2018),
 * with the constants of the edge pruning paper: temperature beta = 2/3, stretch (gamma, zeta) = (-0.1, 1.1).
 *
 * <p>A mask z in [0,1] with parameter log_alpha = a is sampled from uniform noise u as
 *
 * <pre>  s = sigmoid((ln u - ln(1-u) + a) / beta),   z = min(1, max(0, s (zeta - gamma) + gamma))</pre>
 *
 * so that z is exactly 0 or 1 with positive probability, and differentiable in between.
 *
 * @param eps u lies in [eps, 1 - eps] and P(z = 0) is clamped to it; the published code has 1e-6 for GPT-2 and Tracr,
 *     and 1e-8 for Llama
 */
public record HardConcrete(double eps) {
    /** With the eps of the published GPT-2 and Tracr models, 1e-6. */
    public static final HardConcrete DEFAULT = new HardConcrete(1e-6);

    /** The temperature beta. */
    public static final double BETA = 2.0 / 3.0;
    /** The lower end gamma of the stretched interval. */
    public static final double GAMMA = -0.1;
    /** The upper end zeta of the stretched interval. */
    public static final double ZETA = 1.1;

    /** Slope of the deterministic mask: 0.8 over beta, where 0.8 is the "magical number" of the published code. */
    private static final double DETERMINISTIC_SLOPE = 0.8 / BETA;

    /** beta ln(x / (1-x)) at the stretched position of zero, x = -gamma / (zeta - gamma). */
    private static final double ZERO_LOGIT = BETA * Math.log(-GAMMA / ZETA);

    /**
     * Samples masks; differentiable in {@code logAlpha}.
     *
     * @param logAlpha finite parameters, F32, any shape
     * @param u uniform noise of the same shape
     * @return z in [0,1]
     */
    public Tensor sample(Tensor logAlpha, Tensor u) {
        return logAlpha.device().isCpu() ? fused(logAlpha, u) : operations(logAlpha, u);
    }

    /** The equations, one operation after the other. */
    static Tensor operations(Tensor logAlpha, Tensor u) {
        Tensor logit = u.log().sub(u.neg().add(1).log());
        Tensor s = logit.add(logAlpha).div(BETA).sigmoid();
        return s.mul(ZETA - GAMMA).add(GAMMA).clamp(0, 1);
    }

    /** The same, and its slope, in one pass over memory; autograd then has one product more to go through. */
    private static Tensor fused(Tensor logAlpha, Tensor u) {
        Fused.Sample sample = Fused.hardConcrete(logAlpha.contiguous(), u.contiguous(), BETA, GAMMA, ZETA);
        if (!logAlpha.requiresGrad()) {
            return sample.z();
        }
        // zero, whose derivative is the slope: z stays as it is to the last bit, and autograd knows its gradient
        Tensor line = logAlpha.mul(sample.slope());
        return sample.z().add(line.sub(line.detach()));
    }

    /** The mask z for one value of the noise u. */
    static double mask(double logAlpha, double u) {
        double s = 1 / (1 + Math.exp(-(Math.log(u) - Math.log(1 - u) + logAlpha) / BETA));
        return Math.min(1, Math.max(0, s * (ZETA - GAMMA) + GAMMA));
    }

    /**
     * P(z = 0) = sigmoid(beta ln(-gamma/zeta) - log_alpha), clamped to [eps, 1 - eps].
     *
     * @param logAlpha the parameter
     * @return a probability
     */
    public double probabilityOfZero(double logAlpha) {
        double p = 1 / (1 + Math.exp(logAlpha - ZERO_LOGIT));
        return Math.min(1 - eps, Math.max(eps, p));
    }

    /** The expected number of zeros among the masks with these parameters. */
    double expectedZeros(float[] logAlpha, int from, int to) {
        double sum = 0;
        for (int i = from; i < to; i++) {
            sum += probabilityOfZero(logAlpha[i]);
        }
        return sum;
    }

    /**
     * Deterministic masks of one parameter tensor, as used outside training: soft values sigmoid(0.8 a / beta), of
     * which the round(expected zeros) smallest are set to 0.
     *
     * @return a new array of {@code to - from} masks
     */
    float[] deterministic(float[] logAlpha, int from, int to) {
        float[] soft = new float[to - from];
        for (int i = 0; i < soft.length; i++) {
            soft[i] = (float) (1 / (1 + Math.exp(-DETERMINISTIC_SLOPE * logAlpha[from + i])));
        }
        int zeros = (int) Math.rint(expectedZeros(logAlpha, from, to));
        if (zeros == soft.length) {
            Arrays.fill(soft, 0);
        } else if (zeros > 0) {
            // By log_alpha, not by the soft value: the order is the same and does not saturate at large log_alpha.
            // Equal ones by their place, which is the lower half of a key.
            long[] order = new long[soft.length];
            for (int i = 0; i < order.length; i++) {
                order[i] = (long) ordered(logAlpha[from + i]) << Integer.SIZE | i;
            }
            Arrays.sort(order);
            for (int i = 0; i < zeros; i++) {
                soft[(int) order[i]] = 0;
            }
        }
        return soft;
    }

    /** An int that is smaller than that of another number where {@link Float#compare} says that the number is. */
    private static int ordered(float value) {
        int bits = Float.floatToIntBits(value);
        return bits < 0 ? bits ^ Integer.MAX_VALUE : bits;
    }
}
