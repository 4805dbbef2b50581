package org.edgeprune.model.architecture;

import java.util.List;
import java.util.Map;
import org.edgeprune.model.Architecture;
import org.edgeprune.model.AttentionWindows;
import org.edgeprune.model.Decoder;
import org.edgeprune.model.ModelConfig;
import org.edgeprune.model.RotaryFields;

/** Phi-3 (Abdin et al. 2024): Llama with fused parameters. */
public final class Phi3 implements Architecture {
    /** For {@link java.util.ServiceLoader}. */
    public Phi3() {}

    @Override
    public List<String> modelTypes() {
        return List.of("phi3");
    }

    /** Of HuggingFace's Phi3Config. */
    private static final Map<String, ?> DEFAULTS = Map.of(
            "vocab_size",
            32064,
            "hidden_size",
            3072,
            "intermediate_size",
            8192,
            "num_hidden_layers",
            32,
            "num_attention_heads",
            32,
            "rms_norm_eps",
            1e-5,
            "max_position_embeddings",
            4096,
            RotaryFields.TRAINED,
            4096);

    @Override
    public Decoder decoder(ModelConfig stated) {
        ModelConfig config = stated.withDefaults(DEFAULTS);
        return LlamaConfig.reading(config)
                .statedHeadDim()
                .windows(AttentionWindows.everywhere(config, config.count("sliding_window", 0)))
                .partialRotary(1)
                .fused()
                .decoder();
    }
}
