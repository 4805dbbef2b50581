package org.edgeprune.model;

import org.edgeprune.torch.DType;
import org.edgeprune.torch.Tensor;

/**
 * RMSNorm of what a layer's heads write together (Gemma 2), split among them.
 *
 * <p>With S = sum_h v_h W_h the layer adds w S / rms(S) = sum_h (v_h / rms(S)) (W_h w): still a sum over heads, in
 * which each head writes its own values, all divided by one number per token. That number depends on every head of the
 * layer, including those that a circuit leaves out: what they write is cut, but their part in the norm is not. Norm
 * weights w are part of the output weights.
 *
 * @param weight W without w, {@code [heads * headDim, hidden]}
 * @param eps of the norm
 */
public record HeadSumNorm(Tensor weight, double eps) {
    /** Values of all heads {@code [heads, tokens, headDim]}, divided by the root mean square of their sum's output. */
    Tensor apply(Tensor values) {
        long width = values.size(0) * values.size(2);
        if (width != weight.size(0)) {
            throw new IllegalArgumentException("a norm of all heads needs all heads, not " + values.size(0));
        }
        Tensor sum = values.transpose(0, 1)
                .reshape(values.size(1), width)
                .matmul(weight)
                .to(DType.F32);
        return values.mul(sum.square().meanKeep(-1).add(eps).rsqrt().to(values.dtype()));
    }
}
