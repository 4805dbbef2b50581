package org.edgeprune.hub;

import java.nio.file.Files;
import java.nio.file.Path;
import org.edgeprune.io.InputException;

/** Resolves the names that users give to models: the bundled model, a directory, or a repository of the Hub. */
public final class ModelDirectories {
    private ModelDirectories() {}

    /**
     * The directory of a model that a user names.
     *
     * @param name {@value BundledModel#NAME}; else a directory that exists; else a repository of the HuggingFace Hub,
     *     like {@code openai-community/gpt2} or {@code openai-community/gpt2@REVISION}, which is taken from the cache,
     *     or downloaded if the cache does not hold all of it
     * @param listener is told about the progress of a download
     * @return the directory; a name that is neither a directory nor written like a repository is returned as a path,
     *     which whoever opens it finds missing
     * @throws InputException if the name is written like a repository's and cannot be downloaded
     */
    public static Path locate(String name, Hub.Listener listener) {
        if (name.isEmpty()) {
            throw new InputException("the model's name is empty: name a directory or a model on the Hub");
        }
        if (name.equals(BundledModel.NAME)) {
            return BundledModel.directory();
        }
        Path path = Path.of(name);
        int at = name.indexOf('@');
        String repository = at < 0 ? name : name.substring(0, at);
        if (Files.exists(path) || !Hub.isName(repository)) {
            return path;
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
}
