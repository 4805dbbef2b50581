package org.edgeprune.engine;

import org.edgeprune.torch.DType;
import org.edgeprune.torch.Tensor;

/** Products of readers' gradients with writers' deltas: {@code <g_r, delta_w>} for each edge between them. */
public final class EdgeProducts {
    /** A mask's gradient is left out where the mask is exactly 0 or 1; here no edge is. */
    private static final double NEITHER_ZERO_NOR_ONE = 0.5;

    private EdgeProducts() {}

    /**
     * Each reader's gradient times the delta of each writer that it sees.
     *
     * @param gradients {@code [readers, tokens, hidden]}, contiguous
     * @param deltas {@code [writers or more, tokens, hidden]}, contiguous
     * @param writers how many writers these readers see, the first ones
     * @return {@code [readers, writers]}, F32
     */
    public static Tensor of(Tensor gradients, Tensor deltas, int writers) {
        Tensor masks =
                Tensor.full(NEITHER_ZERO_NOR_ONE, DType.F32, gradients.device(), gradients.size(0), (long) writers);
        return new EdgeMux(masks).maskGradients(deltas, gradients);
    }
}
