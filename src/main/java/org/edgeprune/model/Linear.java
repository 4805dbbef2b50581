package org.edgeprune.model;

import java.util.Optional;
import org.edgeprune.torch.Tensor;

/**
 * A linear map y = x W + b.
 *
 * @param weight W, {@code [in, out]}; may be a view of a parameter that is stored transposed
 * @param bias b, {@code [out]}
 */
public record Linear(Tensor weight, Optional<Tensor> bias) {
    /** Whether a map has the parameter {@code .bias} beside {@code .weight}. */
    public enum Bias {
        /** There is no bias. */
        NONE,
        /** There is a bias. */
        PRESENT;

        /**
         * For a flag of {@code config.json}.
         *
         * @param present whether there is a bias
         * @return the constant
         */
        public static Bias of(boolean present) {
            return present ? PRESENT : NONE;
        }
    }

    /**
     * PyTorch's {@code nn.Linear}: {@code name.weight} is stored {@code [out, in]}.
     *
     * @param p where to take parameters from
     * @param name name of the module
     * @param in width of the input
     * @param out width of the output
     * @param bias whether there is a bias
     * @return the map
     */
    public static Linear rows(Parameters p, String name, long in, long out, Bias bias) {
        Tensor stored = p.get(name + ".weight", out, in);
        return new Linear(p.own(stored::t), bias(p, name, out, bias));
    }

    /**
     * A map without a bias, by a matrix that is stored {@code [out, in]}: an embedding table that is also the
     * unembedding.
     *
     * @param p owner of the view
     * @param stored {@code [out, in]}
     * @return the map
     */
    public static Linear ofRows(Parameters p, Tensor stored) {
        return new Linear(p.own(stored::t), Optional.empty());
    }

    /**
     * GPT-2's {@code Conv1D}: {@code name.weight} is stored {@code [in, out]}.
     *
     * @param p where to take parameters from
     * @param name name of the module
     * @param in width of the input
     * @param out width of the output
     * @param bias whether there is a bias
     * @return the map
     */
    public static Linear columns(Parameters p, String name, long in, long out, Bias bias) {
        return new Linear(p.get(name + ".weight", in, out), bias(p, name, out, bias));
    }

    /**
     * The same with a bias, {@code name.bias}.
     *
     * @param p where to take the bias from
     * @param name name of the module
     * @return the map
     */
    public Linear withBias(Parameters p, String name) {
        return new Linear(weight, Optional.of(p.get(name + ".bias", weight.size(1))));
    }

    private static Optional<Tensor> bias(Parameters p, String name, long out, Bias bias) {
        return bias == Bias.PRESENT ? Optional.of(p.get(name + ".bias", out)) : Optional.empty();
    }

    /**
     * Some consecutive outputs of this map, without a copy.
     *
     * @param p owner of the views
     * @param first index of the first output
     * @param count number of outputs
     * @return the map to these outputs
     */
    public Linear outputs(Parameters p, long first, long count) {
        return new Linear(
                p.own(() -> weight.narrow(1, first, count)), bias.map(b -> p.own(() -> b.narrow(0, first, count))));
    }

    /**
     * Applies the map. Differentiable in x.
     *
     * @param x {@code [n, in]}
     * @return {@code [n, out]}
     */
    public Tensor apply(Tensor x) {
        return bias.isPresent() ? Tensor.addmm(bias.get(), x, weight) : x.matmul(weight);
    }
}
