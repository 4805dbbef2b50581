package org.edgeprune;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;

/** The version of edgeprune, as Maven wrote it into the build. */
public final class Version {
    private Version() {}

    /**
     * The version number.
     *
     * @return such as {@code 0.2.0}
     */
    public static String number() {
        Properties build = new Properties();
        try (InputStream in = Version.class.getResourceAsStream("build.properties")) {
            build.load(in);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return build.getProperty("version");
    }
}
