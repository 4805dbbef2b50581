package org.edgeprune.draw;

import java.util.List;
import java.util.Locale;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.edgeprune.draw.DrawnGraph.Link;
import org.edgeprune.draw.DrawnGraph.LinkKind;

/** Writes a graph as text for Graphviz, which makes its own layout; nodes of one layer and kind share a rank. */
final class DotWriter {
    private DotWriter() {}

    static String write(DrawnGraph graph, String title) {
        StringBuilder out = new StringBuilder("digraph circuit {\n");
        if (!title.isEmpty()) {
            out.append("  label=").append(quoted(title)).append(";\n  labelloc=t;\n");
        }
        out.append("  rankdir=TB;\n  nodesep=0.05;\n  ranksep=0.3;\n")
                .append(
                        "  node [shape=box, style=\"rounded,filled\", fontname=Helvetica, fontsize=10, height=0.25, margin=\"0.06,0.03\"];\n")
                .append("  edge [arrowsize=0.4];\n");
        TreeMap<Integer, List<DrawnNode>> ranks = graph.nodes().stream()
                .collect(Collectors.groupingBy(DotWriter::rank, TreeMap::new, Collectors.toList()));
        ranks.values().forEach(rank -> {
            out.append("  { rank=same;\n");
            rank.forEach(node -> out.append("    ")
                    .append(quoted(node.name()))
                    .append(" [fillcolor=\"")
                    .append(SvgElements.colour(node.type().fill))
                    .append("\"];\n"));
            out.append("  }\n");
        });
        IntStream.range(0, graph.links().size())
                .forEach(i -> link(graph, graph.links().get(i), out));
        return out.append("}\n").toString();
    }

    /** A head's inputs are above its output, which the drawing's rank does not distinguish. */
    private static int rank(DrawnNode node) {
        return node.type() == NodeType.OUTPUT
                ? Integer.MAX_VALUE
                : 2 * node.rank() + (node.type().isHeadInput() ? 0 : 1);
    }

    private static void link(DrawnGraph graph, Link link, StringBuilder out) {
        DrawnNode from = graph.nodes().get(link.from());
        int colour = link.kind() == LinkKind.CONSTANT ? NodeType.CONSTANT.ink : from.type().ink;
        out.append("  ")
                .append(quoted(from.name()))
                .append(" -> ")
                .append(quoted(graph.nodes().get(link.to()).name()))
                .append(" [color=\"")
                .append(SvgElements.colour(colour))
                .append('"');
        if (!Double.isNaN(link.strength())) {
            out.append(String.format(Locale.ROOT, ", tooltip=\"score %.3f\"", link.strength()));
        }
        out.append("];\n");
    }

    private static String quoted(String text) {
        return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n") + '"';
    }
}
