package org.edgeprune.model.architecture;

import java.util.List;
import java.util.Map;
import org.edgeprune.model.Architecture;
import org.edgeprune.model.Decoder;
import org.edgeprune.model.Linear.Bias;
import org.edgeprune.model.ModelConfig;
import org.edgeprune.model.NormKind;

/**
 * OPT (Zhang et al. 2022) and Galactica: learned positions, of which the first two rows are not used. OPT-350M is
 * refused: it normalises the residual stream itself, so that this is not a sum of what writers add.
 */
public final class Opt implements Architecture {
    private static final GptNames NAMES = new GptNames(
            "model.decoder.",
            "embed_tokens",
            "layers.",
            new GptNames.Layer(
                    "self_attn_layer_norm", "self_attn.", "self_attn.out_proj", "final_layer_norm", "fc1", "fc2"),
            "final_layer_norm");

    /** PyTorch's, which the configuration does not change. */
    private static final double EPSILON = 1e-5;

    /** Of HuggingFace's OPTConfig. */
    private static final Map<String, ?> DEFAULTS = Map.ofEntries(
            Map.entry("vocab_size", 50272),
            Map.entry("hidden_size", 768),
            Map.entry("ffn_dim", 3072),
            Map.entry("num_hidden_layers", 12),
            Map.entry("num_attention_heads", 12),
            Map.entry("max_position_embeddings", 2048));

    /** For {@link java.util.ServiceLoader}. */
    public Opt() {}

    @Override
    public List<String> modelTypes() {
        return List.of("opt");
    }

    @Override
    public Decoder decoder(ModelConfig stated) {
        ModelConfig config = stated.withDefaults(DEFAULTS);
        GptConfig.Builder reading = GptConfig.reading(config, NAMES);
        if (!config.flag("do_layer_norm_before", true)) {
            throw config.error(
                    "do_layer_norm_before",
                    "is false: the residual stream is normalised after each sum, so that it has no edges to cut; "
                            + "use a model of this family that normalises before (all but opt-350m do)");
        }
        int embedded = config.count("word_embed_proj_dim", reading.hidden());
        if (embedded != reading.hidden()) {
            throw config.error(
                    "word_embed_proj_dim",
                    "is " + embedded + ", but hidden_size is " + reading.hidden()
                            + ": projected token embeddings (project_in, project_out) are not supported");
        }
        Bias bias = Bias.of(config.flag("enable_bias", true));
        boolean affine = config.flag("layer_norm_elementwise_affine", true);
        if (config.flag("_remove_final_layer_norm", false)) {
            reading.withoutFinalNorm();
        }
        return reading.inner(config.count("ffn_dim"))
                .positions(
                        new GptConfig.Scheme.Table("embed_positions", 2), config.count("max_position_embeddings", 2048))
                .attentionBias(bias, bias)
                .mlpBias(bias)
                .activation(config.activation("activation_function", "relu"))
                .norm(affine ? new NormKind.Layer(EPSILON) : new NormKind.PlainLayer(EPSILON))
                .decoder();
    }
}
