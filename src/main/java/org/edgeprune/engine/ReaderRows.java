package org.edgeprune.engine;

import org.edgeprune.graph.ReaderGroup;

/**
 * Some of the readers that see the same writers. Their masks are rows of one matrix; a layer's queries, keys and values
 * lie one after the other in it.
 *
 * @param first the group with which the matrix begins
 * @param count rows of the matrix
 * @param numbers the rows selected, ascending
 */
record ReaderRows(ReaderGroup first, int count, int[] numbers) {
    /** The one reader of an MLP's group or of {@code resid_post}'s. */
    static ReaderRows single(ReaderGroup group) {
        return new ReaderRows(group, 1, new int[] {0});
    }
}
