package org.edgeprune.draw;

/** Java's graphics without a display. */
final class Headless {
    private static final String PROPERTY = "java.awt.headless";

    private Headless() {}

    /** Nothing here opens a window: unless the program decided otherwise, do not look for a display. */
    static void ensure() {
        if (System.getProperty(PROPERTY) == null) {
            System.setProperty(PROPERTY, "true");
        }
    }
}
