package org.edgeprune.cli;

import java.nio.file.Path;
import org.edgeprune.hub.BundledModel;
import org.edgeprune.hub.ModelDirectories;
import picocli.CommandLine.Option;

/** {@code --model}. */
final class ModelOption {
    @Option(
            names = "--model",
            paramLabel = "MODEL",
            description = "HuggingFace model directory, or a name on the Hub such as openai-community/gpt2 (default: "
                    + BundledModel.NAME + ", the bundled model).")
    private String model;

    /** The name that was given, or {@code otherwise}. */
    String name(String otherwise) {
        return model == null ? otherwise : model;
    }

    /** Whether a model was named. */
    boolean given() {
        return model != null;
    }

    /** The directory of the model that was given, or of the bundled one. */
    Path directory() {
        return directory(name(BundledModel.NAME));
    }

    /** The directory that a name stands for; a model on the Hub is downloaded first if it is not in the cache. */
    static Path directory(String name) {
        try (DownloadProgress progress = new DownloadProgress()) {
            return ModelDirectories.locate(name, progress);
        }
    }
}
