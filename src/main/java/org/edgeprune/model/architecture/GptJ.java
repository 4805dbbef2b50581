package org.edgeprune.model.architecture;

import java.util.List;
import java.util.Map;
import org.edgeprune.model.Architecture;
import org.edgeprune.model.Decoder;
import org.edgeprune.model.Linear.Bias;
import org.edgeprune.model.ModelConfig;
import org.edgeprune.model.NormKind;
import org.edgeprune.model.RotaryConfig;
import org.edgeprune.model.RotaryScaling;

/**
 * GPT-J (Wang and Komatsuzaki 2021): attention and MLP side by side after one LayerNorm, rotary positions of
 * neighbouring dimensions in a part of each head.
 */
public final class GptJ implements Architecture {
    private static final GptNames NAMES = new GptNames(
            "transformer.",
            "wte",
            "h.",
            new GptNames.Layer("ln_1", "attn.", "attn.out_proj", "ln_1", "mlp.fc_in", "mlp.fc_out"),
            "ln_f");

    /** Of HuggingFace's GPTJConfig. */
    private static final Map<String, ?> DEFAULTS = Map.ofEntries(
            Map.entry("vocab_size", 50400),
            Map.entry("n_embd", 4096),
            Map.entry("n_layer", 28),
            Map.entry("n_head", 16),
            Map.entry("n_positions", 2048),
            Map.entry("rotary_dim", 64));

    /** For {@link java.util.ServiceLoader}. */
    public GptJ() {}

    @Override
    public List<String> modelTypes() {
        return List.of("gptj");
    }

    @Override
    public Decoder decoder(ModelConfig stated) {
        ModelConfig config = stated.withNames(
                        "hidden_size",
                        "n_embd",
                        "num_hidden_layers",
                        "n_layer",
                        "num_attention_heads",
                        "n_head",
                        "max_position_embeddings",
                        "n_positions")
                .withDefaults(DEFAULTS);
        // Published beside the fields that count; HuggingFace's class knows none of them.
        config.has("rope_scaling");
        config.flag("rotary", true);
        config.flag("scale_attn_weights", true);
        GptConfig.Builder reading = GptConfig.reading(config, NAMES).sizeFields("n_embd", "n_layer", "n_head");
        int positions = config.count("n_positions", 2048);
        return reading.innerOf("n_inner")
                .positions(new GptConfig.Scheme.InterleavedRotary(rotary(config, reading)), positions)
                .attentionBias(Bias.NONE, Bias.NONE)
                .activation(config.activation("activation_function", "gelu_new"))
                .norm(new NormKind.Layer(config.number("layer_norm_epsilon", 1e-5)))
                .untiedByDefault()
                .headBias()
                .decoder();
    }

    /** A null {@code rotary_dim} turns whole heads, but by the frequencies of the first pairs of {@code n_embd}. */
    private static RotaryConfig rotary(ModelConfig config, GptConfig.Builder reading) {
        if (config.states("rotary_dim") && !config.has("rotary_dim")) {
            throw config.error(
                    "rotary_dim", "is null, which is not supported: give the number of dimensions that rotate");
        }
        int dim = config.count("rotary_dim", 64);
        if (dim % 2 != 0 || dim > reading.headDim()) {
            throw config.error(
                    "rotary_dim",
                    "is " + dim + ", expected an even number up to the width of a head, " + reading.headDim());
        }
        return new RotaryConfig(10000, dim, new RotaryScaling.None());
    }
}
