package org.edgeprune.model;

import org.edgeprune.torch.Tensor;

/** The MLP of one layer, including its norm. */
@FunctionalInterface
public interface Mlp {
    /**
     * What the MLP adds to the residual stream. Differentiable.
     *
     * @param residual {@code [tokens, hidden]}
     * @return {@code [tokens, hidden]}
     */
    Tensor apply(Tensor residual);

    /**
     * down(act(up(norm(x)))): GPT-2.
     *
     * @param norm over the residual stream
     * @param up {@code [hidden]} to {@code [inner]}
     * @param activation the activation function
     * @param down {@code [inner]} to {@code [hidden]}
     * @return the MLP
     */
    static Mlp plain(Norm norm, Linear up, Activation activation, Linear down) {
        return residual -> down.apply(activation.apply(up.apply(norm.apply(residual))));
    }

    /**
     * down(act(gate(norm(x))) * up(norm(x))): Llama.
     *
     * @param norm over the residual stream
     * @param gate {@code [hidden]} to {@code [inner]}
     * @param up {@code [hidden]} to {@code [inner]}
     * @param activation the activation function
     * @param down {@code [inner]} to {@code [hidden]}
     * @return the MLP
     */
    static Mlp gated(Norm norm, Linear gate, Linear up, Activation activation, Linear down) {
        return residual -> {
            Tensor x = norm.apply(residual);
            return down.apply(activation.apply(gate.apply(x)).mul(up.apply(x)));
        };
    }

    /**
     * This MLP with a factor on its output (Granite).
     *
     * @param factor the factor
     * @return the MLP
     */
    default Mlp scaled(double factor) {
        return factor == 1 ? this : residual -> apply(residual).mul(factor);
    }

    /**
     * This MLP with its output normalised before it is added (Gemma 2).
     *
     * @param norm over the output
     * @return the MLP
     */
    default Mlp then(Norm norm) {
        return residual -> norm.apply(apply(residual));
    }
}
