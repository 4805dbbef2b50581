package org.edgeprune.graph;

import java.util.BitSet;

/**
 * EAP-IG's {@code Graph.prune}: takes out what lies on no path. Until nothing changes any more, nodes without a kept
 * edge into them or out of them are dropped, and then the edges of dropped nodes. Embeddings count as having edges into
 * them, {@code resid_post} is always there; where embeddings are not nodes, every node reads the input.
 */
final class Connectivity {
    private final ComputationGraph graph;
    private final BitSet edges;

    private Connectivity(ComputationGraph graph, BitSet edges) {
        this.graph = graph;
        this.edges = edges;
    }

    /** The edges that stay. */
    static BitSet prune(ComputationGraph graph, BitSet edges) {
        Connectivity pruned = new Connectivity(graph, (BitSet) edges.clone());
        while (pruned.dropsEdges()) {
            // until nothing changes
        }
        return pruned.edges;
    }

    private boolean dropsEdges() {
        BitSet writers = nodesWithEdges();
        int before = edges.cardinality();
        for (Reader reader : graph.readers()) {
            boolean present = reader.kind() == Reader.Kind.RESID_POST
                    || graph.fedBy(reader).stream().anyMatch(fed -> writers.get(fed.index()));
            int first = firstEdge(reader);
            int end = first + graph.groupOf(reader).visibleWriters();
            for (int edge = edges.nextSetBit(first); edge >= 0 && edge < end; edge = edges.nextSetBit(edge + 1)) {
                if (!present || !writers.get(edge - first)) {
                    edges.clear(edge);
                }
            }
        }
        return edges.cardinality() < before;
    }

    /** Writers with a kept edge into them and one out of them. */
    private BitSet nodesWithEdges() {
        BitSet into = new BitSet();
        BitSet out = new BitSet();
        into.set(0, graph.shape().hasEmbeddings() ? graph.shape().embeddings().size() : graph.nodeCount());
        for (Reader reader : graph.readers()) {
            int first = firstEdge(reader);
            int end = first + graph.groupOf(reader).visibleWriters();
            int edge = edges.nextSetBit(first);
            if (edge < 0 || edge >= end) {
                continue;
            }
            graph.fedBy(reader).forEach(fed -> into.set(fed.index()));
            for (; edge >= 0 && edge < end; edge = edges.nextSetBit(edge + 1)) {
                out.set(edge - first);
            }
        }
        into.and(out);
        return into;
    }

    private int firstEdge(Reader reader) {
        ReaderGroup group = graph.groupOf(reader);
        return group.firstEdge() + (reader.index() - group.firstReader()) * group.visibleWriters();
    }
}
