package org.edgeprune.engine;

import org.edgeprune.torch.Tensor;

/** The paper's faithfulness loss: KL(full || masked) over next-token distributions. */
public final class KlDivergence {
    private KlDivergence() {}

    /**
     * {@code sum_s weights_s sum_v p_sv (ln p_sv - ln q_sv)}, where p is the full model's distribution and q =
     * softmax(logits).
     *
     * @param fullLogProbs ln p, {@code [rows, columns]}, F32
     * @param logits logits of the masked model, {@code [rows, columns]}, F32
     * @param weights weight of each row, {@code [rows]}
     * @return a scalar in nats, differentiable in {@code logits}
     */
    public static Tensor weighted(Tensor fullLogProbs, Tensor logits, Tensor weights) {
        return each(fullLogProbs, logits).mul(weights).sum();
    }

    /**
     * KL(p || q) of each row: {@code sum_v p_sv (ln p_sv - ln q_sv)}.
     *
     * @param fullLogProbs ln p, {@code [rows, columns]}, F32
     * @param logits logits of the masked model, {@code [rows, columns]}, F32
     * @return {@code [rows]} in nats, differentiable in {@code logits}
     */
    public static Tensor each(Tensor fullLogProbs, Tensor logits) {
        Tensor difference = fullLogProbs.sub(logits.logSoftmax(-1));
        return fullLogProbs.exp().mul(difference).sum(-1);
    }
}
