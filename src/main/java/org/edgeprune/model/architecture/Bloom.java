package org.edgeprune.model.architecture;

import java.util.List;
import java.util.Map;
import org.edgeprune.model.Architecture;
import org.edgeprune.model.Decoder;
import org.edgeprune.model.ModelConfig;
import org.edgeprune.model.NormKind;

/** BLOOM (BigScience 2022): linear biases by distance (ALiBi) for positions, a norm of the token embeddings. */
public final class Bloom implements Architecture {
    private static final GptNames NAMES = new GptNames(
            "transformer.",
            "word_embeddings",
            "h.",
            new GptNames.Layer(
                    "input_layernorm",
                    "self_attention.query_key_value",
                    "self_attention.dense",
                    "post_attention_layernorm",
                    "mlp.dense_h_to_4h",
                    "mlp.dense_4h_to_h"),
            "ln_f");

    /** Of the code that BLOOM was trained with; HuggingFace's class reads none of them. */
    private static final List<String> OF_TRAINING = List.of(
            "attention_softmax_in_fp32",
            "bias_dropout_fusion",
            "masked_softmax_fusion",
            "n_inner",
            "offset_alibi",
            "skip_bias_add",
            "skip_bias_add_qkv",
            "slow_but_exact");

    /** Of HuggingFace's BloomConfig. */
    private static final Map<String, ?> DEFAULTS = Map.ofEntries(
            Map.entry("vocab_size", 250880),
            Map.entry("hidden_size", 64),
            Map.entry("n_layer", 2),
            Map.entry("n_head", 8));

    /** For {@link java.util.ServiceLoader}. */
    public Bloom() {}

    @Override
    public List<String> modelTypes() {
        return List.of("bloom");
    }

    @Override
    public Decoder decoder(ModelConfig stated) {
        ModelConfig config = stated.withNames(
                        "n_embed", "hidden_size", "num_hidden_layers", "n_layer", "num_attention_heads", "n_head")
                .withDefaults(DEFAULTS);
        OF_TRAINING.forEach(config::node);
        if (config.flag("apply_residual_connection_post_layernorm", false)) {
            throw config.error(
                    "apply_residual_connection_post_layernorm",
                    "is true: the residual stream is normalised in each layer, so that it has no edges to cut");
        }
        GptConfig.Builder reading = GptConfig.reading(config, NAMES).sizeFields("hidden_size", "n_layer", "n_head");
        return reading.inner(4 * reading.hidden())
                .positions(new GptConfig.Scheme.LinearBiases(), config.count("seq_length", 2048))
                .joined()
                .norm(new NormKind.Layer(config.number("layer_norm_epsilon", 1e-5)))
                .embeddingNorm("word_embeddings_layernorm")
                .decoder();
    }
}
