package org.edgeprune.model;

import java.util.List;
import org.edgeprune.torch.Tensor;

/** Where the residual stream begins. */
@FunctionalInterface
public interface Embedding {
    /**
     * What each embedding node adds to the residual stream: one {@code [tokens, hidden]} a name of the graph's
     * embeddings.
     */
    List<Tensor> of(TokenBatch batch);
}
