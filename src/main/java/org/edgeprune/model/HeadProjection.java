package org.edgeprune.model;

import java.util.Optional;
import java.util.function.UnaryOperator;
import org.edgeprune.torch.Index;
import org.edgeprune.torch.Tensor;

/**
 * A linear map into heads: y_h = x_h W_h + b_h, where each head may have an input of its own.
 *
 * @param map all heads' outputs side by side, {@code [hidden]} to {@code [heads * headDim]}
 * @param heads number of heads
 */
public record HeadProjection(Linear map, int heads) {
    /**
     * One of several projections whose outputs lie together head by head in one parameter, as GPT-NeoX and BLOOM store
     * query, key and value: a copy takes it out.
     *
     * @param joined {@code [hidden]} to {@code [heads * parts * headDim]}
     * @param heads number of heads
     * @param part which of the projections, from 0
     * @param parts how many there are
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

    /** All heads read the same input: {@code [tokens, hidden]} to {@code [heads, tokens, headDim]}. */
    public Tensor applyShared(Tensor x) {
        return map.apply(x).view(x.size(0), heads, headDim()).transpose(0, 1);
    }

    /**
     * Each selected head reads its own input.
     *
     * @param x {@code [selected, tokens, hidden]}
     * @param selected head numbers, ascending
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

    /** Dimensions of a head. */
    public long headDim() {
        return map.weight().size(1) / heads;
    }
}
