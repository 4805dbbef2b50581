package org.edgeprune.model;

import java.util.List;
import org.edgeprune.torch.Tensor;

/** The start of the residual stream. */
@FunctionalInterface
public interface Embedding {
    /**
     * What each embedding node adds to the residual stream.
     *
     * @param batch the tokens
     * @return one {@code [tokens, hidden]} for each of the graph's embedding nodes, in order
     */
    List<Tensor> of(TokenBatch batch);

    /**
     * One node: the embeddings of the tokens.
     *
     * @param table {@code [vocabulary, hidden]}
     * @return the embedding
     */
    static Embedding tokens(Tensor table) {
        return batch -> List.of(table.indexSelect(0, batch.ids()));
    }

    /**
     * One node: the embeddings of the tokens times a number.
     *
     * @param table {@code [vocabulary, hidden]}
     * @param scale the number
     * @return the embedding
     */
    static Embedding tokens(Tensor table, double scale) {
        return scale == 1
                ? tokens(table)
                : batch -> List.of(table.indexSelect(0, batch.ids()).mul(scale));
    }

    /**
     * One node: the embeddings of the tokens, normalised (BLOOM).
     *
     * @param table {@code [vocabulary, hidden]}
     * @param norm the norm
     * @return the embedding
     */
    static Embedding normalised(Tensor table, Norm norm) {
        return batch -> List.of(norm.apply(table.indexSelect(0, batch.ids())));
    }

    /**
     * Two nodes: the embeddings of the tokens, and those of their positions.
     *
     * @param table {@code [vocabulary, hidden]}
     * @param positions {@code [maxPositions, hidden]}
     * @return the embedding
     */
    static Embedding tokensAndPositions(Tensor table, Tensor positions) {
        return batch -> List.of(table.indexSelect(0, batch.ids()), positions.indexSelect(0, batch.positions()));
    }
}
