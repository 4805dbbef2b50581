package org.edgeprune.graph;

/**
 * An input that reads the residual stream.
 *
 * @param index position in the published order: a layer's queries, keys, values, then its MLP; at last
 *     {@code resid_post}
 * @param kind what reads
 * @param layer its layer; for {@code resid_post} the number of layers
 * @param head query head, or key/value head for {@link Kind#KEY} and {@link Kind#VALUE}; -1 for MLPs and
 *     {@code resid_post}
 * @param name the published name: {@code a3.h7.q}, {@code m3}, {@code resid_post}
 */
public record Reader(int index, Kind kind, int layer, int head, String name) {
    /** What reads. */
    public enum Kind {
        /** The query input of an attention head. */
        QUERY,
        /** The key input of a key/value head. */
        KEY,
        /** The value input of a key/value head. */
        VALUE,
        /** The input of an MLP. */
        MLP,
        /** The final norm and unembedding. */
        RESID_POST
    }

    @Override
    public String toString() {
        return name;
    }
}
