package org.edgeprune.model.architecture;

import java.util.List;
import java.util.Map;
import org.edgeprune.model.Architecture;
import org.edgeprune.model.Decoder;
import org.edgeprune.model.ModelConfig;
import org.edgeprune.model.NormKind;
import org.edgeprune.model.RotaryConfig;
import org.edgeprune.model.RotaryFields;

/**
 * Phi 1, 1.5 and 2 (Gunasekar et al. 2023): attention and MLP side by side after one LayerNorm, biases everywhere,
 * rotary positions in a part of each head.
 */
public final class Phi implements Architecture {
    private static final GptNames NAMES = new GptNames(
            "model.",
            "embed_tokens",
            "layers.",
            new GptNames.Layer(
                    "input_layernorm", "self_attn.", "self_attn.dense", "input_layernorm", "mlp.fc1", "mlp.fc2"),
            "final_layernorm");

    /** Of HuggingFace's PhiConfig. */
    private static final Map<String, ?> DEFAULTS = Map.ofEntries(
            Map.entry("vocab_size", 51200),
            Map.entry("hidden_size", 2048),
            Map.entry("intermediate_size", 8192),
            Map.entry("num_hidden_layers", 24),
            Map.entry("num_attention_heads", 32),
            Map.entry("max_position_embeddings", 2048));

    /** For {@link java.util.ServiceLoader}. */
    public Phi() {}

    @Override
    public List<String> modelTypes() {
        return List.of("phi");
    }

    @Override
    public Decoder decoder(ModelConfig stated) {
        ModelConfig config = stated.withDefaults(DEFAULTS);
        GptConfig.Builder reading = GptConfig.reading(config, NAMES);
        RotaryConfig rotary =
                RotaryFields.of(config, reading.headDim()).partial(0.5).read();
        int positions = config.count("max_position_embeddings", 2048);
        return reading.inner(config.count("intermediate_size"))
                .positions(new GptConfig.Scheme.Rotary(rotary), positions)
                .headNorms(config.flag("qk_layernorm", false))
                .activation(config.activation("hidden_act", "gelu_new"))
                .norm(new NormKind.Layer(config.number("layer_norm_eps", 1e-5)))
                .untiedByDefault()
                .headBias()
                .decoder();
    }
}
