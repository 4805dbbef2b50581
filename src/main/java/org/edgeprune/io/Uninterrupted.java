package org.edgeprune.io;

import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;

/**
 * File operations that an interruption of the thread must not break: an interrupt closes NIO channels under their
 * users, and a program that is asked to stop still has to write its last checkpoint.
 */
public final class Uninterrupted {
    /**
     * A file operation.
     *
     * @param <T> type of its result
     */
    public interface Work<T> {
        /**
         * Does it.
         *
         * @return its result
         * @throws IOException if it fails
         */
        T run() throws IOException;
    }

    private Uninterrupted() {}

    /**
     * Runs an operation, again if an interrupt broke it, and leaves the thread interrupted if it was.
     *
     * @param <T> type of the result
     * @param work the operation, which may be run several times
     * @return its result
     * @throws IOException if it fails for another reason
     */
    public static <T> T run(Work<T> work) throws IOException {
        boolean interrupted = false;
        try {
            while (true) {
                interrupted |= Thread.interrupted();
                try {
                    return work.run();
                } catch (ClosedByInterruptException e) {
                    interrupted = true;
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
