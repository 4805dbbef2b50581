package org.edgeprune.model;

import java.util.ArrayList;
import java.util.List;
import org.edgeprune.torch.Tensor;

/**
 * Self-attention of one layer with an input of its own for every head's query, key and value, and every head's output apart.
 *
 * <p>With one shared input it is the ordinary layer. The residual contribution of head h is {@code values_h W_O,h}, and the
 * output bias belongs to the layer (the reference gives each head an equal share of it).
 *
 * @param norm applied to each reader's input
 * @param query {@code [hidden, heads * headDim]}
 * @param key {@code [hidden, kvHeads * headDim]}
 * @param value {@code [hidden, kvHeads * headDim]}
 * @param outputWeight W_O by head, {@code [heads, headDim, hidden]}
 * @param outputBias {@code [hidden]} or null
 * @param scale of the scores before softmax
 * @param causal whether a position sees only itself and earlier ones
 */
public record SelfAttention(
        Norm norm,
        HeadProjection query,
        HeadProjection key,
        HeadProjection value,
        Tensor outputWeight,
        Tensor outputBias,
        double scale,
        boolean causal) {

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
     * @return {@code [heads, tokens, headDim]}
     */
    public Tensor values(Tensor q, Tensor k, Tensor v, HeadSet set, TokenBatch batch) {
        return attend(
                query.apply(norm.apply(q), set.heads()),
                key.apply(norm.apply(k), set.kvHeads()),
                value.apply(norm.apply(v), set.kvHeads()),
                set,
                batch);
    }

    /** Head values of all heads, every reader seeing the same residual stream {@code [tokens, hidden]}. */
    public Tensor sharedValues(Tensor residual, TokenBatch batch) {
        Tensor x = norm.apply(residual);
        return attend(
                query.applyShared(x),
                key.applyShared(x),
                value.applyShared(x),
                HeadSet.all(heads(), kvHeads()),
                batch);
    }

    /** What all heads together add to the residual stream: {@code [heads, tokens, headDim]} to {@code [tokens, hidden]}. */
    public Tensor write(Tensor values) {
        Tensor joined = values.transpose(0, 1).reshape(values.size(1), -1);
        Tensor weight = outputWeight.view(-1, outputWeight.size(2));
        return outputBias == null ? joined.matmul(weight) : Tensor.addmm(outputBias, joined, weight);
    }

    /** What each selected head adds, without bias: {@code [selected, tokens, headDim]} to {@code [selected, tokens, hidden]}. */
    public Tensor writeEach(Tensor values, int[] selected) {
        Tensor weight = selected.length == heads()
                ? outputWeight
                : outputWeight.indexSelect(0, HeadProjection.index(selected, values));
        return values.bmm(weight);
    }

    private Tensor attend(Tensor q, Tensor k, Tensor v, HeadSet set, TokenBatch batch) {
        if (!set.oneToOne()) {
            Tensor index = HeadProjection.index(set.kvOf(), q);
            k = k.indexSelect(0, index);
            v = v.indexSelect(0, index);
        }
        List<TokenBatch.Run> runs = batch.runs();
        if (runs.size() == 1) {
            return attendRun(q, k, v, runs.get(0));
        }
        long[] sizes = runs.stream().mapToLong(TokenBatch.Run::tokens).toArray();
        List<Tensor> qs = q.split(1, sizes);
        List<Tensor> ks = k.split(1, sizes);
        List<Tensor> vs = v.split(1, sizes);
        List<Tensor> outputs = new ArrayList<>();
        for (int i = 0; i < runs.size(); i++) {
            outputs.add(attendRun(qs.get(i), ks.get(i), vs.get(i), runs.get(i)));
        }
        return Tensor.cat(1, outputs);
    }

    /** q, k, v: {@code [heads, rows * length, headDim]}. */
    private Tensor attendRun(Tensor q, Tensor k, Tensor v, TokenBatch.Run run) {
        Tensor out = Tensor.attention(byRow(q, run), byRow(k, run), byRow(v, run), null, causal, scale);
        return out.reshape(q.size(0), run.tokens(), -1);
    }

    private static Tensor byRow(Tensor x, TokenBatch.Run run) {
        return x.reshape(x.size(0), run.rows(), run.length(), x.size(2));
    }
}
