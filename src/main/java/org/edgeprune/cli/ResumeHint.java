package org.edgeprune.cli;

import java.io.PrintWriter;

/**
 * Says how to continue an operation if it is interrupted (Ctrl-C, or a signal from a cluster's scheduler) while this is
 * open.
 */
final class ResumeHint implements AutoCloseable {
    private final Thread atExit;

    /**
     * @param err where it is said
     * @param remedy a sentence
     */
    ResumeHint(PrintWriter err, String remedy) {
        atExit = new Thread(() -> {
            err.println(); // ends the line of a progress bar
            err.println("edgeprune: interrupted. " + remedy);
            err.flush();
        });
        Runtime.getRuntime().addShutdownHook(atExit);
    }

    @Override
    public void close() {
        try {
            Runtime.getRuntime().removeShutdownHook(atExit);
        } catch (IllegalStateException e) {
            // the process is ending: the sentence is being said
        }
    }
}
