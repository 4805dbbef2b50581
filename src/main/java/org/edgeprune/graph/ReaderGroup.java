package org.edgeprune.graph;

/**
 * Readers of one kind in one layer. They all see the same writers, so their masks form a matrix {@code [count,
 * visibleWriters]}.
 *
 * @param index position among the groups
 * @param kind the readers' kind
 * @param layer the readers' layer
 * @param firstReader index of the first reader
 * @param count number of readers
 * @param visibleWriters how many writers they see: writers {@code 0 .. visibleWriters-1}
 * @param firstEdge index of the first edge; edge of reader i and writer w is {@code firstEdge + i * visibleWriters + w}
 */
public record ReaderGroup(
        int index, Reader.Kind kind, int layer, int firstReader, int count, int visibleWriters, int firstEdge) {
    /** Edges that end in this group. */
    public int edgeCount() {
        return count * visibleWriters;
    }
}
