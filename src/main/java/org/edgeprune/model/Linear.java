package org.edgeprune.model;

import java.util.Optional;
import org.edgeprune.torch.Tensor;

/**
 * A linear map y = x W + b.
 *
 * @param weight W, {@code [in, out]}; may be a view of a parameter that is stored the other way round
 * @param bias b, {@code [out]}
 */
public record Linear(Tensor weight, Optional<Tensor> bias) {
    /** Whether a map has the parameter {@code .bias} beside {@code .weight}. */
    public enum Bias {
        NONE,
        PRESENT;

        /** For a flag of {@code config.json}. */
        public static Bias of(boolean present) {
            return present ? PRESENT : NONE;
        }
    }

    /** PyTorch's {@code nn.Linear}: {@code name.weight} is stored {@code [out, in]}. */
    public static Linear rows(Parameters p, String name, long in, long out, Bias bias) {
        Tensor stored = p.get(name + ".weight", out, in);
        return new Linear(p.own(stored::t), bias(p, name, out, bias));
    }

    /** Without a bias, of a matrix stored {@code [out, in]}: an embedding table that is also the unembedding. */
    public static Linear ofRows(Parameters p, Tensor stored) {
        return new Linear(p.own(stored::t), Optional.empty());
    }

    /** GPT-2's {@code Conv1D}: {@code name.weight} is stored {@code [in, out]}. */
    public static Linear columns(Parameters p, String name, long in, long out, Bias bias) {
        return new Linear(p.get(name + ".weight", in, out), bias(p, name, out, bias));
    }

    /** The same with a bias, {@code name.bias}, in addition. */
    public Linear withBias(Parameters p, String name) {
        return new Linear(weight, Optional.of(p.get(name + ".bias", weight.size(1))));
    }

    private static Optional<Tensor> bias(Parameters p, String name, long out, Bias bias) {
        return bias == Bias.PRESENT ? Optional.of(p.get(name + ".bias", out)) : Optional.empty();
    }

    /** Some of the outputs, {@code count} from {@code first} on, without a copy. */
    public Linear outputs(Parameters p, long first, long count) {
        return new Linear(
                p.own(() -> weight.narrow(1, first, count)), bias.map(b -> p.own(() -> b.narrow(0, first, count))));
    }

    /** {@code [n, in]} to {@code [n, out]}. */
    public Tensor apply(Tensor x) {
        return bias.isPresent() ? Tensor.addmm(bias.get(), x, weight) : x.matmul(weight);
    }
}
