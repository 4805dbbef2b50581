package org.edgeprune.model;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;
import org.edgeprune.io.Extensions;

/**
 * The architectures on the class path.
 *
 * @param byModelType architectures by {@code model_type}, in the order of the class path
 */
public record Architectures(Map<String, Architecture> byModelType) {
    /**
     * Finds the architectures by {@code ServiceLoader}.
     *
     * @return all of them
     * @throws org.edgeprune.io.InputException naming the jar of an architecture that cannot be loaded, or that claims
     *     the same {@code model_type} as another
     */
    public static Architectures find() {
        return new Architectures(Extensions.load(
                        Architecture.class,
                        "architecture",
                        Architecture::modelTypes,
                        Architectures.class.getClassLoader())
                .byName());
    }

    /**
     * What a configuration describes. One without {@code model_type} whose fields are GPT-2's (of 2019) is read as
     * that; of a multimodal model, the text model is read ({@code text_config}).
     *
     * @throws org.edgeprune.io.InputException if no architecture claims its {@code model_type}, or the one that does
     *     cannot read it
     */
    Decoder decoder(ModelConfig config) {
        if (config.modelType().isEmpty()) {
            return decoder(named(config));
        }
        Architecture architecture = byModelType.get(config.modelType());
        if (architecture != null) {
            requireFullPrecision(config);
            return architecture.decoder(config);
        }
        ModelConfig text = config.node("text_config").isObject() ? config.textConfig() : config;
        if (text != config && byModelType.containsKey(text.modelType())) {
            config.note("describes a multimodal model (" + config.modelType() + "): its text model (" + text.modelType()
                    + ") is opened");
            return decoder(text);
        }
        throw text.error(
                "model_type",
                "is '" + text.modelType() + "', which "
                        + OtherModels.reason(text)
                                .orElse("is not supported: known are " + String.join(", ", byModelType.keySet())));
    }

    /** Without a {@code model_type}: what transformers would be told by the class that is used. */
    private ModelConfig named(ModelConfig config) {
        boolean gpt2 = byModelType.containsKey("gpt2")
                && config.has("n_embd")
                && config.has("n_head")
                && config.has("n_layer")
                && !config.has("afn"); // GPT-1
        if (!gpt2) {
            throw config.error(
                    "model_type",
                    "is missing: add the architecture's name to the file, such as \"model_type\": \"gpt2\": known are "
                            + String.join(", ", byModelType.keySet()));
        }
        config.note("states no model_type: it is read as \"model_type\": \"gpt2\", whose fields it has");
        return config.withModelType("gpt2");
    }

    private static void requireFullPrecision(ModelConfig config) {
        JsonNode quantised = config.node("quantization_config");
        if (quantised.isObject()) {
            throw config.error(
                    "quantization_config",
                    "says that the weights are quantised ("
                            + quantised.path("quant_method").asText("unknown method")
                            + "): choose the checkpoint before quantisation, or save it dequantised");
        }
    }
}
