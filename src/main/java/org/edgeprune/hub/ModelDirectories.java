package org.edgeprune.hub;

import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import org.edgeprune.io.InputException;

/** Resolves the names that users give to models: the bundled model, a directory, or a repository of the Hub. */
public final class ModelDirectories {
    private ModelDirectories() {}

    /**
     * The directory of a model that a user names.
     *
     * @param name {@value BundledModel#NAME}; otherwise an existing directory, where {@code ~} is the user's home and a
     *     repository's directory in the Hub's cache stands for the snapshot of its branch main; otherwise a repository
     *     of the HuggingFace Hub, such as {@code openai-community/gpt2} or {@code openai-community/gpt2@REVISION},
     *     which is downloaded if the cache is incomplete
     * @param listener told of the progress of a download
     * @return the directory; a name that is neither a directory nor has the form of a repository's name is returned as
     *     a path, which may not exist
     * @throws InputException if the name is a file's, is not a valid path, or has the form of a repository's name and
     *     cannot be downloaded
     */
    public static Path locate(String name, Hub.Listener listener) {
        if (name.isEmpty()) {
            throw new InputException("the model's name is empty: name a directory or a model on the Hub");
        }
        if (name.equals(BundledModel.NAME)) {
            return BundledModel.directory();
        }
        Path path = path(name);
        int at = name.indexOf('@');
        String repository = at < 0 ? name : name.substring(0, at);
        if (Files.isRegularFile(path)) {
            throw new InputException(path + ": is a file: name its directory, "
                    + path.toAbsolutePath().normalize().getParent());
        }
        if (Files.exists(path) || !Hub.isName(repository)) {
            return HubCache.snapshotIn(path).orElse(path);
        }
        String revision = at < 0 ? Hub.MAIN : name.substring(at + 1);
        try {
            Hub hub = new Hub(HubSettings.fromEnvironment());
            return hub.cached(repository, revision)
                    .orElseGet(() -> hub.download(repository, revision, listener))
                    .directory();
        } catch (InputException e) {
            throw new InputException(name + ": no such directory; on the Hub: " + e.getMessage(), e);
        }
    }

    /** A name as a path. {@code ~} is the user's home, as in a shell, which does not expand it in quotes. */
    private static Path path(String name) {
        boolean home = name.equals("~") || name.startsWith("~/");
        try {
            Path path = Path.of(name);
            return home && !Files.exists(path)
                    ? HubSettings.home(System.getenv()).resolve(name.substring(Math.min(2, name.length())))
                    : path;
        } catch (InvalidPathException e) {
            throw new InputException(
                    "'" + name + "' is not a valid path (" + e.getReason()
                            + "): check it; if it has letters beyond ASCII, set LC_ALL=C.UTF-8",
                    e);
        }
    }
}
