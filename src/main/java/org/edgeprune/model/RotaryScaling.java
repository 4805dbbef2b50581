package org.edgeprune.model;

import java.util.List;

/**
 * How the frequencies of rotary position embedding are changed for sequences longer than those of the first training.
 * Formulas and names are those of HuggingFace's {@code modeling_rope_utils}.
 */
public sealed interface RotaryScaling {
    /**
     * Frequencies theta_i of the pairs of dimensions.
     *
     * @param base {@code rope_theta}
     * @param dim number of dimensions that the frequencies are spread over
     * @param length tokens of the sequence
     * @return {@code dim / 2} frequencies, rounded up, in radians per position
     */
    double[] frequencies(double base, int dim, int length);

    /**
     * The factor on sine and cosine.
     *
     * @return 1 unless overridden
     */
    default double amplitude() {
        return 1;
    }

    /**
     * The length up to which the frequencies are always the same.
     *
     * @return number of tokens; unlimited unless overridden
     */
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

    /** The frequencies as trained: base^(-2i / dim). */
    record None() implements RotaryScaling {
        @Override
        public double[] frequencies(double base, int dim, int length) {
            return plain(base, dim);
        }
    }

    /**
     * Position interpolation (Chen et al. 2023): every frequency divided by a factor.
     *
     * @param factor the factor
     */
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

    /**
     * Dynamic NTK: the base grows with the sequence as soon as it is longer than the model was trained for.
     *
     * @param factor the factor
     * @param trainedLength length of the sequences in training, tokens
     */
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

    /**
     * Llama 3.1: frequencies of long wavelengths are divided by the factor, those of short ones kept, those in between
     * blended.
     *
     * @param factor the factor
     * @param lowFactor wavelengths above trainedLength / lowFactor are long
     * @param highFactor wavelengths below trainedLength / highFactor are short
     * @param trainedLength length of the sequences in training, tokens
     */
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
     * those that turn less than {@code slow} times divided by the factor, with a linear ramp in between.
     *
     * @param factor the factor
     * @param fast {@code beta_fast}
     * @param slow {@code beta_slow}
     * @param trainedLength length of the sequences in training, tokens
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
     * LongRoPE (Ding et al. 2024): every frequency divided by its own factor, from one list for sequences of up to the
     * trained length and from another for longer ones.
     *
     * @param shortFactors {@code dim / 2} factors
     * @param longFactors {@code dim / 2} factors
     * @param trainedLength length of the sequences in training, tokens
     * @param amplitude the attention factor, also of short sequences
     */
    record LongRope(List<Double> shortFactors, List<Double> longFactors, int trainedLength, double amplitude)
            implements RotaryScaling {
        /** Copies the lists. */
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
