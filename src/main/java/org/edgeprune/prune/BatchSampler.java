package org.edgeprune.prune;

import java.util.SplittableRandom;
import org.edgeprune.mask.Noise;

/**
 * Which examples each step sees: one shuffle of all examples after another, cut into batches. A pure function of seed
 * and step, so that a resumed run sees what an uninterrupted one would.
 */
public final class BatchSampler {
    private final int examples;
    private final int batchSize;
    private final Noise noise;
    private long shuffledEpoch = -1;
    private int[] shuffled;

    /**
     * A sampler.
     *
     * @param examples how many there are
     * @param batchSize examples of a step; all of them where there are fewer
     * @param noise by whose seed they are shuffled
     */
    public BatchSampler(int examples, int batchSize, Noise noise) {
        this.examples = examples;
        this.batchSize = Math.min(batchSize, examples);
        this.noise = noise;
    }

    /**
     * The examples of a step.
     *
     * @param step index from 0
     * @return their indices
     */
    public int[] batch(int step) {
        int[] batch = new int[batchSize];
        long first = (long) step * batchSize;
        for (int i = 0; i < batchSize; i++) {
            long position = first + i;
            batch[i] = epoch(position / examples)[(int) (position % examples)];
        }
        return batch;
    }

    private int[] epoch(long number) {
        if (number != shuffledEpoch) {
            SplittableRandom random = noise.random(Noise.Stream.BATCHES, number);
            shuffled = new int[examples];
            for (int i = 0; i < examples; i++) {
                int j = random.nextInt(i + 1);
                shuffled[i] = shuffled[j];
                shuffled[j] = i;
            }
            shuffledEpoch = number;
        }
        return shuffled;
    }
}
