package org.edgeprune.model.architecture;

import java.util.List;
import org.edgeprune.model.Architecture;
import org.edgeprune.model.AttentionWindows;
import org.edgeprune.model.Decoder;
import org.edgeprune.model.ModelConfig;

/** Qwen 2 and 2.5: Llama with biases of queries, keys and values, and windows in the upper layers if switched on. */
public final class Qwen2 implements Architecture {
    @Override
    public List<String> modelTypes() {
        return List.of("qwen2");
    }

    @Override
    public Decoder decoder(ModelConfig config) {
        return LlamaConfig.reading(config)
                .inputBias(true)
                .windows(windows(config))
                .decoder();
    }

    /** A window from layer {@code max_window_layers} on, if {@code use_sliding_window} says so. */
    static AttentionWindows windows(ModelConfig config) {
        boolean on = config.flag("use_sliding_window", false);
        int window = config.count("sliding_window", 4096);
        double full = config.number("max_window_layers", 28);
        return AttentionWindows.where(config, on ? window : 0, layer -> layer >= full);
    }
}
