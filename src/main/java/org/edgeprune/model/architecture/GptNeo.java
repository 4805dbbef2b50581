package org.edgeprune.model.architecture;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.edgeprune.model.Architecture;
import org.edgeprune.model.AttentionWindows;
import org.edgeprune.model.Decoder;
import org.edgeprune.model.Linear.Bias;
import org.edgeprune.model.ModelConfig;
import org.edgeprune.model.NormKind;

/**
 * GPT-Neo (Black et al. 2021), also of the TinyStories models: global attention and attention within a window in turn,
 * and scores that are not scaled.
 */
public final class GptNeo implements Architecture {
    private static final GptNames NAMES = new GptNames(
            "transformer.",
            "wte",
            "h.",
            new GptNames.Layer("ln_1", "attn.attention.", "attn.attention.out_proj", "ln_2", "mlp.c_fc", "mlp.c_proj"),
            "ln_f");

    /** Of HuggingFace's GPTNeoConfig. */
    private static final Map<String, ?> DEFAULTS = Map.ofEntries(
            Map.entry("vocab_size", 50257),
            Map.entry("hidden_size", 2048),
            Map.entry("num_layers", 24),
            Map.entry("num_heads", 16),
            Map.entry("max_position_embeddings", 2048),
            Map.entry("window_size", 256));

    /** For {@link java.util.ServiceLoader}. */
    public GptNeo() {}

    @Override
    public List<String> modelTypes() {
        return List.of("gpt_neo");
    }

    @Override
    public Decoder decoder(ModelConfig stated) {
        ModelConfig config = stated.withNames("num_hidden_layers", "num_layers", "num_attention_heads", "num_heads")
                .withDefaults(DEFAULTS);
        GptConfig.Builder reading =
                GptConfig.reading(config, NAMES).sizeFields("hidden_size", "num_layers", "num_heads");
        return reading.innerOf("intermediate_size")
                .positions(new GptConfig.Scheme.Table("wpe", 0), config.count("max_position_embeddings", 2048))
                .scoreScale(1)
                .windows(windows(config, reading.layers()))
                .attentionBias(Bias.NONE, Bias.PRESENT)
                .activation(config.activation("activation_function", "gelu_new"))
                .norm(new NormKind.Layer(config.number("layer_norm_epsilon", 1e-5)))
                .decoder();
    }

    /**
     * {@code attention_types} counts how often a list of layers follows; {@code attention_layers} is written for it.
     */
    private static AttentionWindows windows(ModelConfig config, int layers) {
        config.node("attention_layers");
        int window = config.count("window_size", 256);
        List<Integer> windows = new ArrayList<>();
        if (config.has("attention_types")) {
            for (JsonNode entry : config.node("attention_types")) {
                int times = entry.path(1).asInt();
                if (!entry.path(0).isArray() || times < 1 || times > layers) {
                    throw config.error(
                            "attention_types",
                            "contains " + entry + ", expected [[types], count] with a count from 1 to " + layers);
                }
                for (int i = 0; i < times; i++) {
                    entry.path(0).forEach(type -> windows.add(window(config, type, window)));
                }
            }
        } else {
            for (int layer = 0; layer < 24; layer++) {
                windows.add(layer % 2 == 0 ? 0 : window);
            }
        }
        if (windows.size() != layers) {
            throw config.error(
                    "attention_types",
                    (config.has("attention_types") ? "names " : "is missing, and the default names ") + windows.size()
                            + " layers, but num_layers is " + layers);
        }
        return new AttentionWindows(windows);
    }

    private static int window(ModelConfig config, JsonNode type, int window) {
        return switch (type.asText()) {
            case "global" -> 0;
            case "local" -> window;
            default -> throw config.error("attention_types", "names " + type + ": known are global and local");
        };
    }
}
