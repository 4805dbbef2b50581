package org.edgeprune.graph;

/** One edge: {@code reader} sees what {@code writer} adds to the residual stream. */
public record Edge(Writer writer, Reader reader) {
    @Override
    public String toString() {
        return writer + " -> " + reader;
    }
}
