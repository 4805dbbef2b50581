package org.edgeprune.model.architecture;

import java.util.List;
import java.util.Map;
import org.edgeprune.model.Architecture;
import org.edgeprune.model.Decoder;
import org.edgeprune.model.ModelConfig;

/**
 * StableLM and StableLM 2 (Bellagente et al. 2024): Llama with LayerNorm, rotary positions in a part of each head, and
 * in some, attention and MLP side by side and norms of each head's query and key.
 */
public final class StableLm implements Architecture {
    /** Of HuggingFace's StableLmConfig. */
    private static final Map<String, ?> DEFAULTS = Map.ofEntries(
            Map.entry("vocab_size", 50304),
            Map.entry("hidden_size", 2560),
            Map.entry("intermediate_size", 6912),
            Map.entry("num_hidden_layers", 32),
            Map.entry("num_attention_heads", 32),
            Map.entry("max_position_embeddings", 4096),
            Map.entry("num_key_value_heads", 32));

    /** For {@link java.util.ServiceLoader}. */
    public StableLm() {}

    @Override
    public List<String> modelTypes() {
        return List.of("stablelm");
    }

    @Override
    public Decoder decoder(ModelConfig stated) {
        ModelConfig config = stated.withDefaults(DEFAULTS);
        double eps = config.number("layer_norm_eps", 1e-5);
        LlamaConfig.Builder reading = LlamaConfig.reading(config)
                .layerNorm(eps)
                .parallel(config.flag("use_parallel_residual", false))
                .inputBias(config.flag("use_qkv_bias", false))
                .partialRotary(0.25);
        if (config.flag("qk_layernorm", false)) {
            reading.headNorms(new LlamaConfig.HeadNorms.Own(eps));
        }
        return reading.decoder();
    }
}
