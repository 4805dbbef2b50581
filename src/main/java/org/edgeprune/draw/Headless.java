package org.edgeprune.draw;

import java.awt.Font;
import java.awt.font.FontRenderContext;
import org.edgeprune.io.InputException;

/** Java's graphics without a display. */
final class Headless {
    private static final String PROPERTY = "java.awt.headless";

    private Headless() {}

    /** Nothing here opens a window: unless the program decided otherwise, Java is not to look for a display. */
    static void prefer() {
        if (System.getProperty(PROPERTY) == null) {
            System.setProperty(PROPERTY, "true");
        }
    }

    /**
     * Tries to measure a letter.
     *
     * @throws InputException if this machine has no fonts
     */
    static void requireFonts() {
        try {
            new Font(Font.SANS_SERIF, Font.PLAIN, 10).getStringBounds("m", new FontRenderContext(null, true, true));
        } catch (OutOfMemoryError e) {
            throw e;
        } catch (RuntimeException | Error e) {
            // which it is depends on what is missing: fonts, their configuration, the native libraries, or only fonts
            // that were there before
            throw new InputException(
                    "Java finds no fonts on this machine, which text in PNG needs, and letters in PDF that Liberation Sans lacks:"
                            + " install fontconfig and a font (Debian: fontconfig fonts-dejavu-core)",
                    e);
        }
    }
}
