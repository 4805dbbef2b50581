package org.edgeprune.model;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * The heads of a layer that are computed: those whose output is read.
 *
 * @param heads query heads, ascending
 * @param kvHeads the key/value heads that they use, ascending
 * @param kvOf for each of {@code heads} the index into {@code kvHeads} of its key/value head
 */
public record HeadSet(int[] heads, int[] kvHeads, int[] kvOf) {
    /**
     * All heads of a layer.
     *
     * @param heads number of query heads of the layer
     * @param kvHeads number of key/value heads of the layer
     * @return all heads, in order
     */
    public static HeadSet all(int heads, int kvHeads) {
        return of(IntStream.range(0, heads).toArray(), heads, kvHeads);
    }

    /**
     * Some heads of a layer.
     *
     * @param selected query heads, ascending
     * @param heads number of query heads of the layer
     * @param kvHeads number of key/value heads of the layer
     * @return the selected heads with their key/value heads
     */
    public static HeadSet of(int[] selected, int heads, int kvHeads) {
        int group = heads / kvHeads;
        int[] kv = Arrays.stream(selected).map(h -> h / group).distinct().toArray();
        int[] kvOf = Arrays.stream(selected)
                .map(h -> Arrays.binarySearch(kv, h / group))
                .toArray();
        return new HeadSet(selected.clone(), kv, kvOf);
    }

    /**
     * The number of selected query heads.
     *
     * @return number of heads
     */
    public int count() {
        return heads.length;
    }

    boolean isEmpty() {
        return heads.length == 0;
    }

    /** Whether each head has a key/value head of its own. */
    boolean oneToOne() {
        return kvHeads.length == heads.length;
    }
}
