package org.edgeprune.model.architecture;

import java.util.List;
import org.edgeprune.model.Activation;
import org.edgeprune.model.Architecture;
import org.edgeprune.model.Decoder;
import org.edgeprune.model.ModelConfig;

/** Gemma (2024): Llama with scaled embeddings, norm weights stored one less than they count, and a tied head. */
public final class Gemma implements Architecture {
    @Override
    public List<String> modelTypes() {
        return List.of("gemma");
    }

    @Override
    public Decoder decoder(ModelConfig config) {
        return reading(config)
                .attentionBias(config.flag("attention_bias", false))
                .activation(activation(config))
                .decoder();
    }

    /** The first checkpoints say {@code hidden_act} "gelu" and mean its tanh form, as HuggingFace reads them. */
    private static Activation activation(ModelConfig config) {
        boolean first = !config.has("hidden_activation")
                && config.text("hidden_act", "gelu").equals("gelu");
        return first
                ? Activation.GELU_TANH
                : config.activation(config.has("hidden_activation") ? "hidden_activation" : "hidden_act", "");
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
