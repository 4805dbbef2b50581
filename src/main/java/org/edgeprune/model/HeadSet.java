package org.edgeprune.model;

import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * The heads of a layer that are computed: those whose output somebody reads.
 *
 * @param heads query heads, ascending
 * @param kvHeads the key/value heads that they use, ascending
 * @param kvOf for each of {@code heads} the index into {@code kvHeads} of its key/value head
 */
public record HeadSet(int[] heads, int[] kvHeads, int[] kvOf) {
    /** All heads of a layer. */
    public static HeadSet all(int heads, int kvHeads) {
        return of(IntStream.range(0, heads).toArray(), heads, kvHeads);
    }

    /**
     * @param selected query heads, ascending
     * @param heads all query heads of the layer
     * @param kvHeads all key/value heads of the layer
     */
    public static HeadSet of(int[] selected, int heads, int kvHeads) {
        int group = heads / kvHeads;
        int[] kv = Arrays.stream(selected).map(h -> h / group).distinct().toArray();
        int[] kvOf = Arrays.stream(selected)
                .map(h -> Arrays.binarySearch(kv, h / group))
                .toArray();
        return new HeadSet(selected.clone(), kv, kvOf);
    }

    public int count() {
        return heads.length;
    }

    public boolean isEmpty() {
        return heads.length == 0;
    }

    /** Whether each head has a key/value head of its own. */
    boolean oneToOne() {
        return kvHeads.length == heads.length;
    }
}
