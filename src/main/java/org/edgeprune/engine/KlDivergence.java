package org.edgeprune.engine;

import org.edgeprune.torch.Tensor;

/** The paper's faithfulness loss: KL(full || masked) over next-token distributions. */
public final class KlDivergence {
    private KlDivergence() {}

    /**
     * {@code sum_s weights_s sum_v p_sv (ln p_sv - ln q_sv)} with p the full model's distribution and q =
     * softmax(logits).
     *
     * @param fullLogProbs ln p, {@code [scored, vocab]}
     * @param logits of the masked model, {@code [scored, vocab]}
     * @param weights of the scored positions, {@code [scored]}
     * @return a scalar, differentiable in {@code logits}
     */
    public static Tensor weighted(Tensor fullLogProbs, Tensor logits, Tensor weights) {
        return each(fullLogProbs, logits).mul(weights).sum();
    }

    /** KL at each scored position, {@code [scored]}. */
    public static Tensor each(Tensor fullLogProbs, Tensor logits) {
        Tensor difference = fullLogProbs.sub(logits.logSoftmax(-1));
        return fullLogProbs.exp().mul(difference).sum(-1);
    }
}
