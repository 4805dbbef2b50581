package org.edgeprune.validate;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The result of one test of a circuit.
 *
 * @param name such as {@code faithfulness}
 * @param holds whether the criterion is met
 * @param criterion what has to be true, in words
 * @param values what was measured, by name; KL in nats
 */
public record Check(String name, boolean holds, String criterion, Map<String, Double> values) {
    /** Copies the values, in their order. */
    public Check {
        values = Collections.unmodifiableMap(new LinkedHashMap<>(values));
    }
}
