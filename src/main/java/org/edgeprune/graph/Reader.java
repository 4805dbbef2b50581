package org.edgeprune.graph;

/**
 * An input that reads the residual stream.
 *
 * @param index position in the order of the reference: a layer's queries, keys, values, then its MLP; last
 *     {@code resid_post}
 * @param kind what it is
 * @param layer its layer; for {@code resid_post} the number of layers
 * @param head query head, or key/value head for {@link Kind#KEY} and {@link Kind#VALUE}; -1 for MLPs and
 *     {@code resid_post}
 * @param name the reference's name: {@code a3.h7.q}, {@code m3}, {@code resid_post}
 */
public record Reader(int index, Kind kind, int layer, int head, String name) {
    public enum Kind {
        QUERY,
        KEY,
        VALUE,
        MLP,
        RESID_POST
    }

    @Override
    public String toString() {
        return name;
    }
}
