package org.edgeprune.engine;

import java.util.Optional;
import org.edgeprune.torch.DType;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.EdgeMix;
import org.edgeprune.torch.Tensor;

/**
 * The mux in front of a group of readers that see the same writers, all tokens under the same masks, with its
 * hand-written backward:
 *
 * <pre>  x_r = base + sum_w z_rw delta_w
 *  dz_rw = &lt;g_r, delta_w&gt;        ddelta_w += sum_r z_rw g_r</pre>
 *
 * <p>Masks that are exactly zero cost nothing and masks that are exactly zero or one get gradient zero, which is the
 * hard concrete's. On CPU in f32 the three products run in fused kernels that skip zeros; elsewhere as dense products.
 *
 * @param masks z of the selected readers {@code [readers, writers]}, zero towards writers that are not live
 */
record EdgeMux(Tensor masks) implements Mux {
    @Override
    public Tensor read(Optional<Tensor> base, Tensor deltas) {
        long readers = masks.size(0);
        long tokens = deltas.size(1);
        long hidden = deltas.size(2);
        if (masks.size(1) == 0) {
            return base.orElseThrow()
                    .unsqueeze(0)
                    .expand(readers, tokens, hidden)
                    .contiguous();
        }
        if (fused(deltas)) {
            Tensor out = Tensor.empty(deltas.dtype(), deltas.device(), readers, tokens, hidden);
            EdgeMix.forward(out, base.orElse(null), masks, deltas);
            return out;
        }
        Tensor mixed = masks.to(deltas.dtype()).matmul(seen(deltas)).view(readers, tokens, hidden);
        return base.map(mixed::add).orElse(mixed);
    }

    @Override
    public void addDeltaGradients(Tensor gradDeltas, Tensor grad) {
        if (masks.size(1) == 0) {
            return;
        }
        if (fused(gradDeltas)) {
            EdgeMix.addStateGradients(gradDeltas, masks, grad);
        } else {
            seen(gradDeltas).addmm_(masks.to(grad.dtype()).t(), grad.view(grad.size(0), -1), 1, 1);
        }
    }

    @Override
    public Tensor maskGradients(Tensor deltas, Tensor grad) {
        if (masks.size(1) == 0) {
            return masks;
        }
        if (fused(deltas)) {
            Tensor gradients = Tensor.empty(masks.dtype(), masks.device(), masks.shape());
            EdgeMix.maskGradients(gradients, masks, grad, deltas);
            return gradients;
        }
        Tensor inside = masks.gt(0).and(masks.lt(1));
        Tensor gradients = grad.view(grad.size(0), -1).matmul(seen(deltas).t()).to(masks.dtype());
        return inside.where(gradients, gradients.mul(0));
    }

    /** Whether the fused kernels compute for deltas in this dtype on this device. */
    static boolean fused(Device device, DType dtype) {
        return device.isCpu() && dtype == DType.F32;
    }

    private static boolean fused(Tensor deltas) {
        return fused(deltas.device(), deltas.dtype());
    }

    /** The deltas of the writers that these readers see, as rows. */
    private Tensor seen(Tensor deltas) {
        return deltas.narrow(0, 0, masks.size(1)).view(masks.size(1), -1);
    }
}
