package org.edgeprune.model.architecture;

import java.util.List;
import java.util.Map;
import org.edgeprune.model.Architecture;
import org.edgeprune.model.AttentionWindows;
import org.edgeprune.model.Decoder;
import org.edgeprune.model.ModelConfig;

/** Mistral (Jiang et al. 2023): Llama with a sliding window. */
public final class Mistral implements Architecture {
    /** For {@link java.util.ServiceLoader}. */
    public Mistral() {}

    @Override
    public List<String> modelTypes() {
        return List.of("mistral");
    }

    /** Of HuggingFace's MistralConfig. The window is that of the first version; later ones say null, for none. */
    private static final Map<String, ?> DEFAULTS = Map.of(
            "vocab_size", 32000,
            "hidden_size", 4096,
            "intermediate_size", 14336,
            "num_hidden_layers", 32,
            "num_attention_heads", 32,
            "num_key_value_heads", 8,
            "max_position_embeddings", 131072,
            "sliding_window", 4096);

    @Override
    public Decoder decoder(ModelConfig stated) {
        ModelConfig config = stated.withDefaults(DEFAULTS);
        int window = config.count("sliding_window", 0);
        return LlamaConfig.reading(config)
                .statedHeadDim()
                .windows(AttentionWindows.everywhere(config, window))
                .decoder();
    }
}
