package org.edgeprune.model;

import org.edgeprune.torch.Tensor;

/** What becomes of queries or keys between their projection and the scores: norms of single heads, rotary positions. */
@FunctionalInterface
public interface HeadMap {
    HeadMap NONE = (heads, batch) -> heads;

    /** {@code [heads, tokens, headDim]} to the same shape; every head is treated alike. */
    Tensor apply(Tensor heads, TokenBatch batch);
}
