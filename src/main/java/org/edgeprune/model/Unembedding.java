package org.edgeprune.model;

import org.edgeprune.torch.Tensor;

/** Final norm and unembedding. */
@FunctionalInterface
public interface Unembedding {
    /** {@code [n, hidden]} to {@code [n, outputs]}. */
    Tensor logits(Tensor residual);

    /** words(norm(x)). */
    static Unembedding of(Norm norm, Linear words) {
        return residual -> words.apply(norm.apply(residual));
    }

    /** With a factor on the logits: Granite. */
    default Unembedding scaled(double factor) {
        return factor == 1 ? this : residual -> logits(residual).mul(factor);
    }

    /** With a soft limit of the logits, c tanh(logit / c) (Gemma 2); 0 for no limit. */
    default Unembedding capped(double limit) {
        return limit == 0
                ? this
                : residual -> logits(residual).mul(1 / limit).tanh().mul(limit);
    }
}
