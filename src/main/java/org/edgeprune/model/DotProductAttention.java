package org.edgeprune.model;

import java.util.ArrayList;
import java.util.List;
import org.edgeprune.torch.DType;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.Tensor;

/**
 * softmax(cap(scale q k^T)) v within each sequence of a batch.
 *
 * @param scale of the scores before softmax
 * @param causal whether a position sees only itself and earlier ones
 * @param window how many positions it sees, itself included (sliding window attention); 0 for all. Only if causal
 * @param scoreCap soft limit of the scores, cap(s) = c tanh(s / c) (Gemma 2); 0 for none
 */
public record DotProductAttention(double scale, boolean causal, int window, double scoreCap) {
    public DotProductAttention {
        if (window != 0 && !causal) {
            throw new IllegalArgumentException("a window of " + window + " without causal attention");
        }
    }

    /**
     * @param q {@code [heads, tokens, headDim]}
     * @param k the same, one a query head
     * @param v the same
     * @return {@code [heads, tokens, headDim]}
     */
    Tensor apply(Tensor q, Tensor k, Tensor v, TokenBatch batch) {
        List<TokenBatch.Run> runs = batch.runs();
        if (runs.size() == 1) {
            return apply(q, k, v, runs.get(0));
        }
        long[] sizes = runs.stream().mapToLong(TokenBatch.Run::tokens).toArray();
        List<Tensor> qs = q.split(1, sizes);
        List<Tensor> ks = k.split(1, sizes);
        List<Tensor> vs = v.split(1, sizes);
        List<Tensor> outputs = new ArrayList<>();
        for (int i = 0; i < runs.size(); i++) {
            outputs.add(apply(qs.get(i), ks.get(i), vs.get(i), runs.get(i)));
        }
        return Tensor.cat(1, outputs);
    }

    /** q, k, v: {@code [heads, rows * length, headDim]}. */
    private Tensor apply(Tensor q, Tensor k, Tensor v, TokenBatch.Run run) {
        boolean windowed = window > 0 && run.length() > window;
        Tensor out;
        if (scoreCap > 0) {
            out = capped(byRow(q, run), byRow(k, run), byRow(v, run), run.length());
        } else {
            Tensor mask = windowed ? visible(run.length(), q.device()) : null;
            out = Tensor.attention(byRow(q, run), byRow(k, run), byRow(v, run), mask, causal && !windowed, scale);
        }
        return out.reshape(q.size(0), run.tokens(), -1);
    }

    private Tensor capped(Tensor q, Tensor k, Tensor v, int length) {
        Tensor scores = q.matmul(k.transpose(-2, -1)).mul(scale).to(DType.F32);
        Tensor capped = scores.mul(1 / scoreCap).tanh().mul(scoreCap);
        Tensor hidden = visible(length, q.device()).not();
        return capped.maskedFill(hidden, Double.NEGATIVE_INFINITY).softmax(-1).to(v.dtype()).matmul(v);
    }

    /** Which positions (columns) each position (rows) sees, {@code [length, length]} bool. */
    private Tensor visible(int length, Device device) {
        Tensor all = Tensor.ones(DType.F32, device, length, length);
        Tensor past = causal ? all.tril(0) : all;
        return (window > 0 ? past.triu(1L - window) : past).gt(0);
    }

    private static Tensor byRow(Tensor x, TokenBatch.Run run) {
        return x.reshape(x.size(0), run.rows(), run.length(), x.size(2));
    }
}
