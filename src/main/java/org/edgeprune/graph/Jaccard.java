package org.edgeprune.graph;

import java.util.BitSet;
import java.util.HashSet;
import java.util.Set;

/** The Jaccard index of two sets: shared elements over those that are in either, 1 if both sets are empty. */
public final class Jaccard {
    private Jaccard() {}

    /**
     * The index of two sets of numbers, such as {@link Circuit#edgeSet}.
     *
     * @param one a set
     * @param other another set
     * @return from 0 to 1
     */
    public static double of(BitSet one, BitSet other) {
        BitSet shared = (BitSet) one.clone();
        shared.and(other);
        return of(one.cardinality(), other.cardinality(), shared.cardinality());
    }

    /**
     * The index of two sets.
     *
     * @param one a set
     * @param other another set
     * @return from 0 to 1
     */
    public static double of(Set<?> one, Set<?> other) {
        Set<Object> shared = new HashSet<>(one);
        shared.retainAll(other);
        return of(one.size(), other.size(), shared.size());
    }

    /**
     * The index of two sets by their sizes.
     *
     * @param one size of a set
     * @param other size of another set
     * @param shared how many elements are in both, or are expected to be
     * @return from 0 to 1
     */
    public static double of(int one, int other, double shared) {
        return one + other == 0 ? 1 : shared / (one + other - shared);
    }
}
