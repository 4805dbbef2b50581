package org.edgeprune.model.architecture;

import java.util.List;
import org.edgeprune.model.Architecture;
import org.edgeprune.model.AttentionWindows;
import org.edgeprune.model.Decoder;
import org.edgeprune.model.ModelConfig;

/** Gemma 2 (2024): Gemma with norms after attention and MLP, soft limits, and a window in every other layer. */
public final class Gemma2 implements Architecture {
    @Override
    public List<String> modelTypes() {
        return List.of("gemma2");
    }

    @Override
    public Decoder decoder(ModelConfig config) {
        if (config.flag("attention_bias", false)) {
            throw config.error(
                    "attention_bias", "is true: an output bias is not supported where the sum of heads is normalised");
        }
        // The class of HuggingFace reads hidden_activation; hidden_act is left over from Gemma 1.
        config.text("hidden_act", "");
        int window = config.count("sliding_window", 4096);
        return Gemma.reading(config)
                .scoreScale(1 / Math.sqrt(config.number("query_pre_attn_scalar", 256)))
                .scoreCap(cap(config, "attn_logit_softcapping", 50))
                .windows(AttentionWindows.where(config, window, layer -> layer % 2 == 0))
                .activation(config.activation("hidden_activation", "gelu_pytorch_tanh"))
                .postNorms()
                .logitCap(cap(config, "final_logit_softcapping", 30))
                .decoder();
    }

    /** A soft limit: null means none, and where the field is absent, the default of HuggingFace counts. */
    private static double cap(ModelConfig config, String field, double otherwise) {
        return config.number(field, config.states(field) ? 0 : otherwise);
    }
}
