package org.edgeprune.io;

import java.nio.file.Path;

/** The directory for what edgeprune can make again: unpacked libraries and the bundled model. */
public final class CacheDirectory {
    private CacheDirectory() {}

    /**
     * {@code $EDGEPRUNE_CACHE}, else {@code $XDG_CACHE_HOME/edgeprune}, else {@code ~/.cache/edgeprune}.
     *
     * @return the directory, which may not exist yet
     */
    public static Path ofUser() {
        String own = System.getenv("EDGEPRUNE_CACHE");
        if (own != null && !own.isBlank()) {
            return Path.of(own).toAbsolutePath();
        }
        String xdg = System.getenv("XDG_CACHE_HOME");
        Path caches = xdg != null && !xdg.isBlank() ? Path.of(xdg) : Path.of(System.getProperty("user.home"), ".cache");
        return caches.resolve("edgeprune").toAbsolutePath();
    }
}
