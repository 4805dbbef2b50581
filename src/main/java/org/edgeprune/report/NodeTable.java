package org.edgeprune.report;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import org.edgeprune.io.Json;

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
        JsonNode json = Json.read(file, "write it again with edgeprune heads");
        String metric = json.path("metric").asText();
        List<String> head = List.of(
                "without",
                "KL of the circuit",
                metric + " of the circuit",
                "KL of the model",
                metric + " of the model",
                "reads",
                "is read by");
        List<List<Object>> rows = new ArrayList<>();
        rows.add(row("nothing", json.path("circuit"), json.path("full_model"), metric, "", ""));
        json.path("nodes")
                .forEach(node -> rows.add(row(
                        node.path("node").asText(),
                        node.path("in_circuit"),
                        node.path("in_model"),
                        metric,
                        ends(node.path("inputs"), node.path("node").asText(), true),
                        ends(node.path("outputs"), "", false))));
        return "<p>Each node is knocked out alone, on " + json.path("examples").asInt() + " "
                + Html.escape(json.path("split").asText()) + " examples: all edges out of it are ablated.</p>\n"
                + Html.table("nodes", head, rows);
    }

    private static List<Object> row(
            String name, JsonNode circuit, JsonNode model, String metric, String from, String to) {
        return Arrays.asList(
                name, number(circuit, KL), number(circuit, metric), number(model, KL), number(model, metric), from, to);
    }

    private static Double number(JsonNode metrics, String name) {
        return metrics.path(name).isNumber() ? metrics.get(name).doubleValue() : null;
    }

    /** The other ends of a node's edges; into a head, with the input that they are of. */
    private static String ends(JsonNode edges, String node, boolean into) {
        return StreamSupport.stream(edges.spliterator(), false)
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
