package org.edgeprune.attribute;

import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.graph.Edge;
import org.edgeprune.graph.Reader;
import org.edgeprune.graph.Writer;

/**
 * A circuit as GraphML, which networkx, Gephi, yEd and igraph read. Writers and readers are nodes by their names, an
 * MLP one node for both. Beside the circuit's edges there are links from a head's query, key and value to the head,
 * with {@code link} true, so that paths lead through heads; a shared key or value has one to each of its heads.
 */
public final class GraphMl {
    private static final String HEADER = """
            <?xml version="1.0" encoding="UTF-8"?>
            <graphml xmlns="http://graphml.graphdrawing.org/xmlns">
              <key id="kind" for="node" attr.name="kind" attr.type="string"/>
              <key id="layer" for="node" attr.name="layer" attr.type="int"/>
              <key id="head" for="node" attr.name="head" attr.type="int"/>
              <key id="score" for="edge" attr.name="score" attr.type="double"/>
              <key id="link" for="edge" attr.name="link" attr.type="boolean"/>
              <graph id="circuit" edgedefault="directed">
            """;

    private final StringBuilder text = new StringBuilder(HEADER);

    private GraphMl() {}

    /**
     * Writes edges and the nodes that they touch.
     *
     * @param circuit whose scores edges have, where there are any
     * @param edges the edges to write
     * @return the text of a GraphML file
     */
    public static String write(ScoredCircuit circuit, List<Edge> edges) {
        GraphMl graph = new GraphMl();
        ComputationGraph names = circuit.graph();
        Set<Writer> writers = new LinkedHashSet<>();
        Set<Reader> readers = new LinkedHashSet<>();
        edges.forEach(edge -> {
            writers.add(edge.writer());
            readers.add(edge.reader());
        });
        readers.forEach(reader -> writers.addAll(names.fedBy(reader)));
        graph.nodes(writers, readers);
        for (Edge edge : edges) {
            String score = circuit.score(edge);
            graph.edge(edge.writer().name(), edge.reader().name(), score.isEmpty() ? "" : data("score", score));
        }
        for (Reader reader : readers) {
            if (reader.kind() != Reader.Kind.MLP) {
                names.fedBy(reader).forEach(head -> graph.edge(reader.name(), head.name(), data("link", "true")));
            }
        }
        return graph.text.append("  </graph>\n</graphml>\n").toString();
    }

    private void nodes(Collection<Writer> writers, Collection<Reader> readers) {
        writers.forEach(writer -> node(writer.name(), writer.kind().name(), writer.layer(), writer.head()));
        readers.stream()
                .filter(reader -> reader.kind() != Reader.Kind.MLP)
                .forEach(reader -> node(reader.name(), reader.kind().name(), reader.layer(), reader.head()));
    }

    private void node(String name, String kind, int layer, int head) {
        text.append("    <node id=\"")
                .append(name)
                .append("\">")
                .append(data("kind", kind.toLowerCase(Locale.ROOT)))
                .append(layer < 0 ? "" : data("layer", Integer.toString(layer)))
                .append(head < 0 ? "" : data("head", Integer.toString(head)))
                .append("</node>\n");
    }

    private void edge(String from, String to, String data) {
        text.append("    <edge source=\"")
                .append(from)
                .append("\" target=\"")
                .append(to)
                .append("\">")
                .append(data)
                .append("</edge>\n");
    }

    private static String data(String key, String value) {
        return "<data key=\"" + key + "\">" + value + "</data>";
    }
}
