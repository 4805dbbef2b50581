package org.edgeprune.model;

import org.edgeprune.torch.Tensor;

/** Final norm and unembedding. */
@FunctionalInterface
public interface Unembedding {
    /**
     * Computes logits. Differentiable.
     *
     * @param residual {@code [n, hidden]}
     * @return {@code [n, outputs]}
     */
    Tensor logits(Tensor residual);

    /**
     * words(norm(x)).
     *
     * @param norm the final norm
     * @param words {@code [hidden]} to {@code [outputs]}
     * @return the unembedding
     */
    static Unembedding of(Norm norm, Linear words) {
        return residual -> words.apply(norm.apply(residual));
    }

    /**
     * This with a factor on the logits (Granite).
     *
     * @param factor the factor
     * @return the unembedding
     */
    default Unembedding scaled(double factor) {
        return factor == 1 ? this : residual -> logits(residual).mul(factor);
    }

    /**
     * This with a soft limit of the logits, c tanh(logit / c) (Gemma 2).
     *
     * @param limit the limit c; 0 for none
     * @return the unembedding
     */
    default Unembedding capped(double limit) {
        return limit == 0
                ? this
                : residual -> logits(residual).mul(1 / limit).tanh().mul(limit);
    }
}
