package org.edgeprune.model.architecture;

import java.util.List;
import java.util.Map;
import org.edgeprune.model.Architecture;
import org.edgeprune.model.AttentionWindows;
import org.edgeprune.model.Decoder;
import org.edgeprune.model.ModelConfig;

/** Gemma 2 (2024): Gemma with norms after attention and MLP, soft limits, and a window in every other layer. */
public final class Gemma2 implements Architecture {
    /** For {@link java.util.ServiceLoader}. */
    public Gemma2() {}

    @Override
    public List<String> modelTypes() {
        return List.of("gemma2");
    }

    /** Of HuggingFace's Gemma2Config. */
    private static final Map<String, ?> DEFAULTS = Map.ofEntries(
            Map.entry("vocab_size", 256000),
            Map.entry("hidden_size", 2304),
            Map.entry("intermediate_size", 9216),
            Map.entry("num_hidden_layers", 26),
            Map.entry("num_attention_heads", 8),
            Map.entry("num_key_value_heads", 4),
            Map.entry("head_dim", 256),
            Map.entry("max_position_embeddings", 8192),
            Map.entry("sliding_window", 4096),
            Map.entry("attn_logit_softcapping", 50),
            Map.entry("final_logit_softcapping", 30));

    @Override
    public Decoder decoder(ModelConfig stated) {
        ModelConfig config = stated.withDefaults(DEFAULTS);
        // The class of HuggingFace reads hidden_activation; hidden_act is left over from Gemma 1.
        config.has("hidden_act");
        int window = config.count("sliding_window", 0);
        return Gemma.reading(config)
                .scoreScale(1 / Math.sqrt(config.number("query_pre_attn_scalar", 256)))
                .scoreCap(config.number("attn_logit_softcapping", 0))
                .windows(AttentionWindows.where(config, window, layer -> layer % 2 == 0))
                .activation(config.activation("hidden_activation", "gelu_pytorch_tanh"))
                .normsAround()
                .logitCap(config.number("final_logit_softcapping", 0))
                .decoder();
    }
}
