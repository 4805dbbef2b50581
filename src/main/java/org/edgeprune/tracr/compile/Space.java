package org.edgeprune.tracr.compile;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;
import org.edgeprune.tracr.rasp.Value;

/** A vector space with named basis directions, in their natural order. */
final class Space {
    private final List<Direction> basis;
    private final Map<Direction, Integer> indices = new HashMap<>();

    Space(Collection<Direction> directions) {
        basis = List.copyOf(new TreeSet<>(directions));
        for (Direction direction : basis) {
            indices.put(direction, indices.size());
        }
    }

    static Space of(Direction... directions) {
        return new Space(List.of(directions));
    }

    static Space ofValues(String name, SortedSet<Value> values) {
        return new Space(values.stream().map(v -> new Direction(name, v)).toList());
    }

    /** The directions of all the given spaces; those that they share are counted once. */
    static Space join(Collection<Space> spaces) {
        List<Direction> all = new ArrayList<>();
        spaces.forEach(space -> all.addAll(space.basis));
        return new Space(all);
    }

    Space with(Direction... more) {
        return join(List.of(this, of(more)));
    }

    List<Direction> basis() {
        return basis;
    }

    int size() {
        return basis.size();
    }

    /** The position of a direction that belongs to this space. */
    int index(Direction direction) {
        Integer index = indices.get(direction);
        if (index == null) {
            throw new IllegalArgumentException(direction + " is not in the space " + basis);
        }
        return index;
    }

    /** The only direction of a one-dimensional space. */
    Direction single() {
        if (basis.size() != 1) {
            throw new IllegalStateException("not one-dimensional: " + basis);
        }
        return basis.getFirst();
    }
}
