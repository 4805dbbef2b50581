package org.edgeprune.model;

import org.edgeprune.torch.Tensor;

/** Which normalisation a model uses; {@link #of} makes one of its norms. */
public sealed interface NormKind {
    /**
     * The norm over the last dimension whose parameters are {@code name.weight} and, where it has one,
     * {@code name.bias}.
     */
    Norm of(Parameters parameters, String name, int width);

    /** LayerNorm with weight and bias. */
    record Layer(double eps) implements NormKind {
        @Override
        public Norm of(Parameters p, String name, int width) {
            return new Norm.LayerNorm(p.get(name + ".weight", width), p.get(name + ".bias", width), eps);
        }
    }

    /** LayerNorm without parameters: (x - mean) / sqrt(var + eps). */
    record PlainLayer(double eps) implements NormKind {
        @Override
        public Norm of(Parameters p, String name, int width) {
            return new Norm.PlainLayerNorm(eps);
        }
    }

    /** No norm at all. */
    record None() implements NormKind {
        @Override
        public Norm of(Parameters p, String name, int width) {
            return new Norm.Identity();
        }
    }

    /**
     * RMSNorm.
     *
     * @param offset added to the stored weight (Gemma: 1)
     */
    record Rms(double eps, double offset) implements NormKind {
        @Override
        public Norm of(Parameters p, String name, int width) {
            return new Norm.RmsNorm(weight(p, name, width), eps);
        }

        /** The factor by which each dimension is multiplied, {@code [width]}: the stored weight plus the offset. */
        public Tensor weight(Parameters p, String name, int width) {
            Tensor weight = p.get(name + ".weight", width);
            return offset == 0 ? weight : p.own(() -> weight.add(offset));
        }
    }
}
