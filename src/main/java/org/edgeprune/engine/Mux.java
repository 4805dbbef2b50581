package org.edgeprune.engine;

import java.util.Optional;
import org.edgeprune.torch.Tensor;

/**
 * What stands in front of a group of readers that see the same writers: it mixes what the writers add by the masks of
 * the edges between them, forward and backward.
 */
sealed interface Mux permits EdgeMux, PositionMux {
    /** The masks, which a step keeps until its backward. */
    Tensor masks();

    /**
     * What the readers see.
     *
     * @param base {@code [tokens, hidden]}; empty for zero
     * @param deltas {@code [writers or more, tokens, hidden]}
     * @return reader inputs {@code [readers, tokens, hidden]}
     */
    Tensor read(Optional<Tensor> base, Tensor deltas);

    /**
     * Adds to the writers' gradients what flows back from the readers.
     *
     * @param gradDeltas {@code [writers or more, tokens, hidden]}, added to
     * @param grad of the reader inputs, {@code [readers, tokens, hidden]}, contiguous
     */
    void addDeltaGradients(Tensor gradDeltas, Tensor grad);

    /**
     * Gradients of the masks, zero where a mask is exactly 0 or 1, which is the hard concrete's.
     *
     * @param deltas {@code [writers or more, tokens, hidden]}
     * @param grad of the reader inputs, {@code [readers, tokens, hidden]}, contiguous
     * @return of the shape of the masks
     */
    Tensor maskGradients(Tensor deltas, Tensor grad);
}
