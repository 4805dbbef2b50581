package org.edgeprune.eval;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
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
 * Greedy generation by a model or by a circuit in it. There is no key-value cache: every new token costs a forward pass
 * over the whole sequence.
 *
 * @param model the full model
 * @param circuit masks of the circuit; empty for the full model
 * @param ablation what cut edges carry where no corrupted prompt is given: the means of mean ablation, otherwise zero
 * @param endTokens token ids that end the generation
 */
public record Generator(
        TransformerModel model, Optional<MaskValues> circuit, AblationStates ablation, Set<Integer> endTokens) {
    /**
     * A generator whose circuit's cut edges carry zero, unless a corrupted prompt is given.
     *
     * @param model the full model
     * @param circuit masks of the circuit; empty for the full model
     * @param endTokens token ids that end the generation
     */
    public Generator(TransformerModel model, Optional<MaskValues> circuit, Set<Integer> endTokens) {
        this(model, circuit, AblationStates.ZERO, endTokens);
    }

    /**
     * Continues a prompt by the most likely token at each step.
     *
     * @param prompt token ids, at least one
     * @param corrupted token ids of a prompt of the same length, whose states flow along cut edges; it is continued by
     *     the same new tokens. If empty, cut edges carry what {@link #ablation} says. Ignored for the full model
     * @param newTokens the largest number of tokens to generate
     * @return ids of the new tokens, including the end token if one was generated
     * @throws InputException if the model has too few positions, the prompts differ in length, or a logit is not finite
     */
    public int[] generate(int[] prompt, Optional<int[]> corrupted, int newTokens) {
        if ((long) prompt.length + newTokens > model.maxPositions()) {
            throw new InputException("a prompt of " + prompt.length + " tokens and " + newTokens
                    + " new ones do not fit into the model's " + model.maxPositions() + " positions: ask for fewer");
        }
        if (corrupted.isPresent() && corrupted.get().length != prompt.length) {
            throw new InputException("the corrupted prompt has " + corrupted.get().length + " tokens and the prompt "
                    + prompt.length + ": they must have as many");
        }
        if (circuit.isPresent() && corrupted.isEmpty()) {
            ablation.requireFits(prompt.length + newTokens - 1);
        }
        int[] clean = prompt.clone();
        Optional<int[]> other = corrupted;
        for (int i = 0; i < newTokens; i++) {
            int next = Metrics.argmax(FiniteLogits.require(nextLogits(clean, other), "the prompt"));
            clean = append(clean, next);
            other = other.map(tokens -> append(tokens, next));
            if (endTokens.contains(next)) {
                break;
            }
        }
        model.requireUnchanged();
        return Arrays.copyOfRange(clean, prompt.length, clean.length);
    }

    /**
     * Computes the logits of the token that follows a prompt.
     *
     * @param clean token ids of the prompt, at least one
     * @param corrupted as for {@link #generate}
     * @return logits {@code [vocab]} at the last position
     */
    public float[] nextLogits(int[] clean, Optional<int[]> corrupted) {
        try (TransformerModel.Use _ = model.use();
                GradMode _ = GradMode.disabled();
                TensorScope _ = TensorScope.open()) {
            TokenBatch batch = batch(clean);
            Tensor last = Tensor.of(new long[] {clean.length - 1}, 1).to(model.device());
            if (circuit.isEmpty()) {
                return FullModel.logits(model, batch, last).toFloats();
            }
            Baseline baseline = corrupted
                    .<Baseline>map(tokens -> Baseline.record(model, batch(tokens)))
                    .or(() -> ablation.means(batch))
                    .orElse(Baseline.ZERO);
            MaskedPass pass = MaskedPass.forward(
                    model, batch, baseline, Masks.of(circuit.get(), model.device()), last, MaskedPass.Gradients.NONE);
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
