package org.edgeprune.model;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/**
 * Rotary positions by layer: the same in all, others in layers of another type (Gemma 3), or none in some (SmolLM3).
 *
 * @param byLayer one entry for each layer; empty if queries and keys are not turned
 */
public record RotaryLayers(List<Optional<RotaryConfig>> byLayer) {
    /** Copies the list. */
    public RotaryLayers {
        byLayer = List.copyOf(byLayer);
    }

    /**
     * One embedding in the layers with a sliding window, another in those with full attention.
     *
     * @param types the type of each layer
     * @param sliding for layers with a window
     * @param full for the other layers
     * @return the embedding by layer
     */
    public static RotaryLayers byType(LayerTypes types, RotaryConfig sliding, RotaryConfig full) {
        return new RotaryLayers(IntStream.range(0, types.layers())
                .mapToObj(layer -> Optional.of(types.sliding(layer) ? sliding : full))
                .toList());
    }

    /**
     * The same without an embedding in some layers.
     *
     * @param layers whether a layer has none
     * @return the embedding by layer
     */
    public RotaryLayers without(IntPredicate layers) {
        List<Optional<RotaryConfig>> fewer = new ArrayList<>(byLayer);
        for (int layer = 0; layer < fewer.size(); layer++) {
            if (layers.test(layer)) {
                fewer.set(layer, Optional.empty());
            }
        }
        return new RotaryLayers(fewer);
    }

    /**
     * What is done to a layer's queries and keys.
     *
     * @param layer from 0
     * @param parameters owner of the frequencies
     * @return the rotation, or {@link HeadMap#NONE}
     */
    public HeadMap headMap(int layer, Parameters parameters) {
        return byLayer.get(layer)
                .map(rotary -> HeadMap.rotary(rotary, parameters))
                .orElse(HeadMap.NONE);
    }
}
