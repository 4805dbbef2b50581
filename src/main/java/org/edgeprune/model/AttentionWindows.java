package org.edgeprune.model;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/**
 * How many positions each layer's attention sees, itself included.
 *
 * @param byLayer one number for each layer; 0 for all positions
 */
public record AttentionWindows(List<Integer> byLayer) {
    public AttentionWindows {
        byLayer = List.copyOf(byLayer);
    }

    /** The same window in every layer that {@code layer_types} does not name otherwise; 0 for none. */
    public static AttentionWindows everywhere(ModelConfig config, int window) {
        return where(config, window, layer -> true);
    }

    /**
     * The window in the layers that {@code layer_types} calls {@code sliding_attention}, or where that field is absent,
     * in those of the architecture.
     *
     * @throws org.edgeprune.io.InputException if {@code layer_types} has another length than the model, or other types
     */
    public static AttentionWindows where(ModelConfig config, int window, IntPredicate sliding) {
        int layers = config.count("num_hidden_layers");
        if (!config.has("layer_types")) {
            return new AttentionWindows(IntStream.range(0, layers)
                    .mapToObj(layer -> sliding.test(layer) ? window : 0)
                    .toList());
        }
        List<Integer> windows = new ArrayList<>();
        for (JsonNode type : config.node("layer_types")) {
            windows.add(
                    switch (type.asText()) {
                        case "full_attention" -> 0;
                        case "sliding_attention" -> window;
                        default ->
                            throw config.error(
                                    "layer_types",
                                    "names " + type + ": known are full_attention and sliding_attention");
                    });
        }
        if (windows.size() != layers) {
            throw config.error("layer_types", "has " + windows.size() + " entries for " + layers + " layers");
        }
        return new AttentionWindows(windows);
    }

    /** The window of a layer, 0 for none. */
    public int of(int layer) {
        return byLayer.get(layer);
    }
}
