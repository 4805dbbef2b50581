package org.edgeprune.model;

import java.util.List;
import org.edgeprune.torch.Index;
import org.edgeprune.torch.Tensor;

/** What is done to queries or keys between their projection and the scores: norms, rotary positions. */
@FunctionalInterface
public interface HeadMap {
    /** The identity. */
    HeadMap NONE = (heads, numbers, batch) -> heads;

    /**
     * Maps heads. Differentiable.
     *
     * @param heads queries or keys of some of a layer's heads, {@code [heads, tokens, headDim]}
     * @param numbers indices of these heads in the layer, ascending
     * @param batch the tokens and their positions
     * @return the mapped heads, in the same shape
     */
    Tensor apply(Tensor heads, int[] numbers, TokenBatch batch);

    /**
     * Rotary positions that turn dimensions i and i + dim / 2.
     *
     * @param config which dimensions and frequencies
     * @param parameters owner of the frequencies
     * @return the map
     */
    static HeadMap rotary(RotaryConfig config, Parameters parameters) {
        return new RotaryEmbedding(config, RotaryPairs.HALVES, parameters);
    }

    /**
     * Rotary positions that turn dimensions 2i and 2i + 1 (GPT-J).
     *
     * @param config which dimensions and frequencies
     * @param parameters owner of the frequencies
     * @return the map
     */
    static HeadMap interleavedRotary(RotaryConfig config, Parameters parameters) {
        return new RotaryEmbedding(config, RotaryPairs.NEIGHBOURS, parameters);
    }

    /**
     * The same norm over the dimensions of each head.
     *
     * @param norm a norm of width headDim
     * @return the map
     */
    static HeadMap eachNorm(Norm norm) {
        return (heads, numbers, batch) -> norm.apply(heads);
    }

    /**
     * For each head a LayerNorm with its own weight, over the head's dimensions (StableLM 2).
     *
     * @param parameters owner of what is made
     * @param weights {@code [headDim]} for each of the layer's heads
     * @param eps the norms' eps
     * @return the map
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
     * {@link Decoder#coupledHeads} must be true.
     *
     * @param norm a norm of width count x headDim
     * @param count heads of the layer
     * @return the map
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

    /**
     * This map, then another.
     *
     * @param next what is done afterwards
     * @return both
     */
    default HeadMap then(HeadMap next) {
        return equals(NONE)
                ? next
                : (heads, numbers, batch) -> next.apply(apply(heads, numbers, batch), numbers, batch);
    }
}
