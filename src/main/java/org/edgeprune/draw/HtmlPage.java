package org.edgeprune.draw;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.edgeprune.io.Json;
import org.edgeprune.io.TextReader;

/**
 * The interactive pages: {@code circuit.html} filled with the picture, its script and the graph as JSON, and
 * {@code matrix.html} for graphs of more than a thousand edges.
 */
final class HtmlPage {
    private static final Pattern PLACE = Pattern.compile("\\{\\{(\\w+)}}");

    private HtmlPage() {}

    static String of(Picture picture, String title) {
        return filled("circuit", title, picture.graph(), SvgWriter.element(picture));
    }

    /**
     * The page of a graph that is too large for a picture: a matrix of writers and readers, and graphs of its parts.
     */
    static String matrix(DrawnGraph graph, String title) {
        return filled("matrix", title, graph, "");
    }

    private static String filled(String page, String title, DrawnGraph graph, String svg) {
        Map<String, String> parts = Map.of(
                "title",
                        new SvgElements()
                                .text(title.isEmpty() ? "Circuit" : title)
                                .toString(),
                "svg", svg,
                "data", json(graph),
                "script", TextReader.resource(HtmlPage.class, page + ".js"));
        return PLACE.matcher(TextReader.resource(HtmlPage.class, page + ".html"))
                .replaceAll(place -> Matcher.quoteReplacement(parts.get(place.group(1))));
    }

    /** Nodes and links in the order of the picture's {@code data-i} numbers; an unknown strength is null. */
    private static String json(DrawnGraph graph) {
        ObjectNode data = Json.object();
        data.put("ranking", graph.ranking().name());
        ArrayNode nodes = data.putArray("nodes");
        graph.nodes().forEach(node -> nodes.addObject()
                .put("name", node.name())
                .put("type", node.type().label)
                .put("cell", graph.isCell(node)));
        ArrayNode links = data.putArray("links");
        graph.links().forEach(link -> {
            ObjectNode entry = links.addObject()
                    .put("from", link.from())
                    .put("to", link.to())
                    .put("kind", link.kind().name());
            if (Double.isNaN(link.strength())) {
                entry.putNull("strength").putNull("key");
            } else {
                entry.put("strength", link.strength()).put("key", graph.key(link));
            }
        });
        // within a script element only "<" could end the data early
        return data.toString().replace("<", "\\u003c");
    }
}
