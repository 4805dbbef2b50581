package org.edgeprune.model;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.edgeprune.torch.DType;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.Tensor;

/**
 * softmax(cap(scale q k^T)) v within each sequence of a batch.
 *
 * @param scale factor on the scores before softmax
 * @param causal whether a position sees only itself and earlier ones
 * @param window number of positions that are seen, including the token's own (sliding window attention); 0 for all.
 *     Only if causal
 * @param scoreCap soft limit of the scores, cap(s) = c tanh(s / c) (Gemma 2); 0 for none
 * @param biasedHeads number of heads of a layer whose scores have linear biases (ALiBi, Press et al. 2022): head h adds
 *     -m_h times the distance; 0 for none. Only if causal and without a limit
 */
public record DotProductAttention(double scale, boolean causal, int window, double scoreCap, int biasedHeads) {
    /**
     * Checks that the options go together.
     *
     * @throws IllegalArgumentException if they do not
     */
    public DotProductAttention {
        if (biasedHeads != 0 && (!causal || scoreCap != 0)) {
            throw new IllegalArgumentException("linear biases are for causal attention without a limit of the scores");
        }
        if (window != 0 && !causal) {
            throw new IllegalArgumentException("a window of " + window + " without causal attention");
        }
    }

    /**
     * Every position sees itself and all earlier ones.
     *
     * @param scale factor on the scores
     * @return the attention
     */
    public static DotProductAttention causal(double scale) {
        return new DotProductAttention(scale, true, 0, 0, 0);
    }

    /**
     * Every position sees every position of its sequence.
     *
     * @param scale factor on the scores
     * @return the attention
     */
    public static DotProductAttention bidirectional(double scale) {
        return new DotProductAttention(scale, false, 0, 0, 0);
    }

    /**
     * The same with a sliding window.
     *
     * @param positions number of positions that are seen; 0 for all
     * @return the attention
     */
    public DotProductAttention withWindow(int positions) {
        return new DotProductAttention(scale, causal, positions, scoreCap, biasedHeads);
    }

    /**
     * The same with a soft limit of the scores.
     *
     * @param cap the limit c; 0 for none
     * @return the attention
     */
    public DotProductAttention withScoreCap(double cap) {
        return new DotProductAttention(scale, causal, window, cap, biasedHeads);
    }

    /**
     * The same with linear biases (ALiBi).
     *
     * @param heads number of query heads of the layer
     * @return the attention
     */
    public DotProductAttention withLinearBiases(int heads) {
        return new DotProductAttention(scale, causal, window, scoreCap, heads);
    }

    /**
     * @param q {@code [heads, tokens, headDim]}
     * @param seen keys and values of the same tokens, one per query head
     * @param past those of the batch's pasts; null where it has none. Only if causal
     * @param heads which of the layer's query heads these are
     * @return {@code [heads, tokens, headDim]}
     */
    Tensor apply(Tensor q, KeyValues seen, KeyValues past, int[] heads, TokenBatch batch) {
        List<TokenBatch.Run> runs = batch.runs();
        if (runs.size() == 1) {
            return apply(q, seen, past, heads, runs.get(0));
        }
        long[] sizes = runs.stream().mapToLong(TokenBatch.Run::tokens).toArray();
        List<Tensor> qs = q.split(1, sizes);
        List<Tensor> ks = seen.keys().split(1, sizes);
        List<Tensor> vs = seen.values().split(1, sizes);
        List<Tensor> outputs = new ArrayList<>();
        for (int i = 0; i < runs.size(); i++) {
            TokenBatch.Run run = runs.get(i);
            KeyValues before = run.past() == 0 ? null : past.tokens(run.firstPast(), run.rows() * run.past());
            outputs.add(apply(qs.get(i), new KeyValues(ks.get(i), vs.get(i)), before, heads, run));
        }
        return Tensor.cat(1, outputs);
    }

