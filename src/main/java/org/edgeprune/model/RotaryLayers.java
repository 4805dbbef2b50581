package org.edgeprune.model;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/**
 * Rotary positions by layer: the same in all, others in layers of another type (Gemma 3), or none in some (SmolLM3).
 *
 * @param byLayer one entry for each layer; empty where queries and keys are not turned
 */
public record RotaryLayers(List<Optional<RotaryConfig>> byLayer) {
    public RotaryLayers {
        byLayer = List.copyOf(byLayer);
    }

    /** One embedding in the layers with a sliding window, another in those with full attention. */
    public static RotaryLayers byType(LayerTypes types, RotaryConfig sliding, RotaryConfig full) {
        return new RotaryLayers(IntStream.range(0, types.layers())
                .mapToObj(layer -> Optional.of(types.sliding(layer) ? sliding : full))
                .toList());
    }

    /** The same without any in some layers. */
    public RotaryLayers without(IntPredicate layers) {
        List<Optional<RotaryConfig>> fewer = new ArrayList<>(byLayer);
        for (int layer = 0; layer < fewer.size(); layer++) {
            if (layers.test(layer)) {
                fewer.set(layer, Optional.empty());
            }
        }
        return new RotaryLayers(fewer);
    }

    /** What becomes of a layer's queries and keys. */
    public HeadMap headMap(int layer, Parameters parameters) {
        return byLayer.get(layer)
                .map(rotary -> HeadMap.rotary(rotary, parameters))
                .orElse(HeadMap.NONE);
    }
}
