package org.edgeprune.report;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.edgeprune.io.JsonFields;

/** The report's table of nodes: what knocking each out does, and what it is connected with. */
final class NodeTable {
    private static final String KL = "kl";

    private NodeTable() {}

    /** The table of a {@code heads.json}, or how to make one. */
    static String html(Path file) {
        if (!Files.exists(file)) {
            return "<p><code>edgeprune heads RUN</code> measures how much each head and MLP of the circuit matters; it is"
                    + " shown here then.</p>\n";
        }
        JsonFields json = JsonFields.read(file, "write it again with edgeprune heads");
        String metric = json.text("metric");
        List<String> head = List.of(
                "without",
                "KL of the circuit",
                metric + " of the circuit",
                "KL of the model",
                metric + " of the model",
                "reads",
                "is read by");
        List<List<Object>> rows = new ArrayList<>();
        rows.add(row("nothing", json.object("circuit"), json.object("full_model"), metric, "", ""));
        for (JsonNode element : json.array("nodes")) {
            JsonFields node = new JsonFields(file, "nodes.", element);
            String name = node.text("node");
            rows.add(row(
                    name,
                    node.object("in_circuit"),
                    node.object("in_model"),
                    metric,
                    ends(node.array("inputs"), name, true),
                    ends(node.array("outputs"), "", false)));
        }
        return "<p>Each node is knocked out alone, on " + json.integer("examples", 1, Integer.MAX_VALUE) + " "
                + Html.escape(json.text("split")) + " examples: all edges out of it are ablated.</p>\n"
                + Html.table("nodes", head, rows);
    }

    private static List<Object> row(
            String name, JsonFields circuit, JsonFields model, String metric, String from, String to) {
        return Arrays.asList(
                name, number(circuit, KL), number(circuit, metric), number(model, KL), number(model, metric), from, to);
    }

    /** Null for a metric that was not computed, such as the full model's KL from itself. */
    private static Double number(JsonFields metrics, String name) {
        return metrics.has(name) ? metrics.number(name) : null;
    }

    /** The other ends of a node's edges; into a head, with the input that they are of. */
    private static String ends(List<JsonNode> edges, String node, boolean into) {
        return edges.stream()
                .map(edge -> into ? source(edge, node) : edge.path(1).asText())
                .collect(Collectors.joining(", "));
    }

    private static String source(JsonNode edge, String node) {
        String reader = edge.path(1).asText();
        return reader.equals(node)
                ? edge.path(0).asText()
                : edge.path(0).asText() + " (" + reader.substring(reader.lastIndexOf('.') + 1) + ")";
    }
}
