package org.edgeprune.tracr.circuit;

/**
 * An edge of a circuit by the names of its ends.
 *
 * @param writer such as {@code tok_embeds}, {@code a3.h0} or {@code m3}
 * @param reader such as {@code a3.h0.v}, {@code m3} or {@code resid_post}
 */
public record TruthEdge(String writer, String reader) {
    @Override
    public String toString() {
        return writer + " -> " + reader;
    }
}
