package org.edgeprune.tracr.compile;

import org.edgeprune.io.InputException;

/** Adds up the sizes of matrices before they are allocated, and refuses too many. */
final class SizeLimit {
    /** 1 GiB of doubles. */
    private static final long MOST = 1L << 27;

    /** A compilation needs memory for its blocks, its weights, and a copy of these while they are written. */
    private static final int SHARE_OF_HEAP = 4;

    private final long most;
    private long numbers;

    SizeLimit() {
        this(Math.min(MOST, Runtime.getRuntime().maxMemory() / SHARE_OF_HEAP / Double.BYTES));
    }

    SizeLimit(long most) {
        this.most = most;
    }

    /**
     * Adds a matrix.
     *
     * @param what begins the message
     * @throws InputException if all matrices so far have too many numbers
     */
    void add(String what, long rows, long columns) {
        long more = Math.multiplyHigh(rows, columns) == 0 ? rows * columns : Long.MAX_VALUE;
        if (more < 0 || more > most - numbers) {
            throw new InputException(
                    "%s: a matrix of %d x %d would make the compiled model larger than %d numbers: use a smaller vocabulary, a shorter maximum length or a smaller program"
                            .formatted(what, rows, columns, most));
        }
        numbers += more;
    }
}
