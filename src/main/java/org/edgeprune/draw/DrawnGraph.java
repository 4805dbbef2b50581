package org.edgeprune.draw;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collection;
import java.util.Comparator;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.edgeprune.attribute.Ranking;

/**
 * The nodes and links of a drawing: a circuit's edges, a link from each head's inputs to its output, and constants.
 *
 * @param nodes in {@link DrawnNode#ORDER}
 * @param links by the index of their end nodes, each pair once
 * @param headsPerKv the number of query heads that share one key and value head
 * @param removedEdges circuit edges that were left out because they are on no path from an input to the output
 * @param ranking what makes an edge the stronger one by its score
 */
record DrawnGraph(List<DrawnNode> nodes, List<Link> links, int headsPerKv, int removedEdges, Ranking ranking) {
    enum LinkKind {
        EDGE,
        HEAD_INPUT,
        CONSTANT
    }

    /** From node {@code from} to node {@code to}; {@code strength} is its score, NaN where unknown. */
    record Link(int from, int to, LinkKind kind, double strength) {}

    private record NamedLink(DrawnNode from, DrawnNode to, LinkKind kind, double strength) {}

    private record Ends(DrawnNode from, DrawnNode to) {}

    /**
     * The graph of a circuit.
     *
     * @param implicitInputs whether every reader reads the embeddings without an edge, because embeddings are not nodes
     */
    static DrawnGraph of(Collection<DrawnEdge> edges, DrawOptions options, boolean implicitInputs) {
        Map<Ends, NamedLink> links = new LinkedHashMap<>();
        for (DrawnEdge edge : edges) {
            List<DrawnNode> ends = edge.ends();
            add(links, ends.get(0), ends.get(1), LinkKind.EDGE, edge.strength());
        }
        int circuitEdges = links.size();
        addHeadInputs(links, options.headsPerKv());
        addConstants(links, options.constants());
        TreeSet<DrawnNode> nodes = new TreeSet<>(DrawnNode.ORDER);
        links.values().forEach(link -> nodes.addAll(List.of(link.from, link.to)));
        DrawnGraph graph = indexed(nodes, links.values(), options.headsPerKv(), 0);
        return options.sanitize() ? graph.withoutDangling(implicitInputs, circuitEdges) : graph;
    }

    private static void add(Map<Ends, NamedLink> links, DrawnNode from, DrawnNode to, LinkKind kind, double strength) {
        links.putIfAbsent(new Ends(from, to), new NamedLink(from, to, kind, strength));
    }

    /** Each query feeds its head; each key and value feeds all heads of its group. */
    private static void addHeadInputs(Map<Ends, NamedLink> links, int headsPerKv) {
        TreeSet<DrawnNode> readers = new TreeSet<>(DrawnNode.ORDER);
        links.values().stream()
                .map(NamedLink::to)
                .filter(n -> n.type().isHeadInput())
                .forEach(readers::add);
        for (DrawnNode reader : readers) {
            int group = reader.type() == NodeType.QUERY ? 1 : headsPerKv;
            for (int head = reader.head() * group; head < (reader.head() + 1) * group; head++) {
                add(links, reader, DrawnNode.head(reader.layer(), head), LinkKind.HEAD_INPUT, Double.NaN);
            }
        }
    }

    private static void addConstants(Map<Ends, NamedLink> links, List<String> names) {
        TreeSet<DrawnNode> readers = new TreeSet<>(DrawnNode.ORDER);
        links.values().stream()
                .flatMap(link -> Stream.of(link.from, link.to))
                .filter(n -> n.type().isReader())
                .forEach(readers::add);
        for (String name : names) {
            DrawnNode known = DrawnNode.parse(name);
            DrawnNode constant = known != null && known.type().isWriter() ? known : DrawnNode.constant(name);
            readers.stream()
                    .filter(reader -> constant.rank() < reader.rank())
                    .forEach(reader -> add(links, constant, reader, LinkKind.CONSTANT, Double.NaN));
        }
    }

    private static DrawnGraph indexed(
            Collection<DrawnNode> sorted, Collection<NamedLink> named, int headsPerKv, int removed) {
        List<DrawnNode> nodes = List.copyOf(sorted);
        Map<DrawnNode, Integer> index = new LinkedHashMap<>();
        nodes.forEach(node -> index.put(node, index.size()));
        List<Link> links = named.stream()
                .map(link -> new Link(index.get(link.from), index.get(link.to), link.kind, link.strength))
                .sorted(Comparator.comparing(Link::kind)
                        .thenComparingInt(Link::from)
                        .thenComparingInt(Link::to))
                .toList();
        return new DrawnGraph(nodes, links, headsPerKv, removed, Ranking.SIGNED);
    }

    /** The same graph, whose scores rank its edges in another way than by sign. */
    DrawnGraph rankedBy(Ranking by) {
        return new DrawnGraph(nodes, links, headsPerKv, removedEdges, by);
    }

    /** How strong a link is: the larger, the stronger; NaN where its score is unknown. */
    double key(Link link) {
        return ranking == Ranking.ABSOLUTE ? Math.abs(link.strength) : link.strength;
    }

    private DrawnGraph withoutDangling(boolean implicitInputs, int circuitEdges) {
        BitSet sources = new BitSet();
        BitSet sinks = new BitSet();
        for (int i = 0; i < nodes.size(); i++) {
            NodeType type = nodes.get(i).type();
            sources.set(
                    i,
                    implicitInputs
                            ? type.isWriter() || type.isReader()
                            : type.isEmbedding() || type == NodeType.CONSTANT);
            sinks.set(i, type == NodeType.OUTPUT);
        }
        links.stream().filter(link -> link.kind == LinkKind.CONSTANT).forEach(link -> sources.set(link.from));
        BitSet alive = reachable(sources, true);
        alive.and(reachable(sinks, false));
        List<NamedLink> kept = links.stream()
                .filter(link -> alive.get(link.from) && alive.get(link.to))
                .map(link -> new NamedLink(nodes.get(link.from), nodes.get(link.to), link.kind, link.strength))
                .toList();
        List<DrawnNode> keptNodes = alive.stream().mapToObj(nodes::get).toList();
        long left = kept.stream().filter(link -> link.kind == LinkKind.EDGE).count();
        return indexed(keptNodes, kept, headsPerKv, circuitEdges - (int) left);
    }

    private BitSet reachable(BitSet start, boolean downstream) {
        List<List<Integer>> next = new ArrayList<>();
        nodes.forEach(node -> next.add(new ArrayList<>()));
        links.forEach(link -> next.get(downstream ? link.from : link.to).add(downstream ? link.to : link.from));
        BitSet seen = (BitSet) start.clone();
        Deque<Integer> todo = new ArrayDeque<>(start.stream().boxed().toList());
        while (!todo.isEmpty()) {
            for (int node : next.get(todo.pop())) {
                if (!seen.get(node)) {
                    seen.set(node);
                    todo.push(node);
                }
            }
        }
        return seen;
    }

    /** The number of circuit edges in the drawing. */
    int circuitEdges() {
        return (int) links.stream().filter(link -> link.kind == LinkKind.EDGE).count();
    }

    /** Whether a node is drawn as a cell on top of its head, not as a separate box: unless several heads share it. */
    boolean isCell(DrawnNode node) {
        return node.type() == NodeType.QUERY || (node.type().isHeadInput() && headsPerKv == 1);
    }
}
