package org.edgeprune.cli;

import java.util.Arrays;
import java.util.Iterator;
import java.util.Locale;
import java.util.stream.Stream;
import org.edgeprune.io.InputException;

/** {@code --format}: what {@code edgeprune edges} writes. */
enum EdgesFormat {
    /** A list of {@code [writer, reader]} pairs. */
    EDGES,
    /** EAP-IG's graph file. */
    EAP_IG,
    /** A table of edges and scores. */
    CSV,
    /** Nodes and edges for tools that draw or analyse graphs. */
    GRAPHML,
    /** A folder of a MIB submission with the scores of all edges. */
    MIB,
    /** A folder of a MIB submission with nine circuits. */
    MIB_CIRCUITS;

    String label() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** Whether it is a directory of a submission. */
    boolean isSubmission() {
        return this == MIB || this == MIB_CIRCUITS;
    }

    static EdgesFormat named(String name) {
        return Arrays.stream(values())
                .filter(format -> format.label().equals(name.toLowerCase(Locale.ROOT)))
                .findFirst()
                .orElseThrow(() -> new InputException(
                        "format '" + name + "' is not known: choose one of " + String.join(", ", new Names())));
    }

    /** For the help and for completion. */
    static final class Names implements Iterable<String> {
        @Override
        public Iterator<String> iterator() {
            return Stream.of(values()).map(EdgesFormat::label).iterator();
        }
    }
}
