package org.edgeprune.graph;

/**
 * A node that adds to the residual stream.
 *
 * @param index position in the order of computation, from 0
 * @param kind what writes
 * @param layer its layer; -1 for an embedding
 * @param head its head within the layer; -1 unless it is a head
 * @param name the published name: {@code tok_embeds}, {@code a3.h7}, {@code m3}
 */
public record Writer(int index, Kind kind, int layer, int head, String name) {
    /** What writes. */
    public enum Kind {
        /** Token or position embeddings, or both together. */
        EMBEDDING,
        /** An attention head. */
        HEAD,
        /** An MLP. */
        MLP
    }

    @Override
    public String toString() {
        return name;
    }
}
