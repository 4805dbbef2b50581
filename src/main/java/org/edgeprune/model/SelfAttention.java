package org.edgeprune.model;

import java.util.Optional;
import org.edgeprune.torch.Index;
import org.edgeprune.torch.Tensor;
import org.edgeprune.torch.TensorScope;

/**
 * Self-attention of one layer with an input of its own for every head's query, key and value, and every head's output
 * apart.
 *
 * <p>With one shared input it is the ordinary layer. The residual contribution of head h is {@code values_h W_O,h}, and
 * the output bias belongs to the layer (the reference gives each head an equal share of it).
 *
 * @param norm applied to each reader's input
 * @param query {@code [hidden, heads * headDim]}
 * @param key {@code [hidden, kvHeads * headDim]}
 * @param value {@code [hidden, kvHeads * headDim]}
 * @param queryMap applied to each head's query
 * @param keyMap applied to each head's key
 * @param attention scores and their use
 * @param outputWeight W_O by head, {@code [heads, headDim, hidden]}
 * @param outputBias {@code [hidden]} or null
 * @param sumNorm a norm of the sum of all heads' outputs; null for none
 * @param outputScale factor on what every head writes (Granite), already in {@code outputBias}
 */
public record SelfAttention(
        Norm norm,
        HeadProjection query,
        HeadProjection key,
        HeadProjection value,
        HeadMap queryMap,
        HeadMap keyMap,
        DotProductAttention attention,
        Tensor outputWeight,
        Tensor outputBias,
        HeadSumNorm sumNorm,
        double outputScale) {

    /** Attention whose readers' inputs are normalised and projected like this; what is not said further is left out. */
    public static Builder of(Norm norm, HeadProjection query, HeadProjection key, HeadProjection value) {
        return new Builder(norm, query, key, value);
    }

    /** What is done to projected heads, before and after attention. */
    public static final class Builder {
        private final Norm norm;
        private final HeadProjection query;
        private final HeadProjection key;
        private final HeadProjection value;
        private HeadMap queryMap = HeadMap.NONE;
        private HeadMap keyMap = HeadMap.NONE;
        private DotProductAttention scores;
        private HeadSumNorm sumNorm;
        private double outputScale = 1;

        private Builder(Norm norm, HeadProjection query, HeadProjection key, HeadProjection value) {
            this.norm = norm;
            this.query = query;
            this.key = key;
            this.value = value;
            this.scores = DotProductAttention.causal(1 / Math.sqrt((double) query.headDim()));
        }

        /** The same map of queries and keys: rotary positions. */
        public Builder headMap(HeadMap map) {
            return headMaps(map, map);
        }

        /** Maps of queries and of keys: norms of their own, then rotary positions. */
        public Builder headMaps(HeadMap queries, HeadMap keys) {
            queryMap = queries;
            keyMap = keys;
            return this;
        }

        /** Other scores than causal ones over the whole past, scaled by 1 / sqrt(headDim). */
        public Builder scores(DotProductAttention other) {
            scores = other;
            return this;
        }

        /** A factor on what the layer adds to the residual stream, so also on what each of its heads writes. */
        public Builder outputScale(double factor) {
            outputScale = factor;
            return this;
        }

        /**
         * The layer, with what all heads write together normalised before it is added.
         *
         * @param output without a bias, {@code [heads * headDim]} to {@code [hidden]}
         * @param weight of the norm, {@code [hidden]}
         */
        public SelfAttention normalised(Parameters p, Linear output, Tensor weight, double eps) {
            if (output.bias().isPresent()) {
                throw new IllegalArgumentException(
                        "an output bias is not supported where the sum of heads is normalised");
            }
            sumNorm = new HeadSumNorm(output.weight(), eps);
            Tensor scaled = p.own(() -> output.weight().mul(weight));
            return output(p, new Linear(scaled, Optional.empty()));
        }

        /** @param output W_O of all heads, {@code [heads * headDim]} to {@code [hidden]} */
        public SelfAttention output(Parameters p, Linear output) {
            Tensor joined = output.weight();
            Tensor byHead = p.own(() -> joined.view(query.heads(), query.headDim(), joined.size(1)));
            return new SelfAttention(
                    norm,
                    query,
                    key,
                    value,
                    queryMap,
                    keyMap,
                    scores,
                    byHead,
                    output.bias()
                            .map(b -> outputScale == 1 ? b : p.own(() -> b.mul(outputScale)))
                            .orElse(null),
                    sumNorm,
                    outputScale);
        }
    }

    public int heads() {
        return query.heads();
    }

    public int kvHeads() {
        return key.heads();
    }

    /**
     * Head values before the output projection, each reader with its own input.
     *
     * @param q inputs of the selected heads' queries {@code [heads, tokens, hidden]}, not normalised
     * @param k inputs of their keys {@code [kvHeads, tokens, hidden]}
     * @param v inputs of their values {@code [kvHeads, tokens, hidden]}
     * @param past all heads' keys and values of the batch's pasts; null where it has none
     * @return {@code [heads, tokens, headDim]}
     */
    public Tensor values(Tensor q, Tensor k, Tensor v, HeadSet set, TokenBatch batch, KeyValues past) {
        Tensor queries = queryMap.apply(project(query, q, set.heads()), set.heads(), batch);
        KeyValues seen = new KeyValues(
                keyMap.apply(project(key, k, set.kvHeads()), set.kvHeads(), batch), project(value, v, set.kvHeads()));
        boolean allPast = past == null || set.kvHeads().length == kvHeads();
        return attend(queries, seen, allPast ? past : past.heads(set.kvHeads()), set, batch);
    }

    /** One at a time: a normalised input is as large as the input, a head's projection of it far smaller. */
    private Tensor project(HeadProjection projection, Tensor x, int[] selected) {
        try (TensorScope scope = TensorScope.open()) {
            return scope.keep(projection.apply(norm.apply(x), selected));
        }
    }

    /**
     * Head values of all heads, and the keys and values behind them.
     *
     * @param heads {@code [heads, tokens, headDim]}
     */
    public record Shared(Tensor heads, KeyValues keyValues) {}

    /**
     * The ordinary layer: every reader sees the same residual stream.
     *
     * @param residual {@code [tokens, hidden]}
     * @param past as for {@link #values}
     */
    public Shared shared(Tensor residual, TokenBatch batch, KeyValues past) {
        Tensor x = norm.apply(residual);
        HeadSet all = HeadSet.all(heads(), kvHeads());
        KeyValues seen = new KeyValues(keyMap.apply(key.applyShared(x), all.kvHeads(), batch), value.applyShared(x));
        Tensor queries = queryMap.apply(query.applyShared(x), all.heads(), batch);
        return new Shared(attend(queries, seen, past, all, batch), seen);
    }

    /**
     * What all heads together add to the residual stream: {@code [heads, tokens, headDim]} to {@code [tokens, hidden]}.
     */
    public Tensor write(Tensor values) {
        Tensor joined = values.transpose(0, 1).reshape(values.size(1), -1);
        Tensor weight = outputWeight.view(-1, outputWeight.size(2));
        return outputBias == null ? joined.matmul(weight) : Tensor.addmm(outputBias, joined, weight);
    }

    /**
     * What each selected head adds, without bias: {@code [selected, tokens, headDim]} to {@code [selected, tokens,
     * hidden]}.
     */
    public Tensor writeEach(Tensor values, int[] selected) {
        Tensor weight = selected.length == heads()
                ? outputWeight
                : outputWeight.indexSelect(0, Index.of(selected, values.device()));
        return values.bmm(weight);
    }

    /** Each head's equal share of the output bias, {@code [hidden]}. */
    public Tensor biasShare() {
        return outputBias.mul(1.0 / heads());
    }

    private Tensor attend(Tensor queries, KeyValues seen, KeyValues past, HeadSet set, TokenBatch batch) {
        boolean single = set.oneToOne();
        Tensor values = attention.apply(
                queries,
                single ? seen : seen.heads(set.kvOf()),
                single || past == null ? past : past.heads(set.kvOf()),
                set.heads(),
                batch);
        Tensor normalised = sumNorm == null ? values : sumNorm.apply(values);
        return outputScale == 1 ? normalised : normalised.mul(outputScale);
    }
}
