package org.edgeprune.model;

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
        HeadSumNorm sumNorm) {

    /** Attention without positions of its own over all of the sequence, or all of its past. */
    public SelfAttention(
            Norm norm,
            HeadProjection query,
            HeadProjection key,
            HeadProjection value,
            Tensor outputWeight,
            Tensor outputBias,
            double scale,
            boolean causal) {
        this(
                norm,
                query,
                key,
                value,
                HeadMap.NONE,
                HeadMap.NONE,
                new DotProductAttention(scale, causal, 0, 0),
                outputWeight,
                outputBias,
                null);
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
        Tensor queries = queryMap.apply(project(query, q, set.heads()), batch);
        KeyValues seen =
                new KeyValues(keyMap.apply(project(key, k, set.kvHeads()), batch), project(value, v, set.kvHeads()));
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
        KeyValues seen = new KeyValues(keyMap.apply(key.applyShared(x), batch), value.applyShared(x));
        Tensor queries = queryMap.apply(query.applyShared(x), batch);
        return new Shared(attend(queries, seen, past, HeadSet.all(heads(), kvHeads()), batch), seen);
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
                : outputWeight.indexSelect(0, HeadProjection.index(selected, values));
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
                batch);
        return sumNorm == null ? values : sumNorm.apply(values);
    }
}
