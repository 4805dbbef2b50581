package org.edgeprune.model;

import org.edgeprune.torch.Tensor;

/** What becomes of queries or keys between their projection and the scores: norms of single heads, rotary positions. */
@FunctionalInterface
public interface HeadMap {
    /** Nothing. */
    HeadMap NONE = (heads, batch) -> heads;

    /** {@code [heads, tokens, headDim]} to the same shape; every head is treated alike. */
    Tensor apply(Tensor heads, TokenBatch batch);

    /** Rotary positions, whose frequencies live as long as the parameters. */
    static HeadMap rotary(RotaryConfig config, Parameters parameters) {
        return new RotaryEmbedding(config, parameters);
    }

    /** A norm over each head's dimensions, then this. */
    default HeadMap after(Norm norm) {
        return (heads, batch) -> apply(norm.apply(heads), batch);
    }
}
