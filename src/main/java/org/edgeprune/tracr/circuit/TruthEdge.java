package org.edgeprune.tracr.circuit;

/** An edge of a circuit by the names of its ends, such as {@code tok_embeds} and {@code a3.h0.v}. */
public record TruthEdge(String writer, String reader) {
    @Override
    public String toString() {
        return writer + " -> " + reader;
    }
}
