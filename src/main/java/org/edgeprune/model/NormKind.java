package org.edgeprune.model;

import org.edgeprune.torch.Tensor;

/** The kind of normalisation that a model uses; {@link #of} makes one of its norms. */
public sealed interface NormKind {
    /**
     * Makes a norm over the last dimension from the parameters {@code name.weight} and, if the kind has one,
     * {@code name.bias}.
     *
     * @param parameters where to take parameters from
     * @param name name of the module
     * @param width size of the last dimension
     * @return the norm
     */
    Norm of(Parameters parameters, String name, int width);

    /**
     * LayerNorm with weight and bias.
     *
     * @param eps added to the variance
     */
    record Layer(double eps) implements NormKind {
        @Override
        public Norm of(Parameters p, String name, int width) {
            return new Norm.LayerNorm(p.get(name + ".weight", width), p.get(name + ".bias", width), eps);
        }
    }

    /**
     * LayerNorm without parameters: (x - mean) / sqrt(var + eps).
     *
     * @param eps added to the variance
     */
    record PlainLayer(double eps) implements NormKind {
        @Override
        public Norm of(Parameters p, String name, int width) {
            return new Norm.PlainLayerNorm(eps);
        }
    }

    /** No norm. */
    record None() implements NormKind {
        @Override
        public Norm of(Parameters p, String name, int width) {
            return new Norm.Identity();
        }
    }

    /**
     * RMSNorm.
     *
     * @param eps added to the mean square
     * @param offset added to the stored weight (Gemma: 1)
     */
    record Rms(double eps, double offset) implements NormKind {
        @Override
        public Norm of(Parameters p, String name, int width) {
            return new Norm.RmsNorm(weight(p, name, width), eps);
        }

        /**
         * The factor by which each dimension is multiplied: the stored weight plus the offset.
         *
         * @param p where to take parameters from
         * @param name name of the module
         * @param width size of the last dimension
         * @return {@code [width]}
         */
        public Tensor weight(Parameters p, String name, int width) {
            Tensor weight = p.get(name + ".weight", width);
            return offset == 0 ? weight : p.own(() -> weight.add(offset));
        }
    }
}
