package org.edgeprune.model.architecture;

import java.util.List;
import org.edgeprune.model.Architecture;
import org.edgeprune.model.AttentionWindows;
import org.edgeprune.model.Decoder;
import org.edgeprune.model.ModelConfig;

/** Mistral (Jiang et al. 2023): Llama with a sliding window. */
public final class Mistral implements Architecture {
    @Override
    public List<String> modelTypes() {
        return List.of("mistral");
    }

    @Override
    public Decoder decoder(ModelConfig config) {
        // Checkpoints without the field are of the first version, whose window is the default; later ones say null.
        int window = config.states("sliding_window") ? config.count("sliding_window", 0) : 4096;
        config.count("num_key_value_heads");
        return LlamaConfig.reading(config)
                .statedHeadDim()
                .windows(AttentionWindows.everywhere(config, window))
                .decoder();
    }
}
