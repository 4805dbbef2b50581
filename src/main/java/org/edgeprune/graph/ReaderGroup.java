package org.edgeprune.graph;

/**
 * The readers of one kind in one layer. They all see the same writers, so their masks form a matrix {@code [count,
 * visibleWriters]}.
 *
 * @param index position among the groups
 * @param kind the readers' kind
 * @param layer the readers' layer
 * @param firstReader index of the first reader
 * @param count number of readers
 * @param visibleWriters number of writers that they see: writers {@code 0} to {@code visibleWriters - 1}
 * @param firstEdge index of the first edge; the edge of reader i and writer w is {@code firstEdge + i * visibleWriters
 *     + w}
 */
public record ReaderGroup(
        int index, Reader.Kind kind, int layer, int firstReader, int count, int visibleWriters, int firstEdge) {
    /**
     * The number of edges that end in this group.
     *
     * @return {@code count * visibleWriters}
     */
    public int edgeCount() {
        return count * visibleWriters;
    }
}
