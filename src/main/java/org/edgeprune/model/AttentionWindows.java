package org.edgeprune.model;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Collections;
import java.util.List;
import java.util.function.IntPredicate;

/**
 * How many positions each layer's attention sees, including the token's own.
 *
 * @param byLayer one number for each layer; 0 for all positions
 */
public record AttentionWindows(List<Integer> byLayer) {
    /** Copies the list. */
    public AttentionWindows {
        byLayer = List.copyOf(byLayer);
    }

    /**
     * No window in any layer.
     *
     * @param layers number of layers
     * @return windows of 0
     */
    public static AttentionWindows all(int layers) {
        return new AttentionWindows(Collections.nCopies(layers, 0));
    }

    /**
     * The same window in every layer. For architectures that do not read {@code layer_types}: if that field names
     * layers without the window, {@link ModelConfig#notes} will say so.
     *
     * @param config the configuration
     * @param window positions that are seen; 0 for all
     * @return the windows
     */
    public static AttentionWindows everywhere(ModelConfig config, int window) {
        for (JsonNode type : config.node("layer_types")) {
            if (window > 0 && !type.asText().equals(LayerTypes.SLIDING)) {
                config.note("names " + type + " in layer_types, which " + config.modelType()
                        + " does not read in transformers: every layer has a window of " + window);
            }
        }
        return new AttentionWindows(Collections.nCopies(config.count("num_hidden_layers"), window));
    }

    /**
     * The window in the layers that {@code layer_types} calls {@code sliding_attention}, or if that field is absent, in
     * those of the architecture.
     *
     * @param config the configuration
     * @param window positions that are seen; 0 for all
     * @param sliding whether a layer has the window if {@code layer_types} is absent
     * @return the windows
     * @throws org.edgeprune.io.InputException as {@link LayerTypes#of}
     */
    public static AttentionWindows where(ModelConfig config, int window, IntPredicate sliding) {
        return of(LayerTypes.of(config, sliding), window);
    }

    /**
     * The window in the layers that have one.
     *
     * @param types which layers these are
     * @param window positions that are seen; 0 for all
     * @return the windows
     */
    public static AttentionWindows of(LayerTypes types, int window) {
        return new AttentionWindows(types.slidingByLayer().stream()
                .map(sliding -> sliding ? window : 0)
                .toList());
    }

    /**
     * The window of a layer.
     *
     * @param layer from 0
     * @return positions that are seen; 0 for all
     */
    public int of(int layer) {
        return byLayer.get(layer);
    }
}
