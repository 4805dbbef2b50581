package org.edgeprune.model.architecture;

import java.util.List;
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
    public Decoder decoder(ModelConfig config) {
        // Only longrope uses it, but every Phi-3 has it.
        config.count("original_max_position_embeddings", 1);
        return LlamaConfig.reading(config)
                .windows(AttentionWindows.everywhere(config, config.count("sliding_window", 0)))
                .fused()
                .decoder();
    }
}
