package org.edgeprune.tracr.compile;

import java.util.Comparator;
import org.edgeprune.tracr.rasp.Value;

/**
 * A basis direction of a vector space: an s-op's label and, where the s-op is one-hot encoded, the value that this
 * direction stands for ({@link Value#NONE} otherwise).
 */
record Direction(String name, Value value) implements Comparable<Direction> {

    private static final Comparator<Direction> ORDER =
            Comparator.comparing(Direction::name).thenComparing(Direction::value);

    /** The direction with coefficient 1 at every position. */
    static final Direction ONE = new Direction("one");

    Direction(String name) {
        this(name, Value.NONE);
    }

    @Override
    public int compareTo(Direction other) {
        return ORDER.compare(this, other);
    }

    @Override
    public String toString() {
        return value.isDefined() ? name + ":" + value : name;
    }
}
