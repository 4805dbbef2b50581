package org.edgeprune.model;

import java.util.List;
import org.edgeprune.torch.Index;
import org.edgeprune.torch.Tensor;

/** What becomes of queries or keys between their projection and the scores: norms, rotary positions. */
@FunctionalInterface
public interface HeadMap {
    /** Nothing. */
    HeadMap NONE = (heads, numbers, batch) -> heads;

    /**
     * The mapped heads, in the same shape.
     *
     * @param heads queries or keys of some of a layer's heads, {@code [heads, tokens, headDim]}
     * @param numbers which of the layer's heads these are, ascending
     */
    Tensor apply(Tensor heads, int[] numbers, TokenBatch batch);

    /** Rotary positions, whose frequencies live as long as the parameters. */
    static HeadMap rotary(RotaryConfig config, Parameters parameters) {
        return new RotaryEmbedding(config, RotaryPairs.HALVES, parameters);
    }

    /** Rotary positions of neighbouring dimensions, 2i and 2i + 1 (GPT-J). */
    static HeadMap interleavedRotary(RotaryConfig config, Parameters parameters) {
        return new RotaryEmbedding(config, RotaryPairs.NEIGHBOURS, parameters);
    }

    /** The same norm over the dimensions of each head. */
    static HeadMap eachNorm(Norm norm) {
        return (heads, numbers, batch) -> norm.apply(heads);
    }

    /**
     * Over the dimensions of each head, a LayerNorm with a weight of the head's own (StableLM 2).
     *
     * @param weights {@code [headDim]} for each of the layer's heads
     */
    static HeadMap ownNorms(Parameters parameters, List<Tensor> weights, double eps) {
        Tensor byHead = parameters.own(() -> Tensor.stack(0, weights).unsqueeze(1));
        return (heads, numbers, batch) -> heads.layerNorm(null, null, eps)
                .mul(
                        numbers.length == weights.size()
                                ? byHead
                                : byHead.indexSelect(0, Index.of(numbers, heads.device())));
    }

    /**
     * One norm over the dimensions of all heads of a layer together (OLMo 2). It needs all of them:
     * {@link Decoder#coupledHeads} must say so.
     *
     * @param count heads of the layer
     */
    static HeadMap jointNorm(Norm norm, int count) {
        return (heads, numbers, batch) -> {
            if (numbers.length != count) {
                throw new IllegalArgumentException(
                        "a norm of all " + count + " heads needs all of them, not " + numbers.length);
            }
            Tensor joined = heads.transpose(0, 1).reshape(heads.size(1), -1);
            return norm.apply(joined).view(heads.size(1), count, -1).transpose(0, 1);
        };
    }

    /** This, then another. */
    default HeadMap then(HeadMap next) {
        return equals(NONE)
                ? next
                : (heads, numbers, batch) -> next.apply(apply(heads, numbers, batch), numbers, batch);
    }
}
