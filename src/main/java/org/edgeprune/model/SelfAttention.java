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

    /**
     * Begins a layer's attention; what is not set further is left out.
     *
     * @param norm over the inputs of queries, keys and values
     * @param query projection of queries
     * @param key projection of keys
     * @param value projection of values
     * @return a builder
     */
    public static Builder of(Norm norm, HeadProjection query, HeadProjection key, HeadProjection value) {
        return new Builder(norm, query, key, value);
    }

    /** Sets what is done to projected heads, before and after attention. */
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

        /**
         * Sets the same map of queries and keys: rotary positions.
         *
         * @param map the map
         * @return this
         */
        public Builder headMap(HeadMap map) {
            return headMaps(map, map);
        }

        /**
         * Sets maps of queries and of keys: their own norms, then rotary positions.
         *
         * @param queries the map of queries
         * @param keys the map of keys
         * @return this
         */
        public Builder headMaps(HeadMap queries, HeadMap keys) {
            queryMap = queries;
            keyMap = keys;
            return this;
        }

        /**
         * Sets scores other than causal ones over the whole past, scaled by 1 / sqrt(headDim).
         *
         * @param other the attention
         * @return this
         */
        public Builder scores(DotProductAttention other) {
            scores = other;
            return this;
        }

        /**
         * Sets a factor on what the layer adds to the residual stream, and so on what each of its heads writes.
         *
         * @param factor the factor
         * @return this
         */
        public Builder outputScale(double factor) {
            outputScale = factor;
            return this;
        }

        /**
         * Makes the layer with a norm over what all heads write together, before it is added (Gemma 2).
         *
         * @param p owner of what is made
         * @param output W_O of all heads without a bias, {@code [heads * headDim]} to {@code [hidden]}
         * @param weight weight of the norm, {@code [hidden]}
         * @param eps eps of the norm
         * @return the layer
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

        /**
         * Makes the layer.
         *
         * @param p owner of what is made
         * @param output W_O of all heads, {@code [heads * headDim]} to {@code [hidden]}
         * @return the layer
         */
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

    /**
     * The number of query heads.
     *
     * @return number of heads
     */
    public int heads() {
        return query.heads();
    }

    /**
     * The number of key/value heads.
     *
     * @return number of heads
     */
    public int kvHeads() {
        return key.heads();
    }

    /**
     * Head values before the output projection, where each reader has its own input. Differentiable in the inputs.
     *
     * @param q inputs of the selected heads' queries {@code [heads, tokens, hidden]}, not normalised
     * @param k inputs of their keys {@code [kvHeads, tokens, hidden]}
     * @param v inputs of their values {@code [kvHeads, tokens, hidden]}
     * @param set the selected heads
     * @param batch the tokens
     * @param past keys and values of all heads for the batch's pasts; null if it has none
     * @return {@code [heads, tokens, headDim]}
     */
    public Tensor values(Tensor q, Tensor k, Tensor v, HeadSet set, TokenBatch batch, KeyValues past) {
        Tensor queries = project(query, q, set.heads(), queryMap, batch);
        KeyValues seen = new KeyValues(
                project(key, k, set.kvHeads(), keyMap, batch), project(value, v, set.kvHeads(), HeadMap.NONE, batch));
        boolean allPast = past == null || set.kvHeads().length == kvHeads();
        return attend(queries, seen, allPast ? past : past.heads(set.kvHeads()), set, batch);
    }

    /**
     * The attention weights by which {@link #values} mixes values: the softmax of the scores.
     *
     * @param q inputs of the selected heads' queries {@code [heads, tokens, hidden]}, not normalised
     * @param k inputs of their keys {@code [kvHeads, tokens, hidden]}
     * @param set the selected heads
     * @param batch one prompt without a past
     * @return {@code [heads, tokens, tokens]}: how much each token (rows) attends to each (columns); rows sum to 1
     */
    public Tensor weights(Tensor q, Tensor k, HeadSet set, TokenBatch batch) {
        Tensor queries = project(query, q, set.heads(), queryMap, batch);
        Tensor keys = project(key, k, set.kvHeads(), keyMap, batch);
        int tokens = Math.toIntExact(keys.size(1));
        float[] identity = new float[tokens * tokens];
        for (int i = 0; i < tokens; i++) {
            identity[i * (tokens + 1)] = 1;
        }
        // mixed by the weights, the rows of the identity are the weights
        Tensor rows = Tensor.of(identity, 1, tokens, tokens)
                .to(keys.dtype())
                .to(keys.device())
                .expand(keys.size(0), tokens, tokens)
                .contiguous();
        KeyValues seen = new KeyValues(keys, rows);
        return attention.apply(queries, set.oneToOne() ? seen : seen.heads(set.kvOf()), null, set.heads(), batch);
    }

    /** One at a time: a normalised input is as large as the input, a head's projection of it far smaller. */
    private Tensor project(HeadProjection projection, Tensor x, int[] selected, HeadMap map, TokenBatch batch) {
        try (TensorScope scope = TensorScope.open()) {
            Tensor heads;
            try (TensorScope normalised = TensorScope.open()) {
                heads = normalised.keep(projection.apply(norm.apply(x), selected));
            }
            return scope.keep(map.apply(heads, selected, batch));
        }
    }

    /**
     * Head values of all heads, and the keys and values that they were computed with.
     *
     * @param heads head values before the output projection, {@code [heads, tokens, headDim]}
     * @param keyValues keys and values of the batch's tokens
     */
    public record Shared(Tensor heads, KeyValues keyValues) {}

    /**
     * Head values in the ordinary layer, where every reader has the same residual stream as input.
     *
     * @param residual {@code [tokens, hidden]}
     * @param batch the tokens
     * @param past as for {@link #values}
     * @return values of all heads
     */
    public Shared shared(Tensor residual, TokenBatch batch, KeyValues past) {
        Tensor x = norm.apply(residual);
        HeadSet all = HeadSet.all(heads(), kvHeads());
        KeyValues seen = new KeyValues(keyMap.apply(key.applyShared(x), all.kvHeads(), batch), value.applyShared(x));
        Tensor queries = queryMap.apply(query.applyShared(x), all.heads(), batch);
        return new Shared(attend(queries, seen, past, all, batch), seen);
    }

    /**
     * What all heads together add to the residual stream, including the output bias.
     *
     * @param values head values {@code [heads, tokens, headDim]}
     * @return {@code [tokens, hidden]}
     */
    public Tensor write(Tensor values) {
        Tensor joined = values.transpose(0, 1).reshape(values.size(1), -1);
        Tensor weight = outputWeight.view(-1, outputWeight.size(2));
        return outputBias == null ? joined.matmul(weight) : Tensor.addmm(outputBias, joined, weight);
    }

    /**
     * What each selected head adds to the residual stream, without the output bias.
     *
     * @param values head values {@code [selected, tokens, headDim]}
     * @param selected indices of the heads, ascending
     * @return {@code [selected, tokens, hidden]}
     */
    public Tensor writeEach(Tensor values, int[] selected) {
        Tensor weight = selected.length == heads()
                ? outputWeight
                : outputWeight.indexSelect(0, Index.of(selected, values.device()));
        return values.bmm(weight);
    }

    /**
     * Each head's equal share of the output bias.
     *
     * @return {@code [hidden]}
     */
    public Tensor biasShare() {
        return outputBias.mul(1.0 / heads());
    }

    private Tensor attend(Tensor queries, KeyValues seen, KeyValues past, HeadSet set, TokenBatch batch) {
        boolean single = set.oneToOne();
        try (TensorScope scope = TensorScope.open()) {
            Tensor values = attention.apply(
                    queries,
                    single ? seen : seen.heads(set.kvOf()),
                    single || past == null ? past : past.heads(set.kvOf()),
                    set.heads(),
                    batch);
            Tensor normalised = sumNorm == null ? values : sumNorm.apply(values);
            return scope.keep(outputScale == 1 ? normalised : normalised.mul(outputScale));
        }
    }
}
