package org.edgeprune.io;

import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;

/**
 * File work that a thread's interruption must not break: an interrupt closes NIO channels under their users, and a
 * program that is asked to stop still has to write its last checkpoint.
 */
public final class Uninterrupted {
    public interface Work<T> {
        T run() throws IOException;
    }

    private Uninterrupted() {}

    /** Runs {@code work}, again if an interrupt broke it, and leaves the thread interrupted if it was. */
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
