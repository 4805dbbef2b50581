package org.edgeprune.cli;

import org.edgeprune.io.InputException;
import org.edgeprune.model.ConfigTemplate;
import picocli.CommandLine.Option;

/** {@code --config}, {@code --layers}, {@code --heads}: the shape of a model with random weights. */
final class ShapeOptions {
    @Option(
            names = "--config",
            paramLabel = "CONFIG",
            description = "A config.json, a directory with one, or a built-in shape: gpt2, codellama-13b, llama-mid.")
    private String config;

    @Option(names = "--layers", paramLabel = "N", description = "Number of layers (default: the configuration's).")
    private Integer layers;

    @Option(
            names = "--heads",
            paramLabel = "N",
            description = "Number of heads, for the same width (default: the configuration's).")
    private Integer heads;

    /** Whether any of these was given. */
    boolean given() {
        return config != null || layers != null || heads != null;
    }

    /** The configuration with the sizes that were given. */
    ConfigTemplate template(String otherwise) {
        ConfigTemplate template = ConfigTemplate.of(config == null ? otherwise : config);
        if (layers != null) {
            template = template.withLayers(positive("--layers", layers));
        }
        return heads == null ? template : template.withHeads(positive("--heads", heads));
    }

    private static int positive(String option, int value) {
        if (value < 1) {
            throw new InputException(option + " " + value + ": must be at least 1");
        }
        return value;
    }
}
