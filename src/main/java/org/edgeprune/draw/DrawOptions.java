package org.edgeprune.draw;

import java.util.List;

/**
 * How a circuit is drawn.
 *
 * @param title shown above the picture; empty for none
 * @param sanitize whether to leave out nodes that no input reaches or that do not reach {@code resid_post}
 * @param constants nodes that feed every reader unmasked, drawn with grey edges: names of writers, or any text
 * @param headsPerKv query heads that share one key and value head: 1 unless the model has grouped-query attention. Only
 *     needed without a known graph
 */
public record DrawOptions(String title, boolean sanitize, List<String> constants, int headsPerKv) {
    public DrawOptions {
        constants = List.copyOf(constants);
        if (headsPerKv < 1) {
            throw new IllegalArgumentException("headsPerKv must be at least 1, not " + headsPerKv);
        }
    }

    /** No title, sanitized, no constants, no shared keys and values. */
    public static DrawOptions defaults() {
        return new DrawOptions("", true, List.of(), 1);
    }

    public DrawOptions withTitle(String newTitle) {
        return new DrawOptions(newTitle, sanitize, constants, headsPerKv);
    }

    public DrawOptions withSanitize(boolean newSanitize) {
        return new DrawOptions(title, newSanitize, constants, headsPerKv);
    }

    public DrawOptions withConstants(List<String> newConstants) {
        return new DrawOptions(title, sanitize, newConstants, headsPerKv);
    }

    public DrawOptions withHeadsPerKv(int newHeadsPerKv) {
        return new DrawOptions(title, sanitize, constants, newHeadsPerKv);
    }
}
