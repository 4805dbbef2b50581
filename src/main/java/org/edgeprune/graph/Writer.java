package org.edgeprune.graph;

/**
 * A node that adds to the residual stream.
 *
 * @param index position in the order of computation, from 0
 * @param kind what it is
 * @param layer its layer, -1 for an embedding
 * @param head its head within the layer, -1 unless a head
 * @param name the reference's name: {@code tok_embeds}, {@code a3.h7}, {@code m3}
 */
public record Writer(int index, Kind kind, int layer, int head, String name) {
    public enum Kind {
        EMBEDDING,
        HEAD,
        MLP
    }

    @Override
    public String toString() {
        return name;
    }
}
