package org.edgeprune.engine;

import java.util.Optional;
import org.edgeprune.torch.Tensor;

/**
 * The mux in front of a group of readers where every position of the prompt has masks of its own. With p(t) the
 * position of token t:
 *
 * <pre>  x_r[t] = base[t] + sum_w z_p(t)rw delta_w[t]
 *  dz_prw = sum over t with p(t) = p of &lt;g_r[t], delta_w[t]&gt;        ddelta_w[t] += sum_r z_p(t)rw g_r[t]</pre>
 *
 * <p>All three are products of one small matrix for each token, on every device and in every dtype: there is no kernel
 * that skips zeros. Sums over tokens are products, too, whose order does not vary as that of atomic additions would.
 *
 * @param masks z of the selected readers {@code [positions, readers, writers]}, F32, zero towards writers that are not
 *     live
 * @param positions of the tokens, {@code [tokens]}, i64
 */
record PositionMux(Tensor masks, Tensor positions) implements Mux {
    @Override
    public Tensor read(Optional<Tensor> base, Tensor deltas) {
        long readers = masks.size(1);
        if (masks.size(2) == 0) {
            return base.orElseThrow()
                    .unsqueeze(0)
                    .expand(readers, deltas.size(1), deltas.size(2))
                    .contiguous();
        }
        Tensor mixed = ofTokens(deltas).matmul(byToken(deltas)).transpose(0, 1);
        return base.map(mixed::add).orElse(mixed).contiguous();
    }

    @Override
    public void addDeltaGradients(Tensor gradDeltas, Tensor grad) {
        if (masks.size(2) == 0) {
            return;
        }
        Tensor flowing = ofTokens(grad).transpose(1, 2).matmul(grad.transpose(0, 1));
        gradDeltas.narrow(0, 0, masks.size(2)).add_(flowing.transpose(0, 1));
    }

    @Override
    public Tensor maskGradients(Tensor deltas, Tensor grad) {
        if (masks.size(2) == 0) {
            return masks;
        }
        Tensor each = grad.transpose(0, 1).matmul(byToken(deltas).transpose(1, 2));
        Tensor gradients = tokensOfPositions(grad)
                .matmul(each.reshape(each.size(0), -1))
                .view(masks.shape())
                .to(masks.dtype());
        Tensor inside = masks.gt(0).and(masks.lt(1));
        return inside.where(gradients, gradients.mul(0));
    }

    /** The masks of each token, {@code [tokens, readers, writers]}. */
    private Tensor ofTokens(Tensor like) {
        return masks.to(like.dtype()).indexSelect(0, positions);
    }

    /** One where a token is at a position, {@code [positions, tokens]}. */
    private Tensor tokensOfPositions(Tensor like) {
        Tensor all = Tensor.arange(0, masks.size(0)).to(like.device());
        return all.unsqueeze(1).eq(positions.unsqueeze(0)).to(like.dtype());
    }

    /** The deltas of the writers that these readers see, {@code [tokens, writers, hidden]}. */
    private Tensor byToken(Tensor deltas) {
        return deltas.narrow(0, 0, masks.size(2)).transpose(0, 1);
    }
}
