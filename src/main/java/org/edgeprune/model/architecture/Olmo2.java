package org.edgeprune.model.architecture;

import java.util.List;
import java.util.Map;
import org.edgeprune.model.Architecture;
import org.edgeprune.model.Decoder;
import org.edgeprune.model.ModelConfig;

/**
 * OLMo 2 (Walsh et al. 2025): Llama with norms of what attention and MLP add instead of what they read, and of all
 * queries and all keys of a layer together. What a head contributes to the residual stream is behind the norm of its
 * layer, and all heads of a layer depend on each other's queries and keys through theirs.
 */
public final class Olmo2 implements Architecture {
    /** Of HuggingFace's Olmo2Config. */
    private static final Map<String, ?> DEFAULTS = Map.ofEntries(
            Map.entry("vocab_size", 50304),
            Map.entry("hidden_size", 4096),
            Map.entry("intermediate_size", 11008),
            Map.entry("num_hidden_layers", 32),
            Map.entry("num_attention_heads", 32),
            Map.entry("max_position_embeddings", 2048),
            Map.entry("rms_norm_eps", 1e-5));

    /** For {@link java.util.ServiceLoader}. */
    public Olmo2() {}

    @Override
    public List<String> modelTypes() {
        return List.of("olmo2");
    }

    @Override
    public Decoder decoder(ModelConfig stated) {
        ModelConfig config = stated.withDefaults(DEFAULTS);
        return LlamaConfig.reading(config)
                .normsAfter()
                .headNorms(new LlamaConfig.HeadNorms.Joint())
                .decoder();
    }
}
