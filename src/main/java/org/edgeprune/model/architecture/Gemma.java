package org.edgeprune.model.architecture;

import java.util.List;
import java.util.Map;
import org.edgeprune.model.Activation;
import org.edgeprune.model.Architecture;
import org.edgeprune.model.Decoder;
import org.edgeprune.model.ModelConfig;

/** Gemma (2024): Llama with scaled embeddings, norm weights stored one less than they count, and a tied head. */
public final class Gemma implements Architecture {
    /** For {@link java.util.ServiceLoader}. */
    public Gemma() {}

    @Override
    public List<String> modelTypes() {
        return List.of("gemma");
    }

    /** Of HuggingFace's GemmaConfig. */
    private static final Map<String, ?> DEFAULTS = Map.of(
            "vocab_size", 256000,
            "hidden_size", 3072,
            "intermediate_size", 24576,
            "num_hidden_layers", 28,
            "num_attention_heads", 16,
            "num_key_value_heads", 16,
            "head_dim", 256,
            "max_position_embeddings", 8192);

    @Override
    public Decoder decoder(ModelConfig stated) {
        ModelConfig config = stated.withDefaults(DEFAULTS);
        return reading(config)
                .attentionBias(config.flag("attention_bias", false))
                .activation(activation(config))
                .decoder();
    }

    /**
     * {@code hidden_act}; the first checkpoints say "gelu" and mean its tanh form, as HuggingFace reads them.
     * {@code hidden_activation} is without effect in transformers 5; some releases of 4 let it win, but checkpoints
     * that state both state the same.
     */
    private static Activation activation(ModelConfig config) {
        config.has("hidden_activation");
        String name = config.text("hidden_act", "gelu_pytorch_tanh");
        return name.equals("gelu") ? Activation.GELU_TANH : config.activation("hidden_act", name);
    }

    /** What all Gemmas have. */
    static LlamaConfig.Builder reading(ModelConfig config) {
        return LlamaConfig.reading(config)
                .headDim(config.count("head_dim"))
                .normOffset(1)
                .embeddingScale(Math.sqrt(config.count("hidden_size")))
                .tiedByDefault();
    }
}
