package org.edgeprune.eval;

import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.edgeprune.engine.Baseline;
import org.edgeprune.engine.FullModel;
import org.edgeprune.engine.MaskedPass;
import org.edgeprune.io.InputException;
import org.edgeprune.mask.MaskValues;
import org.edgeprune.mask.Masks;
import org.edgeprune.model.TokenBatch;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.task.Metrics;
import org.edgeprune.torch.GradMode;
import org.edgeprune.torch.Tensor;
import org.edgeprune.torch.TensorScope;

/**
 * Greedy generation by a model or by a circuit in it. Every token is a pass over the whole sequence: nothing is kept
 * between tokens.
 *
 * @param model the full model
 * @param masks the circuit; null for the full model
 * @param endTokens after which generation ends
 */
public record Generator(TransformerModel model, MaskValues masks, Set<Integer> endTokens) {
    /**
     * Continues a prompt by the most likely token at each step.
     *
     * @param prompt at least one token
     * @param corrupted a prompt of as many tokens whose states flow along cut edges; it is continued by the same
     *     tokens. Null: cut edges carry nothing (zero ablation). Without effect for the full model
     * @param newTokens how many to generate at most
     * @return the new tokens, an end token included
     * @throws InputException if the model has too few positions, or the prompts differ in length
     */
    public int[] generate(int[] prompt, int[] corrupted, int newTokens) {
        if ((long) prompt.length + newTokens > model.maxPositions()) {
            throw new InputException("a prompt of " + prompt.length + " tokens and " + newTokens
                    + " new ones do not fit into the model's " + model.maxPositions() + " positions: ask for fewer");
        }
        if (corrupted != null && corrupted.length != prompt.length) {
            throw new InputException("the corrupted prompt has " + corrupted.length + " tokens and the prompt "
                    + prompt.length + ": they must have as many");
        }
        int[] clean = prompt.clone();
        int[] other = corrupted == null ? null : corrupted.clone();
        for (int i = 0; i < newTokens; i++) {
            int next = Metrics.argmax(FiniteLogits.require(nextLogits(clean, other)));
            clean = append(clean, next);
            other = other == null ? null : append(other, next);
            if (endTokens.contains(next)) {
                break;
            }
        }
        model.requireUnchanged();
        return Arrays.copyOfRange(clean, prompt.length, clean.length);
    }

    /** Logits of the token after the last, {@code [vocab]}. */
    public float[] nextLogits(int[] clean, int[] corrupted) {
        try (TransformerModel.Use _ = model.use();
                GradMode _ = GradMode.disabled();
                TensorScope _ = TensorScope.open()) {
            TokenBatch batch = batch(clean);
            Tensor last = Tensor.of(new long[] {clean.length - 1}, 1).to(model.device());
            if (masks == null) {
                return FullModel.logits(model, batch, last).toFloats();
            }
            Baseline baseline = corrupted == null ? Baseline.ZERO : Baseline.record(model, batch(corrupted));
            MaskedPass pass = MaskedPass.forward(
                    model, batch, baseline, Masks.of(masks, model.device()), last, MaskedPass.Gradients.NONE);
            return model.logits(pass.finalResidual()).toFloats();
        }
    }

    private TokenBatch batch(int[] tokens) {
        return TokenBatch.of(List.of(tokens), model.device());
    }

    private static int[] append(int[] tokens, int next) {
        int[] longer = Arrays.copyOf(tokens, tokens.length + 1);
        longer[tokens.length] = next;
        return longer;
    }
}
