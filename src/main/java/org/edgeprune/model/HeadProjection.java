package org.edgeprune.model;

import java.util.Arrays;
import org.edgeprune.torch.Tensor;

/**
 * A linear map into heads: y_h = x_h W_h + b_h, where each head may have an input of its own.
 *
 * @param weight all heads' columns side by side, {@code [hidden, heads * headDim]}
 * @param bias {@code [heads * headDim]} or null
 * @param heads number of heads
 */
public record HeadProjection(Tensor weight, Tensor bias, int heads) {
    /** All heads read the same input: {@code [tokens, hidden]} to {@code [heads, tokens, headDim]}. */
    public Tensor applyShared(Tensor x) {
        Tensor y = bias == null ? x.matmul(weight) : Tensor.addmm(bias, x, weight);
        return y.view(x.size(0), heads, headDim()).transpose(0, 1);
    }

    /**
     * Each selected head reads its own input.
     *
     * @param x {@code [selected, tokens, hidden]}
     * @param selected head numbers, ascending
     * @return {@code [selected, tokens, headDim]}
     */
    public Tensor apply(Tensor x, int[] selected) {
        Tensor w = weight.view(weight.size(0), heads, headDim()).transpose(0, 1);
        Tensor b = bias == null ? null : bias.view(heads, 1, headDim());
        if (selected.length < heads) {
            Tensor index = index(selected, x);
            w = w.indexSelect(0, index);
            b = b == null ? null : b.indexSelect(0, index);
        }
        return b == null ? x.bmm(w) : Tensor.baddbmm(b, x, w);
    }

    public long headDim() {
        return weight.size(1) / heads;
    }

    static Tensor index(int[] selected, Tensor like) {
        return Tensor.of(Arrays.stream(selected).asLongStream().toArray(), selected.length)
                .to(like.device());
    }
}
