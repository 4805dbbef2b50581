package org.edgeprune.model.architecture;

import java.util.List;
import java.util.Map;
import org.edgeprune.model.Architecture;
import org.edgeprune.model.AttentionWindows;
import org.edgeprune.model.Decoder;
import org.edgeprune.model.LayerTypes;
import org.edgeprune.model.ModelConfig;
import org.edgeprune.model.RotaryFields;
import org.edgeprune.model.RotaryLayers;

/**
 * Gemma 3 (Gemma Team 2025), its text models: Gemma 2 with norms of each query and key instead of limits of the scores,
 * five layers with a window to one without, and a base of the rotary positions for each kind of layer. As in Gemma 2, a
 * writer's contribution to the residual stream is behind the norm that stands after its block.
 */
public final class Gemma3 implements Architecture {
    /** Of HuggingFace's Gemma3TextConfig. */
    private static final Map<String, ?> DEFAULTS = Map.ofEntries(
            Map.entry("vocab_size", 262208),
            Map.entry("hidden_size", 2304),
            Map.entry("intermediate_size", 9216),
            Map.entry("num_hidden_layers", 26),
            Map.entry("num_attention_heads", 8),
            Map.entry("num_key_value_heads", 4),
            Map.entry("head_dim", 256),
            Map.entry("max_position_embeddings", 131072),
            Map.entry("query_pre_attn_scalar", 256),
            Map.entry("sliding_window", 4096));

    /** For {@link java.util.ServiceLoader}. */
    public Gemma3() {}

    @Override
    public List<String> modelTypes() {
        return List.of("gemma3_text");
    }

    @Override
    public Decoder decoder(ModelConfig stated) {
        ModelConfig config = stated.withDefaults(DEFAULTS);
        if (config.flag("use_bidirectional_attention", false)) {
            throw config.error(
                    "use_bidirectional_attention", "is true: the model embeds texts and predicts no next tokens");
        }
        // HuggingFace's class has this field and does not use it.
        config.number("attn_logit_softcapping", 0);
        int pattern = config.count("sliding_window_pattern", 6);
        LayerTypes types = LayerTypes.of(config, layer -> (layer + 1) % pattern != 0);
        int headDim = config.count("head_dim");
        return Gemma.reading(config)
                .scoreScale(1 / Math.sqrt(config.number("query_pre_attn_scalar", 256)))
                .headNorms(new LlamaConfig.HeadNorms.Each())
                .windows(AttentionWindows.of(types, config.count("sliding_window", 0)))
                .rotary(RotaryLayers.byType(
                        types,
                        RotaryFields.of(config, headDim)
                                .baseField("rope_local_base_freq")
                                .read(LayerTypes.SLIDING, false),
                        RotaryFields.of(config, headDim).defaultBase(1_000_000).read(LayerTypes.FULL, true)))
                .activation(config.activation("hidden_activation", "gelu_pytorch_tanh"))
                .normsAround()
                .logitCap(config.number("final_logit_softcapping", 0))
                .decoder();
    }
}
