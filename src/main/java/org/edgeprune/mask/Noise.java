package org.edgeprune.mask;

import java.util.SplittableRandom;

/**
 * Uniform noise that is a pure function of (seed, step, stream): a resumed run sees exactly the noise that an
 * uninterrupted one would have seen, with no generator state to save.
 *
 * @param seed the run's seed
 */
public record Noise(long seed) {
    /** What the noise is for; streams are independent of each other. */
    public enum Stream {
        EDGES,
        NODES,
        INITIAL_EDGES,
        INITIAL_NODES,
        BATCHES
    }

    /** {@code count} values, uniform in [eps, 1 - eps]. */
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

    /** {@code count} values from N(mean, standardDeviation). */
    public float[] normal(Stream stream, long step, int count, double mean, double standardDeviation) {
        SplittableRandom random = random(stream, step);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) (mean + standardDeviation * random.nextGaussian());
        }
        return values;
    }

    /** A generator of its own for this stream and step. */
    public SplittableRandom random(Stream stream, long step) {
        return new SplittableRandom(mix(mix(seed) ^ mix(step * Stream.values().length + stream.ordinal())));
    }

    /** The finaliser of SplitMix64 (Steele et al. 2014). */
    private static long mix(long z) {
        z += 0x9E3779B97F4A7C15L;
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }
}
