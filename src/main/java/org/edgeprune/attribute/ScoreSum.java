package org.edgeprune.attribute;

/** Adds up scores over examples, batch by batch, in double precision. */
final class ScoreSum {
    private final double[] sums;
    private int examples;

    /** @param count how many scores */
    ScoreSum(int count) {
        this.sums = new double[count];
    }

    /** Adds a batch's mean scores. */
    void add(float[] means, int count) {
        for (int i = 0; i < sums.length; i++) {
            sums[i] += (double) means[i] * count;
        }
        examples += count;
    }

    /** The mean over all examples. */
    float[] mean() {
        float[] means = new float[sums.length];
        for (int i = 0; i < means.length; i++) {
            means[i] = (float) (sums[i] / examples);
        }
        return means;
    }
}
