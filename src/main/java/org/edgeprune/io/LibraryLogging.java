package org.edgeprune.io;

/** The log messages of the libraries that log through SLF4J. */
public final class LibraryLogging {
    private static final String VERBOSITY = "slf4j.internal.verbosity";

    private LibraryLogging() {}

    /**
     * To be called before a library that logs is used for the first time. No SLF4J provider is on our class path, on
     * purpose: SLF4J's notice of that is noise on a command line. A program that sets the property itself is obeyed.
     */
    public static void quiet() {
        if (System.getProperty(VERBOSITY) == null) {
            System.setProperty(VERBOSITY, "ERROR");
        }
    }
}
