package org.edgeprune.model;

import java.util.List;
import org.edgeprune.graph.GraphShape;

/**
 * The parts of a GPT-2 {@code config.json} that decide how the model computes; anything unsupported is refused by name.
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

    /** @throws org.edgeprune.io.InputException naming the field that is missing, wrong or not supported */
    public static Gpt2Config of(ModelConfig config) {
        int hidden = config.count("n_embd");
        int heads = config.count("n_head");
        if (hidden % heads != 0) {
            throw config.error("n_head", "is " + heads + ", which does not divide n_embd = " + hidden);
        }
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
                config.count("n_positions", 1024),
                config.activation("activation_function", "gelu_new"),
                config.number("layer_norm_epsilon", 1e-5),
                config.flag("scale_attn_weights", true),
                config.flag("scale_attn_by_inverse_layer_idx", false),
                config.flag("tie_word_embeddings", true));
        config.refuseOthers();
        return read;
    }

    /** GPT-2 small's sizes: 12 layers of 12 heads, 768 wide. */
    public static Gpt2Config small() {
        return new Gpt2Config(12, 12, 768, 3072, 50257, 1024, Activation.GELU_TANH, 1e-5, true, false, true);
    }

    /** The graph's shape with embedding nodes. */
    GraphShape graphShape() {
        return new GraphShape(layers, heads, heads, List.of("tok_embeds", "pos_embeds"), false);
    }

    ModelSizes sizes() {
        return new ModelSizes(
                "gpt2", graphShape(), hiddenSize, hiddenSize / heads, innerSize, false, vocabSize, maxPositions);
    }
}
