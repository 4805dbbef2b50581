package org.edgeprune.engine;

import org.edgeprune.graph.ReaderGroup;

/**
 * Some readers of a group.
 *
 * @param numbers rows of the group, ascending
 */
record ReaderRows(ReaderGroup group, int[] numbers) {}
