package org.edgeprune.model;

import java.util.List;

/**
 * How the frequencies of rotary position embedding are changed for sequences longer than those of the first training.
 * Formulas and names are HuggingFace's {@code modeling_rope_utils}.
 */
public sealed interface RotaryScaling {
    /**
     * Frequencies theta_i of the pairs of dimensions, {@code dim / 2} of them rounded up, in radians a position.
     *
     * @param base {@code rope_theta}
     * @param dim dimensions that the frequencies are spread over
     * @param length of the sequence
     */
    double[] frequencies(double base, int dim, int length);

    /** Factor on sine and cosine. */
    default double amplitude() {
        return 1;
    }

    /** Up to which length the frequencies are always the same. */
    default int fixedUpTo() {
        return Integer.MAX_VALUE;
    }

    /** base^(-2i / dim). */
    private static double[] plain(double base, int dim) {
        double[] frequencies = new double[(dim + 1) / 2];
        for (int i = 0; i < frequencies.length; i++) {
            frequencies[i] = Math.pow(base, -2.0 * i / dim);
        }
        return frequencies;
    }

    /** As trained. */
    record None() implements RotaryScaling {
        @Override
        public double[] frequencies(double base, int dim, int length) {
            return plain(base, dim);
        }
    }

    /** Position interpolation (Chen et al. 2023): every frequency divided by a factor. */
    record Linear(double factor) implements RotaryScaling {
        @Override
        public double[] frequencies(double base, int dim, int length) {
            double[] frequencies = plain(base, dim);
            for (int i = 0; i < frequencies.length; i++) {
                frequencies[i] /= factor;
            }
            return frequencies;
        }
    }

    /** Dynamic NTK: the base grows with the sequence once that is longer than the model was trained for. */
    record Dynamic(double factor, int trainedLength) implements RotaryScaling {
        @Override
        public double[] frequencies(double base, int dim, int length) {
            double stretch = factor * Math.max(length, trainedLength) / trainedLength - (factor - 1);
            return plain(base * Math.pow(stretch, dim / (dim - 2.0)), dim);
        }

        @Override
        public int fixedUpTo() {
            return trainedLength;
        }
    }

    /** Llama 3.1: long wavelengths are divided by the factor, short ones kept, those between blended. */
    record Llama3(double factor, double lowFactor, double highFactor, int trainedLength) implements RotaryScaling {
        @Override
        public double[] frequencies(double base, int dim, int length) {
            double[] frequencies = plain(base, dim);
            for (int i = 0; i < frequencies.length; i++) {
                double turns = trainedLength * frequencies[i] / (2 * Math.PI);
                double kept = Math.clamp((turns - lowFactor) / (highFactor - lowFactor), 0, 1);
                frequencies[i] *= kept + (1 - kept) / factor;
            }
            return frequencies;
        }
    }

    /**
     * YaRN (Peng et al. 2023): frequencies that turn more than {@code fast} times over the trained length are kept,
     * those that turn less than {@code slow} times divided by the factor, with a linear ramp between.
     *
     * @param amplitude the attention factor
     * @param truncate whether the ramp starts and ends at whole dimensions
     */
    record Yarn(double factor, double fast, double slow, int trainedLength, double amplitude, boolean truncate)
            implements RotaryScaling {
        @Override
        public double[] frequencies(double base, int dim, int length) {
            double low = dimension(fast, base, dim);
            double high = dimension(slow, base, dim);
            if (truncate) {
                low = Math.floor(low);
                high = Math.ceil(high);
            }
            low = Math.max(low, 0);
            high = Math.min(high, dim - 1);
            double width = high == low ? 0.001 : high - low;
            double[] frequencies = plain(base, dim);
            for (int i = 0; i < frequencies.length; i++) {
                double divided = Math.clamp((i - low) / width, 0, 1);
                frequencies[i] *= 1 - divided + divided / factor;
            }
            return frequencies;
        }

        /** The pair of dimensions that makes so many turns over the trained length. */
        private double dimension(double turns, double base, int dim) {
            return dim * Math.log(trainedLength / (turns * 2 * Math.PI)) / (2 * Math.log(base));
        }
    }

    /**
     * LongRoPE (Ding et al. 2024): every frequency divided by a factor of its own, from one list for sequences of up to
     * the trained length and from another for longer ones.
     *
     * @param shortFactors {@code dim / 2} of them
     * @param longFactors {@code dim / 2} of them
     * @param amplitude the attention factor, of short sequences too
     */
    record LongRope(List<Double> shortFactors, List<Double> longFactors, int trainedLength, double amplitude)
            implements RotaryScaling {
        public LongRope {
            shortFactors = List.copyOf(shortFactors);
            longFactors = List.copyOf(longFactors);
        }

        @Override
        public double[] frequencies(double base, int dim, int length) {
            List<Double> factors = length > trainedLength ? longFactors : shortFactors;
            double[] frequencies = plain(base, dim);
            for (int i = 0; i < frequencies.length; i++) {
                frequencies[i] /= factors.get(i);
            }
            return frequencies;
        }

        @Override
        public int fixedUpTo() {
            return trainedLength;
        }
    }
}
