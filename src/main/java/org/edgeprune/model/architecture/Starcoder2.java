package org.edgeprune.model.architecture;

import java.util.List;
import java.util.Map;
import org.edgeprune.model.Architecture;
import org.edgeprune.model.AttentionWindows;
import org.edgeprune.model.Decoder;
import org.edgeprune.model.Linear.Bias;
import org.edgeprune.model.ModelConfig;
import org.edgeprune.model.NormKind;
import org.edgeprune.model.RotaryConfig;
import org.edgeprune.model.RotaryFields;

/** StarCoder 2 (Lozhkov et al. 2024): grouped queries, a sliding window, LayerNorm, an MLP without a gate. */
public final class Starcoder2 implements Architecture {
    private static final GptNames NAMES = new GptNames(
            "model.",
            "embed_tokens",
            "layers.",
            new GptNames.Layer(
                    "input_layernorm",
                    "self_attn.",
                    "self_attn.o_proj",
                    "post_attention_layernorm",
                    "mlp.c_fc",
                    "mlp.c_proj"),
            "norm");

    /** Of HuggingFace's Starcoder2Config. */
    private static final Map<String, ?> DEFAULTS = Map.ofEntries(
            Map.entry("vocab_size", 49152),
            Map.entry("hidden_size", 3072),
            Map.entry("intermediate_size", 12288),
            Map.entry("num_hidden_layers", 30),
            Map.entry("num_attention_heads", 24),
            Map.entry("max_position_embeddings", 4096),
            Map.entry("num_key_value_heads", 2));

    /** For {@link java.util.ServiceLoader}. */
    public Starcoder2() {}

    @Override
    public List<String> modelTypes() {
        return List.of("starcoder2");
    }

    @Override
    public Decoder decoder(ModelConfig stated) {
        ModelConfig config = stated.withDefaults(DEFAULTS);
        GptConfig.Builder reading = GptConfig.reading(config, NAMES);
        RotaryConfig rotary = RotaryFields.of(config, reading.headDim()).read();
        Bias bias = Bias.of(config.flag("use_bias", true));
        return reading.inner(config.count("intermediate_size"))
                .positions(new GptConfig.Scheme.Rotary(rotary), config.count("max_position_embeddings", 4096))
                .windows(AttentionWindows.everywhere(config, config.count("sliding_window", 0)))
                .attentionBias(bias, bias)
                .mlpBias(bias)
                .activation(config.activation("hidden_act", "gelu_pytorch_tanh"))
                .norm(new NormKind.Layer(config.number("norm_epsilon", 1e-5)))
                .decoder();
    }
}
