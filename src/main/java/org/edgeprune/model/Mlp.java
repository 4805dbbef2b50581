package org.edgeprune.model;

import java.util.function.UnaryOperator;
import org.edgeprune.io.InputException;
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
     * The activations of the MLP's neurons: what its last projection reads. Differentiable. {@link #write} of them is
     * {@link #apply}.
     *
     * @param residual {@code [tokens, hidden]}
     * @return {@code [tokens, inner]}
     * @throws InputException if this MLP does not separate them
     */
    default Tensor neurons(Tensor residual) {
        throw new InputException("the neurons of this architecture's MLPs are not known: leave neurons out of --level");
    }

    /**
     * What neurons add to the residual stream. Differentiable.
     *
     * @param neurons activations, {@code [tokens, inner]}
     * @return {@code [tokens, hidden]}
     * @throws InputException as {@link #neurons}
     */
    default Tensor write(Tensor neurons) {
        throw new InputException("the neurons of this architecture's MLPs are not known: leave neurons out of --level");
    }

    /**
     * An MLP whose neurons are known.
     *
     * @param neurons their activations for a residual stream
     * @param write what they add to the residual stream
     * @return the MLP
     */
    static Mlp of(UnaryOperator<Tensor> neurons, UnaryOperator<Tensor> write) {
        return new OfNeurons(neurons, write);
    }

    /**
     * See {@link #of}.
     *
     * @param activations of the neurons for a residual stream
     * @param output what they add to the residual stream
     */
    record OfNeurons(UnaryOperator<Tensor> activations, UnaryOperator<Tensor> output) implements Mlp {
        @Override
        public Tensor apply(Tensor residual) {
            return output.apply(activations.apply(residual));
        }

        @Override
        public Tensor neurons(Tensor residual) {
            return activations.apply(residual);
        }

        @Override
        public Tensor write(Tensor neurons) {
            return output.apply(neurons);
        }

        @Override
        public Mlp map(UnaryOperator<Tensor> further) {
            return new OfNeurons(activations, neurons -> further.apply(output.apply(neurons)));
        }
    }

    /**
     * This MLP with something done to its output.
     *
     * @param further from {@code [tokens, hidden]} to the same shape
     * @return the MLP
     */
    default Mlp map(UnaryOperator<Tensor> further) {
        return residual -> further.apply(apply(residual));
    }

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
        return of(residual -> activation.apply(up.apply(norm.apply(residual))), down::apply);
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
        return of(
                residual -> {
                    Tensor x = norm.apply(residual);
                    return activation.apply(gate.apply(x)).mul(up.apply(x));
                },
                down::apply);
    }

    /**
     * This MLP with a factor on its output (Granite).
     *
     * @param factor the factor
     * @return the MLP
     */
    default Mlp scaled(double factor) {
        return factor == 1 ? this : map(output -> output.mul(factor));
    }

    /**
     * This MLP with its output normalised before it is added (Gemma 2).
     *
     * @param norm over the output
     * @return the MLP
     */
    default Mlp then(Norm norm) {
        return map(norm::apply);
    }
}
