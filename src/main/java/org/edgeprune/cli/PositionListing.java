package org.edgeprune.cli;

import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.edgeprune.graph.Edge;
import org.edgeprune.graph.PositionCircuit;

/**
 * The edges of a run with masks at each position, with the positions at which each is kept.
 *
 * @param circuit the circuit at each position
 * @param wanted the edges that are listed
 */
record PositionListing(PositionCircuit circuit, Predicate<Edge> wanted) {
    private record Entry(String writer, String reader, int[] positions) {
        @Override
        public String toString() {
            return writer + " -> " + reader + " @ "
                    + Arrays.stream(positions).mapToObj(String::valueOf).collect(Collectors.joining(" "));
        }
    }

    private record Result(
            int numPositions,
            int numEdgePositions,
            int totalEdgePositions,
            double edgeSparsity,
            int numEdges,
            int[] byPosition,
            List<Entry> edges) {}

    void print(boolean countsOnly, Results results) {
        List<Entry> entries = circuit.anywhere().edges().stream()
                .filter(wanted)
                .map(edge -> new Entry(
                        edge.writer().name(),
                        edge.reader().name(),
                        circuit.positionsOf(circuit.graph().edgeIndex(edge.writer(), edge.reader()))))
                .toList();
        int[] byPosition = new int[circuit.positions()];
        entries.forEach(entry -> Arrays.stream(entry.positions()).forEach(position -> byPosition[position]++));
        int kept = IntStream.of(byPosition).sum();
        Result result = new Result(
                circuit.positions(),
                kept,
                circuit.total(),
                1 - (double) kept / circuit.total(),
                entries.size(),
                byPosition,
                countsOnly ? null : entries);
        results.print(
                result,
                () -> countsOnly
                        ? counts(result)
                        : entries.stream().map(Entry::toString).collect(Collectors.joining("\n")));
    }

    private static String counts(Result result) {
        Table table = new Table();
        for (int position = 0; position < result.numPositions(); position++) {
            table.row("position " + position, result.byPosition()[position]);
        }
        table.row("together", result.numEdgePositions());
        table.row("edges at any position", result.numEdges());
        return table
                + "of %,d edges at %,d positions: edge sparsity %.2f%%"
                        .formatted(result.totalEdgePositions(), result.numPositions(), 100 * result.edgeSparsity());
    }
}
