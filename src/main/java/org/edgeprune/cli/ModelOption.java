package org.edgeprune.cli;

import java.nio.file.Path;
import org.edgeprune.model.BundledModel;
import picocli.CommandLine.Option;

/** {@code --model}: which model. */
final class ModelOption {
    @Option(
            names = "--model",
            paramLabel = "MODEL",
            description = "HuggingFace model directory: config.json, safetensors, tokenizer (default: " + BundledModel.NAME
                    + ", which comes with edgeprune).")
    private String model;

    /** What was given, or {@code otherwise}. */
    String name(String otherwise) {
        return model == null ? otherwise : model;
    }

    /** The directory of the model that was given, or of the bundled one. */
    Path directory() {
        return directory(name(BundledModel.NAME));
    }

    /** The directory that a name stands for. */
    static Path directory(String name) {
        return name.equals(BundledModel.NAME) ? BundledModel.directory() : Path.of(name);
    }
}
