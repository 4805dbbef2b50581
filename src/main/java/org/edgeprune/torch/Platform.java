package org.edgeprune.torch;

import org.edgeprune.io.InputException;

/** The one platform that edgeprune's native library is built for. */
final class Platform {
    /** As in Maven classifiers and in {@code META-INF/native}. */
    static final String NAME = "linux-x86_64";

    private Platform() {}

    static void require() {
        String os = System.getProperty("os.name");
        String arch = System.getProperty("os.arch");
        if (!os.equals("Linux") || !arch.equals("amd64")) {
            throw new InputException("edgeprune runs on " + NAME + " only; this Java is for " + os + " " + arch);
        }
    }
}
