package org.edgeprune.model;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/**
 * Which layers attend within a sliding window, and which to the whole past.
 *
 * @param slidingByLayer whether a layer has the window
 */
public record LayerTypes(List<Boolean> slidingByLayer) {
    /** The type's name in {@code layer_types} and {@code rope_parameters}. */
    public static final String SLIDING = "sliding_attention";

    /** The type's name in {@code layer_types} and {@code rope_parameters}. */
    public static final String FULL = "full_attention";

    /** Copies the list. */
    public LayerTypes {
        slidingByLayer = List.copyOf(slidingByLayer);
    }

    /**
     * Reads the types that {@code layer_types} lists, or if that field is absent, those of the architecture.
     *
     * @param config the configuration
     * @param sliding whether a layer has the window if {@code layer_types} is absent
     * @return the types
     * @throws org.edgeprune.io.InputException if {@code layer_types} has another length than the model, or other types
     */
    public static LayerTypes of(ModelConfig config, IntPredicate sliding) {
        int layers = config.count("num_hidden_layers");
        if (!config.has("layer_types")) {
            return new LayerTypes(
                    IntStream.range(0, layers).mapToObj(sliding::test).toList());
        }
        List<Boolean> types = new ArrayList<>();
        for (JsonNode type : config.node("layer_types")) {
            types.add(
                    switch (type.asText()) {
                        case FULL -> false;
                        case SLIDING -> true;
                        default ->
                            throw config.error(
                                    "layer_types", "names " + type + ": known are " + FULL + " and " + SLIDING);
                    });
        }
        if (types.size() != layers) {
            throw config.error("layer_types", "has " + types.size() + " entries for " + layers + " layers");
        }
        return new LayerTypes(types);
    }

    /**
     * The number of layers.
     *
     * @return number of layers
     */
    public int layers() {
        return slidingByLayer.size();
    }

    /**
     * Whether a layer has the window.
     *
     * @param layer from 0
     * @return true for sliding attention, false for full attention
     */
    public boolean sliding(int layer) {
        return slidingByLayer.get(layer);
    }
}
