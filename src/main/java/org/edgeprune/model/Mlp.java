package org.edgeprune.model;

import org.edgeprune.torch.Tensor;

/** The MLP of one layer, its norm included. */
@FunctionalInterface
public interface Mlp {
    /** {@code [tokens, hidden]} residual stream to what the MLP adds to it, {@code [tokens, hidden]}. */
    Tensor apply(Tensor residual);
}
