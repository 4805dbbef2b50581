package org.edgeprune.draw;

import java.awt.Font;
import java.awt.font.FontRenderContext;
import org.edgeprune.io.InputException;

/** Java's graphics without a display. */
final class Headless {
    private static final String PROPERTY = "java.awt.headless";

    private Headless() {}

    /** Tells Java not to look for a display, unless the program has decided otherwise: edgeprune opens no windows. */
    static void prefer() {
        if (System.getProperty(PROPERTY) == null) {
            System.setProperty(PROPERTY, "true");
        }
    }

    /**
     * Requires fonts, by measuring a letter.
     *
     * @throws InputException if this machine has no fonts
     */
    static void requireFonts() {
        try {
            new Font(Font.SANS_SERIF, Font.PLAIN, 10).getStringBounds("m", new FontRenderContext(null, true, true));
        } catch (OutOfMemoryError e) {
            throw e;
        } catch (RuntimeException | Error e) {
            // the kind of error depends on what is missing: fonts, their configuration, the native libraries, or only
            // fonts
            // that were there before
            throw new InputException(
                    "Java finds no fonts on this machine, which are needed for text in PNG, and in PDF for letters that Liberation Sans does not have:"
                            + " install fontconfig and a font (Debian: fontconfig fonts-dejavu-core)",
                    e);
        }
    }
}
