package org.edgeprune.draw;

import java.util.Collection;
import java.util.Set;
import java.util.stream.Collectors;
import org.edgeprune.draw.DrawnGraph.Link;
import org.edgeprune.draw.DrawnGraph.LinkKind;

/**
 * Which of two circuits have an edge, shown by its colour.
 *
 * @param first name of the first circuit
 * @param second name of the second circuit
 * @param inFirst its edges as {@link #key}
 * @param inSecond its edges as {@link #key}
 */
record Overlay(String first, String second, Set<String> inFirst, Set<String> inSecond) {
    /** An edge that both have, or one of them. */
    enum Owner {
        BOTH(0x505860),
        FIRST(0x1f6fc0),
        SECOND(0xd9622b);

        final int ink;

        Owner(int ink) {
            this.ink = ink;
        }
    }

    static Overlay of(String first, Collection<DrawnEdge> a, String second, Collection<DrawnEdge> b) {
        return new Overlay(first, second, keys(a), keys(b));
    }

    private static Set<String> keys(Collection<DrawnEdge> edges) {
        return edges.stream()
                .map(edge -> key(edge.ends().get(0), edge.ends().get(1)))
                .collect(Collectors.toUnmodifiableSet());
    }

    private static String key(DrawnNode from, DrawnNode to) {
        return from.name() + ">" + to.name();
    }

    Owner owner(DrawnGraph graph, Link link) {
        String key = key(graph.nodes().get(link.from()), graph.nodes().get(link.to()));
        boolean one = inFirst.contains(key);
        return one && inSecond.contains(key) ? Owner.BOTH : one ? Owner.FIRST : Owner.SECOND;
    }

    /** What the legend says of an owner. */
    String label(DrawnGraph graph, Owner owner) {
        long count = graph.links().stream()
                .filter(link -> link.kind() == LinkKind.EDGE && owner(graph, link) == owner)
                .count();
        return switch (owner) {
            case BOTH -> "in both: " + count;
            case FIRST -> "only in " + first + ": " + count;
            case SECOND -> "only in " + second + ": " + count;
        };
    }
}
