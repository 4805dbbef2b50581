package org.edgeprune.model.architecture;

import java.util.List;
import java.util.Map;
import org.edgeprune.graph.GraphShape;
import org.edgeprune.model.Activation;
import org.edgeprune.model.ModelConfig;
import org.edgeprune.model.ModelSizes;
import org.edgeprune.model.Positions;

/**
 * The fields of a GPT-2 {@code config.json} that determine what the model computes.
 *
 * @param layers number of layers
 * @param heads number of heads per layer
 * @param hiddenSize width of the residual stream
 * @param innerSize width of the MLPs
 * @param vocabSize number of tokens
 * @param maxPositions length of the longest sequence
 * @param activation activation function of the MLPs
 * @param layerNormEpsilon eps of every LayerNorm
 * @param scaleAttention whether scores are divided by sqrt(headDim)
 * @param scaleByInverseLayer whether scores of layer l are also divided by l + 1
 * @param tiedHead whether the unembedding is the token embedding
 */
public record Gpt2Config(
        int layers,
        int heads,
        int hiddenSize,
        int innerSize,
        int vocabSize,
        int maxPositions,
        Activation activation,
        double layerNormEpsilon,
        boolean scaleAttention,
        boolean scaleByInverseLayer,
        boolean tiedHead) {

    /** Of HuggingFace's GPT2Config. */
    private static final String[] ATTRIBUTE_MAP = {
        "hidden_size",
        "n_embd",
        "max_position_embeddings",
        "n_positions",
        "num_attention_heads",
        "n_head",
        "num_hidden_layers",
        "n_layer"
    };

    /** Of HuggingFace's GPT2Config. */
    private static final Map<String, ?> DEFAULTS =
            Map.of("vocab_size", 50257, "n_positions", 1024, "n_embd", 768, "n_layer", 12, "n_head", 12);

    /**
     * Reads a configuration.
     *
     * @throws org.edgeprune.io.InputException naming the field that is missing, wrong or not supported
     */
    static Gpt2Config of(ModelConfig stated) {
        ModelConfig config = stated.withNames(ATTRIBUTE_MAP).withDefaults(DEFAULTS);
        int hidden = config.count("n_embd");
        int heads = config.count("n_head");
        config.headShare("n_embd", "n_head");
        if (config.flag("add_cross_attention", false)) {
            throw config.error(
                    "add_cross_attention", "is true: only decoder models without cross attention are supported");
        }
        Gpt2Config read = new Gpt2Config(
                config.count("n_layer"),
                heads,
                hidden,
                config.count("n_inner", 4 * hidden),
                config.count("vocab_size"),
                config.count("n_positions"),
                config.activation("activation_function", "gelu_new"),
                config.number("layer_norm_epsilon", 1e-5),
                config.flag("scale_attn_weights", true),
                config.flag("scale_attn_by_inverse_layer_idx", false),
                config.flag("tie_word_embeddings", true));
        config.refuseOthers();
        return read;
    }

    /**
     * GPT-2 of another size, with everything else as in the published models.
     *
     * @param layers number of layers
     * @param heads number of heads per layer
     * @param hiddenSize width of the residual stream, a multiple of {@code heads}
     * @param innerSize width of the MLPs
     * @param vocabSize number of tokens
     * @param maxPositions length of the longest sequence
     * @return the configuration
     */
    public static Gpt2Config ofSize(
            int layers, int heads, int hiddenSize, int innerSize, int vocabSize, int maxPositions) {
        return new Gpt2Config(
                layers,
                heads,
                hiddenSize,
                innerSize,
                vocabSize,
                maxPositions,
                Activation.GELU_TANH,
                1e-5,
                true,
                false,
                true);
    }

    /**
     * GPT-2 small: 12 layers of 12 heads, 768 wide.
     *
     * @return the configuration
     */
    public static Gpt2Config small() {
        return ofSize(12, 12, 768, 3072, 50257, 1024);
    }

    /** The graph's shape with embedding nodes. */
    GraphShape graphShape() {
        return new GraphShape(layers, heads, heads, List.of("tok_embeds", "pos_embeds"), false);
    }

    ModelSizes sizes() {
        return new ModelSizes(
                Gpt2.MODEL_TYPE,
                graphShape(),
                hiddenSize,
                hiddenSize / heads,
                innerSize,
                false,
                vocabSize,
                Positions.table(maxPositions));
    }
}
