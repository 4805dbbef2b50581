package org.edgeprune.model;

import org.edgeprune.torch.Tensor;

/** Final norm and unembedding. */
@FunctionalInterface
public interface Unembedding {
    /** {@code [n, hidden]} to {@code [n, outputs]}. */
    Tensor logits(Tensor residual);
}
