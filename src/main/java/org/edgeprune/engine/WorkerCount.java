package org.edgeprune.engine;

import java.util.Arrays;

/**
 * How many workers a batch gets: a fixed number, or all or one, whichever is faster by what batches took so far.
 *
 * <p>Where a batch takes less time than its workers together have computed, one worker cannot be faster. Where it takes
 * more (in a small model, whose workers wait for each other, or where other cores have other work to do), a few batches
 * are run by one worker, and the faster way is kept for a while.
 */
final class WorkerCount {
    /** Batches that a way is judged by, by the median. */
    private static final int JUDGED_BY = 3;

    /** Batches after which a decision is looked at again. */
    private static final int KEPT_FOR = 64;

    /** What is being done. */
    private enum Stage {
        /** The first batch of a cold process, which says nothing. */
        COLD,
        /** All workers, and it is noted what batches take. */
        ALL,
        /** One worker, and it is noted what batches take. */
        ONE,
        /** What was faster. */
        DECIDED
    }

    private final int most;
    private final boolean measuring;
    private Stage stage = Stage.COLD;
    private int batches;
    private int decided;
    private final double[] timesOfAll = new double[JUDGED_BY];
    private final double[] timesOfOne = new double[JUDGED_BY];
    private final double[] ratios = new double[JUDGED_BY];
    private int last = 1;

    private WorkerCount(int most, boolean measuring) {
        this.most = most;
        this.measuring = measuring;
        this.decided = most;
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
        return switch (stage) {
            case COLD, ALL -> most;
            case ONE -> 1;
            case DECIDED -> decided;
        };
    }

    /** How many worked on the last batch. */
    synchronized int last() {
        return last;
    }

    /**
     * Notes a batch.
     *
     * @param workers that worked on it
     * @param microBatches that it had
     * @param elapsed nanoseconds from its begin to its end
     * @param computed nanoseconds that its workers have computed, all together; 0 if that is not known
     */
    synchronized void took(int workers, int microBatches, long elapsed, long computed) {
        last = workers;
        if (!measuring || microBatches < 2 || computed <= 0) {
            return;
        }
        double time = (double) elapsed / microBatches;
        switch (stage) {
            case COLD -> enter(Stage.ALL);
            case ALL -> {
                timesOfAll[batches] = time;
                ratios[batches] = (double) elapsed / computed;
                if (++batches == JUDGED_BY) {
                    enter(median(ratios) > 1 ? Stage.ONE : Stage.ALL);
                }
            }
            case ONE -> {
                timesOfOne[batches] = time;
                if (++batches == JUDGED_BY) {
                    decided = median(timesOfOne) < median(timesOfAll) ? 1 : most;
                    enter(Stage.DECIDED);
                }
            }
            case DECIDED -> {
                if (++batches == KEPT_FOR) {
                    enter(Stage.ALL);
                }
            }
        }
    }

    private void enter(Stage next) {
        stage = next;
        batches = 0;
    }

    private static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }
}
