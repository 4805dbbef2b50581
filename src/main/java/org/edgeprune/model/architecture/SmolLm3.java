package org.edgeprune.model.architecture;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;
import java.util.function.IntPredicate;
import org.edgeprune.model.Architecture;
import org.edgeprune.model.AttentionWindows;
import org.edgeprune.model.Decoder;
import org.edgeprune.model.ModelConfig;
import org.edgeprune.model.RotaryFields;

/** SmolLM 3 (Bakouch et al. 2025): Llama with layers whose queries and keys are not turned. */
public final class SmolLm3 implements Architecture {
    /** Of HuggingFace's SmolLM3Config. */
    private static final Map<String, ?> DEFAULTS = Map.ofEntries(
            Map.entry("vocab_size", 128256),
            Map.entry("hidden_size", 2048),
            Map.entry("intermediate_size", 11008),
            Map.entry("num_hidden_layers", 36),
            Map.entry("num_attention_heads", 16),
            Map.entry("max_position_embeddings", 32768),
            Map.entry("num_key_value_heads", 4));

    /** For {@link java.util.ServiceLoader}. */
    public SmolLm3() {}

    @Override
    public List<String> modelTypes() {
        return List.of("smollm3");
    }

    @Override
    public Decoder decoder(ModelConfig stated) {
        ModelConfig config = stated.withDefaults(DEFAULTS);
        config.node("max_window_layers"); // of Qwen 2's configuration; HuggingFace's class does not read it
        int layers = config.count("num_hidden_layers");
        IntPredicate turned = turned(config, layers);
        int window = config.flag("use_sliding_window", false) ? config.count("sliding_window", 0) : 0;
        config.node("sliding_window");
        return LlamaConfig.reading(config)
                .rotary(RotaryFields.of(config, config.headShare("hidden_size", "num_attention_heads"))
                        .defaultBase(2_000_000)
                        .read()
                        .everywhere(layers)
                        .without(turned.negate()))
                .windows(AttentionWindows.where(config, window, turned.negate()))
                .attentionBias(config.flag("attention_bias", false))
                .mlpBias(config.flag("mlp_bias", false))
                .tiedByDefault()
                .decoder();
    }

    /**
     * {@code no_rope_layers} has, against its name, 1 for each layer that is turned, and may have more entries than
     * there are layers; without it, every {@code no_rope_layer_interval}th layer is not.
     */
    private static IntPredicate turned(ModelConfig config, int layers) {
        int interval = config.count("no_rope_layer_interval", 4);
        if (!config.has("no_rope_layers")) {
            return layer -> (layer + 1) % interval != 0;
        }
        JsonNode flags = config.node("no_rope_layers");
        boolean sound = flags.isArray() && flags.size() >= layers;
        for (JsonNode flag : flags) {
            sound &= flag.isBoolean() || flag.isIntegralNumber();
        }
        if (!sound) {
            throw config.error("no_rope_layers", "is " + flags + ", expected 0 or 1 for each of " + layers + " layers");
        }
        return layer -> flags.get(layer).asInt() != 0;
    }
}
