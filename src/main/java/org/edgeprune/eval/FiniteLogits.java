package org.edgeprune.eval;

import org.edgeprune.io.InputException;

/** Finds a model that computes no numbers before anything is made of them. */
public final class FiniteLogits {
    private FiniteLogits() {}

    /**
     * The logits.
     *
     * @throws InputException if one of them is NaN or infinite
     */
    public static float[] require(float[] logits) {
        for (float logit : logits) {
            if (!Float.isFinite(logit)) {
                throw new InputException("the model's logits hold " + logit
                        + ": its weights are damaged, or its states are too large for the type that it computes in: try"
                        + " --compute-dtype f32, or export the weights again");
            }
        }
        return logits;
    }
}
