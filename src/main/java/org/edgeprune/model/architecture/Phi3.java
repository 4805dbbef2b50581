package org.edgeprune.model.architecture;

import java.util.List;
import java.util.Map;
import org.edgeprune.model.Architecture;
import org.edgeprune.model.AttentionWindows;
import org.edgeprune.model.Decoder;
import org.edgeprune.model.ModelConfig;

/** Phi-3 (Abdin et al. 2024): Llama with fused parameters. */
public final class Phi3 implements Architecture {
    @Override
    public List<String> modelTypes() {
        return List.of("phi3");
    }

    @Override
    public Decoder decoder(ModelConfig stated) {
        ModelConfig config =
                stated.withDefaults(Map.of("rms_norm_eps", 1e-5, "original_max_position_embeddings", 4096));
        return LlamaConfig.reading(config)
                .windows(AttentionWindows.everywhere(config, config.count("sliding_window", 0)))
                .partialRotary(1)
                .fused()
                .decoder();
    }
}
