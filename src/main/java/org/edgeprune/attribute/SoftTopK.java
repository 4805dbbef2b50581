package org.edgeprune.attribute;

import org.edgeprune.torch.DType;
import org.edgeprune.torch.Tensor;
import org.edgeprune.torch.TensorScope;

/**
 * Masks that are close to one for the k largest of n scores and sum to k, with their derivative (Matryoshka
 * attribution, Arora et al. 2026):
 *
 * <pre>  m_i = sigmoid((s_i - tau) / T)  with tau such that sum_i m_i = k
 *  dL/ds_j = p_j / T (g_j - sum_i g_i p_i / sum_i p_i)  with p_i = m_i (1 - m_i), g = dL/dm</pre>
 *
 * <p>The second term is tau's: it moves with every score so that the sum stays k.
 *
 * @param masks m, F32, {@code [n]}; of the scope in which this was made
 * @param slopes p, F64, {@code [n]}
 * @param temperature T
 */
public record SoftTopK(Tensor masks, Tensor slopes, double temperature) {
    /** Halvings of an interval of some hundred temperatures: the rest is below the resolution of F32 masks. */
    private static final int HALVINGS = 45;

    /** Beyond so many temperatures from every score all masks are zero, or all one. */
    private static final double FAR = 40;

    /**
     * Finds the masks.
     *
     * @param scores s, F32, {@code [n]}
     * @param k what the masks shall sum to, above 0 and below n
     * @param temperature T, above 0: how soft the masks are
     * @return the masks, of the current scope
     */
    public static SoftTopK of(Tensor scores, double k, double temperature) {
        long n = scores.elementCount();
        if (!(k > 0 && k < n && temperature > 0)) {
            throw new IllegalArgumentException("the best " + k + " of " + n + " at temperature " + temperature);
        }
        try (TensorScope scope = TensorScope.open()) {
            // On the scores' device throughout: on a GPU the host does not wait for any of the comparisons.
            Tensor scaled = scores.to(DType.F64).div(temperature);
            Tensor low = scaled.amin(0).sub(FAR);
            Tensor high = scaled.amax(0).add(FAR);
            for (int i = 0; i < HALVINGS; i++) {
                try (TensorScope halving = TensorScope.open()) {
                    Tensor middle = low.add(high).mul(0.5);
                    Tensor tooMany = scaled.sub(middle).sigmoid().sum().gt(k);
                    low = halving.keep(tooMany.where(middle, low));
                    high = halving.keep(tooMany.where(high, middle));
                }
            }
            Tensor masks = scaled.sub(low.add(high).mul(0.5)).sigmoid();
            Tensor slopes = masks.mul(masks.neg().add(1));
            return new SoftTopK(scope.keep(masks.to(DType.F32)), scope.keep(slopes), temperature);
        }
    }

    /**
     * Carries a gradient from the masks to the scores.
     *
     * @param toMasks g, {@code [n]}
     * @return dL/ds, F32, {@code [n]}, of the current scope
     */
    public Tensor gradient(Tensor toMasks) {
        try (TensorScope scope = TensorScope.open()) {
            Tensor weighted = toMasks.to(DType.F64).mul(slopes);
            Tensor mean = weighted.sum().div(slopes.sum());
            return scope.keep(
                    weighted.sub(slopes.mul(mean)).mul(1 / temperature).to(DType.F32));
        }
    }
}
