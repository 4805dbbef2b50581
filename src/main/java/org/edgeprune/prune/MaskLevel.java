package org.edgeprune.prune;

import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.edgeprune.io.InputException;

/** What has masks in a run. Masks that a level leaves out are one. */
public enum MaskLevel {
    /** Every edge, and every node beside them, as published. */
    EDGES_AND_NODES("edges,nodes"),
    /** Every edge. */
    EDGES("edges"),
    /** Every node: embeddings, heads and MLPs. The circuit has all edges between the nodes that are kept. */
    NODES("nodes"),
    /** Every neuron of every MLP. The circuit has all edges. */
    NEURONS("neurons"),
    /** Every edge and every neuron. */
    EDGES_AND_NEURONS("edges,neurons"),
    /** Every node and every neuron. */
    NODES_AND_NEURONS("nodes,neurons"),
    /** All of them. */
    EDGES_NODES_AND_NEURONS("edges,nodes,neurons");

    private final String key;

    MaskLevel(String key) {
        this.key = key;
    }

    /**
     * The name on the command line.
     *
     * @return such as {@code edges,nodes}
     */
    public String key() {
        return key;
    }

    /**
     * Whether edges have masks.
     *
     * @return whether {@code edges} is in the name
     */
    public boolean edges() {
        return parts(key).contains("edges");
    }

    /**
     * Whether nodes have masks.
     *
     * @return whether {@code nodes} is in the name
     */
    public boolean nodes() {
        return parts(key).contains("nodes");
    }

    /**
     * Whether the neurons of MLPs have masks.
     *
     * @return whether {@code neurons} is in the name
     */
    public boolean neurons() {
        return parts(key).contains("neurons");
    }

    /**
     * The level of a name.
     *
     * @param key as {@link #key}, in any order, in upper or lower case
     * @return the level
     * @throws InputException if there is none
     */
    public static MaskLevel named(String key) {
        Set<String> asked = parts(key);
        return Arrays.stream(values())
                .filter(level -> parts(level.key).equals(asked))
                .findFirst()
                .orElseThrow(() -> new InputException("no masks of '" + key + "': use "
                        + Arrays.stream(values()).map(MaskLevel::key).collect(Collectors.joining(" or "))));
    }

    private static Set<String> parts(String key) {
        return new TreeSet<>(
                Arrays.asList(key.toLowerCase(java.util.Locale.ROOT).split(",")));
    }
}
