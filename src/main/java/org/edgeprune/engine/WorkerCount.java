package org.edgeprune.engine;

import java.util.Arrays;

/**
 * How many workers a batch gets: a fixed number, or all or one, whichever is faster by what batches took so far. One is
 * faster where a batch takes longer than all its workers together have computed: in a small model, whose workers wait
 * for each other, or where the other cores have other work to do.
 */
final class WorkerCount {
    /** Batches after which it is looked at again whether all workers are faster. */
    private static final int TRIED_AGAIN_AFTER = 64;

    /**
     * Batches with all workers before it is judged by the median; the very first, of a cold process, does not count.
     */
    private static final int JUDGED_BY = 3;

    private final int most;
    private final boolean measuring;
    private final double[] ratios = new double[JUDGED_BY];
    private int measured = -1;
    private int alone;
    private int last = 1;

    private WorkerCount(int most, boolean measuring) {
        this.most = most;
        this.measuring = measuring;
    }

    static WorkerCount fixed(int count) {
        return new WorkerCount(count, false);
    }

    /** @param most of them */
    static WorkerCount measured(int most) {
        return new WorkerCount(most, most > 1);
    }

    /** For the next batch. */
    synchronized int next() {
        return alone > 0 ? 1 : most;
    }

    /** How many worked on the last batch. */
    synchronized int last() {
        return last;
    }

    /**
     * Notes a batch.
     *
     * @param workers that worked on it
     * @param elapsed nanoseconds from its begin to its end
     * @param computed nanoseconds that its workers have computed, all together
     */
    synchronized void took(int workers, long elapsed, long computed) {
        last = workers;
        if (!measuring) {
            return;
        }
        if (alone > 0) {
            alone--;
        } else if (workers > 1 && computed > 0) {
            if (measured >= 0) {
                ratios[measured] = (double) elapsed / computed;
            }
            measured++;
            if (measured == JUDGED_BY) {
                measured = 0;
                alone = median() > 1 ? TRIED_AGAIN_AFTER : 0;
            }
        }
    }

    private double median() {
        double[] sorted = ratios.clone();
        Arrays.sort(sorted);
        return sorted[JUDGED_BY / 2];
    }
}
