package org.edgeprune.model.architecture;

import java.util.List;
import java.util.Map;
import org.edgeprune.model.Architecture;
import org.edgeprune.model.Decoder;
import org.edgeprune.model.ModelConfig;

/**
 * Granite 3 (IBM 2024): Llama with factors on token embeddings, on scores, on what attention and MLP add to the
 * residual stream, and on logits. A writer's contribution is what enters the stream, the factor included.
 */
public final class Granite implements Architecture {
    /** Of HuggingFace's GraniteConfig. */
    private static final Map<String, ?> DEFAULTS = Map.ofEntries(
            Map.entry("vocab_size", 32000),
            Map.entry("hidden_size", 4096),
            Map.entry("intermediate_size", 11008),
            Map.entry("num_hidden_layers", 32),
            Map.entry("num_attention_heads", 32),
            Map.entry("max_position_embeddings", 2048));

    /** For {@link java.util.ServiceLoader}. */
    public Granite() {}

    @Override
    public List<String> modelTypes() {
        return List.of("granite");
    }

    @Override
    public Decoder decoder(ModelConfig stated) {
        ModelConfig config = stated.withDefaults(DEFAULTS);
        double divisor = config.number("logits_scaling", 1);
        double scale = config.number("attention_multiplier", 1);
        if (divisor == 0 || scale == 0) {
            throw config.error(
                    divisor == 0 ? "logits_scaling" : "attention_multiplier", "is 0: every output is the same");
        }
        return LlamaConfig.reading(config)
                .embeddingScale(config.number("embedding_multiplier", 1))
                .scoreScale(scale)
                .residualScale(config.number("residual_multiplier", 1))
                .logitScale(1 / divisor)
                .attentionBias(config.flag("attention_bias", false))
                .mlpBias(config.flag("mlp_bias", false))
                .decoder();
    }
}