    /** q and what is seen: {@code [heads, rows * length, headDim]}; the past: {@code [heads, rows * past, headDim]}. */
    private Tensor apply(Tensor q, KeyValues seen, KeyValues past, int[] heads, TokenBatch.Run run) {
        Tensor queries = byRow(q, run.rows(), run.length());
        Tensor keys = byRow(seen.keys(), run.rows(), run.length());
        Tensor values = byRow(seen.values(), run.rows(), run.length());
        if (past != null) {
            keys = Tensor.cat(2, byRow(past.keys(), run.rows(), run.past()), keys);
            values = Tensor.cat(2, byRow(past.values(), run.rows(), run.past()), values);
        }
        boolean windowed = window > 0 && run.wholeLength() > window;
        // libtorch's own causal mask is for queries and keys of the same tokens
        boolean masked = windowed || (past != null && run.length() > 1);
        Tensor out;
        if (scoreCap > 0) {
            out = capped(queries, keys, values, run);
        } else if (biasedHeads > 0) {
            Tensor biases = biases(run, heads, q.device()).to(q.dtype());
            out = Tensor.attention(queries, keys, values, biases, false, scale);
        } else if (masked) {
            out = Tensor.attention(queries, keys, values, visible(run, q.device()), false, scale);
        } else {
            out = Tensor.attention(queries, keys, values, null, causal && past == null, scale);
        }
        return out.reshape(q.size(0), run.tokens(), -1);
    }

    private Tensor capped(Tensor q, Tensor k, Tensor v, TokenBatch.Run run) {
        Tensor scores = q.matmul(k.transpose(-2, -1)).mul(scale).to(DType.F32);
        Tensor capped = scores.mul(1 / scoreCap).tanh().mul(scoreCap);
        Tensor hidden = visible(run, q.device()).not();
        return capped.maskedFill(hidden, Double.NEGATIVE_INFINITY)
                .softmax(-1)
                .to(v.dtype())
                .matmul(v);
    }

    /**
     * Which tokens of a whole sequence (columns) each token of the batch (rows) sees, {@code [length, past + length]}
     * bool.
     */
    private Tensor visible(TokenBatch.Run run, Device device) {
        Tensor all = Tensor.ones(DType.F32, device, run.length(), run.wholeLength());
        Tensor past = causal ? all.tril(run.past()) : all;
        return (window > 0 ? past.triu(1L + run.past() - window) : past).gt(0);
    }

    /**
     * ALiBi: -m_h times the distance of each token (columns) to the last, which differs from the distance to the token
     * that sees it (rows) by the same number in a row, so the softmax is the same; -infinity for what is not seen. As
     * HuggingFace does. {@code [heads, 1, length, past + length]} F32.
     */
    private Tensor biases(TokenBatch.Run run, int[] heads, Device device) {
        double[] slopes = IntStream.of(heads).mapToDouble(this::slope).toArray();
        Tensor distances = Tensor.arange(1L - run.wholeLength(), 1).to(device).to(DType.F64);
        Tensor hidden = visible(run, device).not();
        return Tensor.of(slopes, slopes.length, 1, 1, 1)
                .to(device)
                .mul(distances)
                .to(DType.F32)
                .expand(slopes.length, 1, run.length(), run.wholeLength())
                .maskedFill(hidden, Double.NEGATIVE_INFINITY);
    }

    /**
     * m_h: with n the largest power of two up to the number of heads, the first n are 2^(-8 (h + 1) / n), and the
     * others every second of those for 2n heads.
     */
    private double slope(int head) {
        int power = Integer.highestOneBit(biasedHeads);
        return head < power
                ? Math.pow(2, -8.0 * (head + 1) / power)
                : Math.pow(2, -8.0 * (2 * (head - power) + 1) / (2.0 * power));
    }

    private static Tensor byRow(Tensor x, int rows, int length) {
        return x.reshape(x.size(0), rows, length, x.size(2));
    }
}
