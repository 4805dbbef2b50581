package org.edgeprune.cli;

import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/** The metrics that tables of several circuits show, which have to fit a terminal; JSON and files have all. */
final class MainMetrics {
    private static final Set<String> OTHERS = Set.of("exact_match", "probability_difference_10", "kendall_tau");

    private MainMetrics() {}

    /** The names that are shown, in their order. */
    static List<String> of(Stream<String> names) {
        return names.filter(name -> !OTHERS.contains(name)).toList();
    }
}
