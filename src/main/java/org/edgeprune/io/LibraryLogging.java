package org.edgeprune.io;

/** The log messages of the libraries that log through SLF4J. */
public final class LibraryLogging {
    private static final String VERBOSITY = "slf4j.internal.verbosity";

    private LibraryLogging() {}

    /**
     * Silences SLF4J's notice that there is no provider, which is so on purpose: on a command line the notice is noise.
     * To be called before a library that logs is used for the first time. Has no effect if the program has set SLF4J's
     * property itself.
     */
    public static void quiet() {
        if (System.getProperty(VERBOSITY) == null) {
            System.setProperty(VERBOSITY, "ERROR");
        }
    }
}
