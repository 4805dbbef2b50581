package org.edgeprune.draw;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.edgeprune.io.Json;
import org.edgeprune.io.TextReader;

/** The interactive page: {@code circuit.html} filled with the picture, {@code circuit.js} and the graph as JSON. */
final class HtmlPage {
    private static final Pattern PLACE = Pattern.compile("\\{\\{(\\w+)}}");

    private HtmlPage() {}

    static String of(Picture picture, String title) {
        Map<String, String> parts = Map.of(
                "title",
                        new SvgElements()
                                .text(title.isEmpty() ? "Circuit" : title)
                                .toString(),
                "svg", SvgWriter.element(picture),
                "data", json(picture.graph()),
                "script", TextReader.resource(HtmlPage.class, "circuit.js"));
        return PLACE.matcher(TextReader.resource(HtmlPage.class, "circuit.html"))
                .replaceAll(place -> Matcher.quoteReplacement(parts.get(place.group(1))));
    }

    /** Nodes and links in the order of the picture's {@code data-i} numbers; an unknown strength is null. */
    private static String json(DrawnGraph graph) {
        ObjectNode data = Json.object();
        ArrayNode nodes = data.putArray("nodes");
        graph.nodes().forEach(node -> nodes.addObject().put("name", node.name()).put("type", node.type().label));
        ArrayNode links = data.putArray("links");
        graph.links().forEach(link -> {
            ObjectNode entry = links.addObject()
                    .put("from", link.from())
                    .put("to", link.to())
                    .put("kind", link.kind().name());
            if (Double.isNaN(link.strength())) {
                entry.putNull("strength");
            } else {
                entry.put("strength", link.strength());
            }
        });
        // within a script element only "<" could end the data early
        return data.toString().replace("<", "\\u003c");
    }
}
