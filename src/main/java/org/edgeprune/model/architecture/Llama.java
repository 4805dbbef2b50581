package org.edgeprune.model.architecture;

import java.util.List;
import java.util.Map;
import org.edgeprune.model.Architecture;
import org.edgeprune.model.Decoder;
import org.edgeprune.model.ModelConfig;

/** Llama (Touvron et al. 2023). */
public final class Llama implements Architecture {
    /** For {@link java.util.ServiceLoader}. */
    public Llama() {}

    @Override
    public List<String> modelTypes() {
        return List.of("llama");
    }

    /** Of HuggingFace's LlamaConfig. */
    private static final Map<String, ?> DEFAULTS = Map.of(
            "vocab_size", 32000,
            "hidden_size", 4096,
            "intermediate_size", 11008,
            "num_hidden_layers", 32,
            "num_attention_heads", 32,
            "max_position_embeddings", 2048);

    @Override
    public Decoder decoder(ModelConfig stated) {
        ModelConfig config = stated.withDefaults(DEFAULTS);
        return LlamaConfig.reading(config)
                .statedHeadDim()
                .attentionBias(config.flag("attention_bias", false))
                .mlpBias(config.flag("mlp_bias", false))
                .decoder();
    }
}
