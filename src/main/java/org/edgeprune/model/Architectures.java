package org.edgeprune.model;

import java.util.Map;
import org.edgeprune.io.Extensions;

/**
 * The architectures on the class path, by {@code model_type}.
 *
 * @param byModelType in the order of the class path
 */
public record Architectures(Map<String, Architecture> byModelType) {
    /**
     * Finds them.
     *
     * @throws org.edgeprune.io.InputException naming the jar of an architecture that cannot be loaded, or that claims
     *     the same {@code model_type} as another
     */
    public static Architectures find() {
        return new Architectures(Extensions.load(
                        Architecture.class,
                        "architecture",
                        Architecture::modelTypes,
                        Architectures.class.getClassLoader())
                .byName());
    }

    /**
     * What a configuration describes.
     *
     * @throws org.edgeprune.io.InputException if no architecture claims its {@code model_type}, or the one that does
     *     cannot read it
     */
    Decoder decoder(ModelConfig config) {
        Architecture architecture = byModelType.get(config.modelType());
        if (architecture == null) {
            throw config.error(
                    "model_type",
                    "is '" + config.modelType() + "', which is not supported: known are "
                            + String.join(", ", byModelType.keySet()));
        }
        return architecture.decoder(config);
    }
}
