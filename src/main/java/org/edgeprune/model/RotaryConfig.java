package org.edgeprune.model;

import java.util.Collections;
import java.util.Optional;

/**
 * Rotary position embedding (Su et al. 2021): pair i of a head's dimensions is turned by position times theta_i, where
 * theta_i = base^(-2i / dim) unless {@code scaling} changes it. {@link RotaryFields} reads it from a
 * {@code config.json}.
 *
 * @param base {@code rope_theta}
 * @param dim dimensions of each head, counted from the first, that the frequencies are spread over; where it is odd,
 *     {@link #width} is one more
 * @param scaling of the frequencies
 */
public record RotaryConfig(double base, int dim, RotaryScaling scaling) {
    /**
     * Checks the numbers.
     *
     * @throws IllegalArgumentException if {@code base} or {@code dim} is not positive
     */
    public RotaryConfig {
        if (!(base > 0) || dim < 1) {
            throw new IllegalArgumentException("a base of " + base + " and " + dim + " rotary dimensions");
        }
    }

    /**
     * The number of dimensions that rotate: {@code dim}, rounded up to an even number as in HuggingFace's transformers.
     *
     * @return number of dimensions
     */
    public int width() {
        return dim + dim % 2;
    }

    /**
     * theta_i for each pair of dimensions.
     *
     * @param length tokens of the sequence
     * @return {@code width / 2} frequencies, radians per position
     */
    public double[] frequencies(int length) {
        return scaling.frequencies(base, dim, length);
    }

    /**
     * The same for every layer of a model.
     *
     * @param layers number of layers
     * @return the embedding by layer
     */
    public RotaryLayers everywhere(int layers) {
        return new RotaryLayers(Collections.nCopies(layers, Optional.of(this)));
    }
}
