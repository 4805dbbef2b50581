package org.edgeprune.model;

import org.edgeprune.torch.Tensor;

/** The MLP of one layer, its norm included. */
@FunctionalInterface
public interface Mlp {
    /** {@code [tokens, hidden]} residual stream to what the MLP adds to it, {@code [tokens, hidden]}. */
    Tensor apply(Tensor residual);

    /** down(act(up(norm(x)))): GPT-2. */
    static Mlp plain(Norm norm, Linear up, Activation activation, Linear down) {
        return residual -> down.apply(activation.apply(up.apply(norm.apply(residual))));
    }

    /** down(act(gate(norm(x))) * up(norm(x))): Llama. */
    static Mlp gated(Norm norm, Linear gate, Linear up, Activation activation, Linear down) {
        return residual -> {
            Tensor x = norm.apply(residual);
            return down.apply(activation.apply(gate.apply(x)).mul(up.apply(x)));
        };
    }

    /** This MLP with a factor on its output: Granite. */
    default Mlp scaled(double factor) {
        return factor == 1 ? this : residual -> apply(residual).mul(factor);
    }

    /** This MLP with its output normalised before it is added: Gemma 2. */
    default Mlp then(Norm norm) {
        return residual -> norm.apply(apply(residual));
    }
}
