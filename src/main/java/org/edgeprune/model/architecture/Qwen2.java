package org.edgeprune.model.architecture;

import java.util.List;
import java.util.Map;
import org.edgeprune.model.Architecture;
import org.edgeprune.model.AttentionWindows;
import org.edgeprune.model.Decoder;
import org.edgeprune.model.ModelConfig;

/** Qwen 2 and 2.5: Llama with biases of queries, keys and values, and windows in the upper layers if switched on. */
public final class Qwen2 implements Architecture {
    /** For {@link java.util.ServiceLoader}. */
    public Qwen2() {}

    @Override
    public List<String> modelTypes() {
        return List.of("qwen2");
    }

    /** Of HuggingFace's Qwen2Config and Qwen3Config. */
    static final Map<String, ?> DEFAULTS = Map.of(
            "vocab_size", 151936,
            "hidden_size", 4096,
            "intermediate_size", 22016,
            "num_hidden_layers", 32,
            "num_attention_heads", 32,
            "num_key_value_heads", 32,
            "max_position_embeddings", 32768,
            "sliding_window", 4096);

    @Override
    public Decoder decoder(ModelConfig stated) {
        ModelConfig config = stated.withDefaults(DEFAULTS);
        return LlamaConfig.reading(config)
                .statedHeadDim()
                .inputBias(true)
                .windows(windows(config))
                .decoder();
    }

    /** A window from layer {@code max_window_layers} on, if {@code use_sliding_window} says so. */
    static AttentionWindows windows(ModelConfig config) {
        boolean on = config.flag("use_sliding_window", false);
        int window = on ? config.count("sliding_window", 0) : 0;
        config.has("sliding_window");
        double full = config.number("max_window_layers", 28);
        return AttentionWindows.where(config, window, layer -> layer >= full);
    }
}
