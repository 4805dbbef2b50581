package org.edgeprune.model.architecture;

import java.util.List;
import org.edgeprune.graph.GraphShape;
import org.edgeprune.model.Activation;
import org.edgeprune.model.ModelConfig;
import org.edgeprune.model.ModelSizes;
import org.edgeprune.model.Positions;
import org.edgeprune.tracr.files.CompiledModelFiles;

/**
 * The {@code config.json} of a compiled Tracr model ({@link CompiledModelFiles#MODEL_TYPE}).
 *
 * @param unembedSize outputs at each position; 0 for none, the residual stream then is the output
 */
record TracrConfig(
        int layers,
        int heads,
        int modelSize,
        int keySize,
        int mlpSize,
        int vocabSize,
        int maxPositions,
        int unembedSize,
        boolean causal) {

    /** @throws org.edgeprune.io.InputException naming the field that is missing, wrong or not supported */
    public static TracrConfig of(ModelConfig config) {
        int key = config.count("key_size");
        if (config.count("value_size", key) != key) {
            throw config.error("value_size", "differs from key_size = " + key + ", which is not supported");
        }
        if (config.flag("layer_norm", false)) {
            throw config.error("layer_norm", "is true: only models without layer norm are supported");
        }
        if (config.activation("activation_function", "relu") != Activation.RELU) {
            throw config.error("activation_function", "must be relu");
        }
        return new TracrConfig(
                config.count("num_layers"),
                config.count("num_heads"),
                config.count("model_size"),
                key,
                config.count("mlp_hidden_size"),
                config.count("vocab_size"),
                config.count("max_position_embeddings"),
                config.has("unembed_size") ? config.count("unembed_size") : 0,
                config.flag("causal", false));
    }

    /** The graph's shape with embedding nodes. */
    GraphShape graphShape() {
        return new GraphShape(layers, heads, heads, List.of("tok_embeds", "pos_embeds"), false);
    }

    ModelSizes sizes() {
        return new ModelSizes(
                CompiledModelFiles.MODEL_TYPE,
                graphShape(),
                modelSize,
                keySize,
                mlpSize,
                false,
                vocabSize,
                Positions.table(maxPositions));
    }
}
