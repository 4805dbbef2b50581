package org.edgeprune.draw;

import java.util.List;

/**
 * How a circuit is drawn.
 *
 * @param title shown above the picture; empty for none
 * @param sanitize whether to leave out nodes that are on no path from an input to {@code resid_post}
 * @param constants nodes that every reader reads without a mask, drawn with grey edges: names of writers, or any text
 * @param headsPerKv the number of query heads that share one key and value head: 1 unless the model has grouped-query
 *     attention; only needed without a graph
 */
public record DrawOptions(String title, boolean sanitize, List<String> constants, int headsPerKv) {
    /**
     * Copies the constants.
     *
     * @throws IllegalArgumentException if {@code headsPerKv} is less than 1
     */
    public DrawOptions {
        constants = List.copyOf(constants);
        if (headsPerKv < 1) {
            throw new IllegalArgumentException("headsPerKv must be at least 1, not " + headsPerKv);
        }
    }

    /**
     * No title, sanitized, no constants, no shared keys and values.
     *
     * @return the options
     */
    public static DrawOptions defaults() {
        return new DrawOptions("", true, List.of(), 1);
    }

    /**
     * The same options with another title.
     *
     * @param newTitle shown above the picture; empty for none
     * @return the changed options
     */
    public DrawOptions withTitle(String newTitle) {
        return new DrawOptions(newTitle, sanitize, constants, headsPerKv);
    }

    /**
     * The same options with or without sanitizing.
     *
     * @param newSanitize whether to leave out nodes that are on no path from an input to {@code resid_post}
     * @return the changed options
     */
    public DrawOptions withSanitize(boolean newSanitize) {
        return new DrawOptions(title, newSanitize, constants, headsPerKv);
    }

    /**
     * The same options with other constants.
     *
     * @param newConstants nodes that every reader reads without a mask
     * @return the changed options
     */
    public DrawOptions withConstants(List<String> newConstants) {
        return new DrawOptions(title, sanitize, newConstants, headsPerKv);
    }

    /**
     * The same options for another number of shared heads.
     *
     * @param newHeadsPerKv the number of query heads that share one key and value head, at least 1
     * @return the changed options
     */
    public DrawOptions withHeadsPerKv(int newHeadsPerKv) {
        return new DrawOptions(title, sanitize, constants, newHeadsPerKv);
    }
}
