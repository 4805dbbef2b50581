package org.edgeprune.attribute;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.function.IntPredicate;
import org.edgeprune.graph.Circuit;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.graph.Edge;
import org.edgeprune.graph.Reader;
import org.edgeprune.graph.Writer;

/** One greedy choice. Ties are broken by the order in which edges became candidates. */
final class GreedySelection {
    private final EdgeScores scores;
    private final Ranking by;
    private final IntPredicate allowed;
    private final List<List<Reader>> readersOf = new ArrayList<>();
    private final BitSet candidates = new BitSet();
    private int places;
    private final PriorityQueue<Candidate> queue = new PriorityQueue<>(
            Comparator.comparingDouble(Candidate::key).reversed().thenComparingInt(Candidate::place));

    private record Candidate(float key, int place, int edge) {}

    GreedySelection(EdgeScores scores, Ranking by) {
        this(scores, by, _ -> true);
    }

    /** @param allowed numbers of edges that may be chosen */
    GreedySelection(EdgeScores scores, Ranking by, IntPredicate allowed) {
        this.scores = scores;
        this.by = by;
        this.allowed = allowed;
        ComputationGraph graph = scores.graph();
        graph.writers().forEach(writer -> readersOf.add(new ArrayList<>()));
        for (Reader reader : graph.readers()) {
            graph.fedBy(reader).forEach(fed -> readersOf.get(fed.index()).add(reader));
        }
        addEdgesInto(graph.readers().getLast());
    }

    Circuit take(int count) {
        ComputationGraph graph = scores.graph();
        BitSet kept = new BitSet();
        BitSet nodes = new BitSet();
        for (int taken = 0; taken < count && !queue.isEmpty(); taken++) {
            int number = queue.remove().edge();
            Edge edge = graph.edge(number);
            kept.set(number);
            if (!nodes.get(edge.writer().index())) {
                nodes.set(edge.writer().index());
                readersOf.get(edge.writer().index()).forEach(this::addEdgesInto);
            }
        }
        return Circuit.of(graph, kept);
    }

    /** Heads that share a key or value offer its edges once. */
    private void addEdgesInto(Reader reader) {
        ComputationGraph graph = scores.graph();
        for (Writer writer : graph.writers().subList(0, graph.groupOf(reader).visibleWriters())) {
            int edge = graph.edgeIndex(writer, reader);
            if (!candidates.get(edge) && allowed.test(edge)) {
                candidates.set(edge);
                queue.add(new Candidate(by.key(scores.at(edge)), places++, edge));
            }
        }
    }
}
