package org.edgeprune.model.architecture;

import java.util.List;
import org.edgeprune.model.Architecture;
import org.edgeprune.model.Decoder;
import org.edgeprune.model.ModelConfig;

/** Llama (Touvron et al. 2023). */
public final class Llama implements Architecture {
    @Override
    public List<String> modelTypes() {
        return List.of("llama");
    }

    @Override
    public Decoder decoder(ModelConfig config) {
        return LlamaConfig.reading(config)
                .statedHeadDim()
                .attentionBias(config.flag("attention_bias", false))
                .mlpBias(config.flag("mlp_bias", false))
                .decoder();
    }
}
