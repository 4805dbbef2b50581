package org.edgeprune.cli;

import java.nio.file.Path;
import org.edgeprune.model.BundledModel;
import picocli.CommandLine.Option;

/** {@code --model}: which model. */
final class ModelOption {
    @Option(
            names = "--model",
            paramLabel = "DIR",
            description = "HuggingFace model directory: config.json, safetensors, tokenizer (default: the bundled mini GPT-2).")
    private Path model;

    Path directory() {
        return model == null ? BundledModel.directory() : model;
    }

    boolean isBundled() {
        return model == null;
    }
}
