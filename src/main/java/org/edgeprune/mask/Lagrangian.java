package org.edgeprune.mask;

import org.edgeprune.torch.Tensor;

/**
 * The sparsity constraint of the paper, as a Lagrangian that the masks descend and the multipliers ascend:
 *
 * <pre>  loss = lambda_1 (s - t) + lambda_2 (s - t)^2</pre>
 *
 * with s the sparsity of the sampled masks and t its target.
 */
public final class Lagrangian {
    private Lagrangian() {}

    /**
     * The constraint's term of the loss.
     *
     * @param sparsity s, a scalar tensor
     * @param target t
     * @param lambda1 linear multiplier, one element
     * @param lambda2 quadratic multiplier, one element
     * @return the loss, a scalar tensor, differentiable in all but t
     */
    public static Tensor loss(Tensor sparsity, double target, Tensor lambda1, Tensor lambda2) {
        Tensor excess = sparsity.sub(target);
        return lambda1.mul(excess).add(lambda2.mul(excess.square())).sum();
    }
}
