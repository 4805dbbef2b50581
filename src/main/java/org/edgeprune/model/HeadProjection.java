package org.edgeprune.model;

import java.util.Optional;
import java.util.function.UnaryOperator;
import org.edgeprune.torch.Index;
import org.edgeprune.torch.Tensor;

/**
 * A linear map into heads: y_h = x_h W_h + b_h, where each head may have its own input.
 *
 * @param map all heads' outputs side by side, {@code [hidden]} to {@code [heads * headDim]}
 * @param heads number of heads
 */
public record HeadProjection(Linear map, int heads) {
    /**
     * Copies one of several projections out of a parameter that contains all of them head by head, as GPT-NeoX and
     * BLOOM store query, key and value.
     *
     * @param p owner of the copy
     * @param joined {@code [hidden]} to {@code [heads * parts * headDim]}
     * @param heads number of heads
     * @param part which of the projections, from 0
     * @param parts how many there are
     * @return the projection
     */
    public static HeadProjection interleaved(Parameters p, Linear joined, int heads, int part, int parts) {
        long width = joined.weight().size(1) / parts;
        UnaryOperator<Tensor> taken = rows ->
                rows.view(heads, parts, -1, rows.size(1)).select(1, part).reshape(width, rows.size(1));
        return new HeadProjection(
                new Linear(
                        p.own(() -> taken.apply(joined.weight().t()).t()),
                        joined.bias()
                                .map(bias -> p.own(
                                        () -> taken.apply(bias.unsqueeze(1)).reshape(width)))),
                heads);
    }

    /**
     * Projects an input that all heads share.
     *
     * @param x {@code [tokens, hidden]}
     * @return {@code [heads, tokens, headDim]}
     */
    public Tensor applyShared(Tensor x) {
        return map.apply(x).view(x.size(0), heads, headDim()).transpose(0, 1);
    }

    /**
     * Projects an input of its own for each selected head.
     *
     * @param x {@code [selected, tokens, hidden]}
     * @param selected indices of the heads, ascending
     * @return {@code [selected, tokens, headDim]}
     */
    public Tensor apply(Tensor x, int[] selected) {
        Tensor w = map.weight().view(map.weight().size(0), heads, headDim()).transpose(0, 1);
        Optional<Tensor> b = map.bias().map(bias -> bias.view(heads, 1, headDim()));
        if (selected.length < heads) {
            Tensor index = Index.of(selected, x.device());
            w = w.indexSelect(0, index);
            b = b.map(bias -> bias.indexSelect(0, index));
        }
        return b.isPresent() ? Tensor.baddbmm(b.get(), x, w) : x.bmm(w);
    }

    /**
     * The width of a head.
     *
     * @return number of dimensions
     */
    public long headDim() {
        return map.weight().size(1) / heads;
    }
}
