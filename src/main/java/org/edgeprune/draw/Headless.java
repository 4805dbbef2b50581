package org.edgeprune.draw;

import java.awt.Font;
import java.awt.font.FontRenderContext;
import org.edgeprune.io.InputException;

/** Java's graphics without a display. */
final class Headless {
    private static final String PROPERTY = "java.awt.headless";

    private Headless() {}

    /**
     * Nothing here opens a window: unless the program decided otherwise, do not look for a display. Then tries the
     * fonts.
     *
     * @throws InputException if this machine has none
     */
    static void ensure() {
        if (System.getProperty(PROPERTY) == null) {
            System.setProperty(PROPERTY, "true");
        }
        try {
            new Font(Font.SANS_SERIF, Font.PLAIN, 10).getStringBounds("m", new FontRenderContext(null, true, true));
        } catch (OutOfMemoryError e) {
            throw e;
        } catch (RuntimeException | Error e) {
            // which it is depends on what is missing: fonts, their configuration, the native libraries, or only fonts
            // that were there before
            throw new InputException(
                    "Java finds no fonts on this machine, which text in PDF, PNG and plots needs:"
                            + " install fontconfig and a font (Debian: fontconfig fonts-dejavu-core)",
                    e);
        }
    }
}
