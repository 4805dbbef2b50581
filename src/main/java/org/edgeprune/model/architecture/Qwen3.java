package org.edgeprune.model.architecture;

import java.util.List;
import java.util.Map;
import org.edgeprune.model.Architecture;
import org.edgeprune.model.Decoder;
import org.edgeprune.model.ModelConfig;

/** Qwen 3: Qwen 2 without its biases, with norms of each query and key. */
public final class Qwen3 implements Architecture {
    /** For {@link java.util.ServiceLoader}. */
    public Qwen3() {}

    @Override
    public List<String> modelTypes() {
        return List.of("qwen3");
    }

    @Override
    public Decoder decoder(ModelConfig stated) {
        ModelConfig config = stated.withDefaults(Qwen2.DEFAULTS).withDefaults(Map.of("head_dim", 128));
        return LlamaConfig.reading(config)
                .headDim(config.count("head_dim"))
                .attentionBias(config.flag("attention_bias", false))
                .headNorms(new LlamaConfig.HeadNorms.Each())
                .windows(Qwen2.windows(config))
                .decoder();
    }
}
