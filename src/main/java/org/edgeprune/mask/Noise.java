package org.edgeprune.mask;

import java.util.SplittableRandom;

/**
 * Noise that is a pure function of (seed, step, stream): a resumed run gets exactly the noise that an uninterrupted one
 * would have got, without a generator state to save.
 *
 * @param seed the run's seed
 */
public record Noise(long seed) {
    /** Streams that there were before there were others. */
    private static final int FIRST_STREAMS = 5;

    /** The use of the noise; streams are independent of each other. */
    public enum Stream {
        /** Masks of edges. */
        EDGES,
        /** Masks of nodes. */
        NODES,
        /** log_alphas of edges at the start. */
        INITIAL_EDGES,
        /** log_alphas of nodes at the start. */
        INITIAL_NODES,
        /** The order of the examples. */
        BATCHES,
        /** Masks of neurons. */
        NEURONS,
        /** log_alphas of neurons at the start. */
        INITIAL_NEURONS
    }

    /**
     * Uniform noise.
     *
     * @param stream what it is for
     * @param step the step
     * @param count number of values
     * @param eps values are clamped to [eps, 1 - eps]
     * @return {@code count} values
     */
    public float[] uniform(Stream stream, long step, int count, double eps) {
        SplittableRandom random = random(stream, step);
        float low = (float) eps;
        float high = (float) (1 - eps);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = Math.min(high, Math.max(low, (float) random.nextDouble()));
        }
        return values;
    }

    /**
     * Normal noise.
     *
     * @param stream what it is for
     * @param step the step
     * @param count number of values
     * @param mean its mean
     * @param standardDeviation its standard deviation
     * @return {@code count} values
     */
    public float[] normal(Stream stream, long step, int count, double mean, double standardDeviation) {
        SplittableRandom random = random(stream, step);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) (mean + standardDeviation * random.nextGaussian());
        }
        return values;
    }

    /**
     * A generator for one stream and step, at its beginning.
     *
     * @param stream what it is for
     * @param step the step
     * @return a new generator
     */
    public SplittableRandom random(Stream stream, long step) {
        // Streams of version 0.1 have the numbers from 0 on, later ones those below, so that no run's noise changes.
        int later = stream.ordinal() - FIRST_STREAMS;
        long number = later < 0
                ? step * FIRST_STREAMS + stream.ordinal()
                : -1 - (step * (Stream.values().length - FIRST_STREAMS) + later);
        return new SplittableRandom(mix(mix(seed) ^ mix(number)));
    }

    /** The finaliser of SplitMix64 (Steele et al. 2014). */
    private static long mix(long z) {
        z += 0x9E3779B97F4A7C15L;
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }
}
