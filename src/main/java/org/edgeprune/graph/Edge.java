package org.edgeprune.graph;

/**
 * An edge: {@code reader} reads what {@code writer} adds to the residual stream.
 *
 * @param writer the node that the edge comes from
 * @param reader the input that it enters
 */
public record Edge(Writer writer, Reader reader) {
    @Override
    public String toString() {
        return writer + " -> " + reader;
    }
}
