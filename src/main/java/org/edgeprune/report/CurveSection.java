package org.edgeprune.report;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.StreamSupport;
import org.edgeprune.draw.Curves;
import org.edgeprune.io.InputException;
import org.edgeprune.io.Json;

/**
 * The part of a page with what {@code eval --curve --json} printed: CPR and CMD, a plot, and a table for each curve.
 */
final class CurveSection {
    private static final String REMEDY = "name a file with what edgeprune eval --curve --json printed";
    private static final int WIDTH = 560; // as the plots of the training: legible on a phone
    private static final int HEIGHT = 340;

    private final Path file;
    private final JsonNode tree;

    private CurveSection(Path file, JsonNode tree) {
        this.file = file;
        this.tree = tree;
    }

    /**
     * Reads a file.
     *
     * @param file what {@code eval --curve --json} printed
     * @return the part of the page
     * @throws InputException naming the file, if it is something else
     */
    static String of(Path file) {
        JsonNode tree = Json.read(file, REMEDY);
        if (!tree.path("curves").isArray() || !tree.path("metric").isTextual()) {
            throw new InputException(file + ": lacks one of metric and curves: " + REMEDY);
        }
        return new CurveSection(file, tree).html();
    }

    private String html() {
        List<JsonNode> curves = new ArrayList<>();
        tree.path("curves").forEach(curves::add);
        if (tree.has("curve_of_circuits")) {
            curves.add(tree.get("curve_of_circuits"));
        }
        StringBuilder html = new StringBuilder("<h3 id=\"sizes-part\">Faithfulness at ten sizes</h3>\n<p>")
                .append(Html.escape(text(tree, "task") + ", " + text(tree, "split") + ": " + text(tree, "metric")
                        + " of the full model " + Html.number(number(tree, "full_model")) + ", without edges "
                        + Html.number(number(tree, "empty_circuit"))))
                .append(
                        ".</p>\n<p class=\"lead\">Sizes are those of MIB: shares of the edges of EAP-IG's graph, which has one node for all")
                .append(" embeddings. Edges on no path to the output are not counted.</p>\n");
        html.append(Html.table(
                "areas",
                List.of("", "CPR", "CMD", "average"),
                curves.stream()
                        .map(curve -> List.of(
                                name(curve), number(curve, "cpr"), number(curve, "cmd"), number(curve, "average")))
                        .toList()));
        html.append("<figure>").append(plot(curves).toSvg(WIDTH, HEIGHT)).append("</figure>\n");
        List<JsonNode> circuits = new ArrayList<>();
        tree.path("circuits").forEach(circuits::add);
        if (!circuits.isEmpty()) {
            html.append("<h4>Finished circuits</h4>\n")
                    .append(table(
                            "circuit",
                            circuits.stream().map(c -> text(c, "circuit")).toList(),
                            circuits.stream().map(c -> c.path("point")).toList()));
        }
        for (JsonNode curve : curves) {
            List<JsonNode> points = points(curve);
            html.append("<h4>").append(Html.escape(name(curve))).append("</h4>\n");
            html.append(table(
                    "size",
                    points.stream()
                            .map(point -> "%.1f%%".formatted(100 * number(point, "size")))
                            .toList(),
                    points));
        }
        return html.toString();
    }

    private Curves plot(List<JsonNode> curves) {
        Curves plot = Curves.of("", "share of the edges", "faithfulness (" + text(tree, "metric") + ")")
                .logarithmicX();
        for (JsonNode curve : curves) {
            double[] sizes = points(curve).stream()
                    .mapToDouble(point -> number(point, "size"))
                    .toArray();
            double[] values = points(curve).stream()
                    .mapToDouble(point -> number(point, "faithfulness"))
                    .toArray();
            plot = plot.points(name(curve), sizes, values);
        }
        return plot;
    }

    private String table(String first, List<String> names, List<JsonNode> points) {
        Set<String> metrics = new LinkedHashSet<>();
        points.forEach(point -> point.path("metrics").fieldNames().forEachRemaining(metrics::add));
        List<String> head = new ArrayList<>(List.of(first, "edges", "nodes", "faithfulness"));
        head.addAll(metrics);
        List<List<Object>> rows = new ArrayList<>();
        for (int i = 0; i < points.size(); i++) {
            JsonNode point = points.get(i);
            List<Object> row = new ArrayList<>(List.of(
                    names.get(i), number(point, "edges"), number(point, "nodes"), number(point, "faithfulness")));
            metrics.forEach(metric -> row.add(number(point.path("metrics"), metric)));
            rows.add(row);
        }
        return "<div class=\"wide\">" + Html.table("", head, rows) + "</div>\n";
    }

    private List<JsonNode> points(JsonNode curve) {
        if (curve.path("points").isEmpty()) {
            throw new InputException(file + ": a curve lacks points: " + REMEDY);
        }
        return StreamSupport.stream(curve.get("points").spliterator(), false).toList();
    }

    private String name(JsonNode curve) {
        return text(curve, "circuit")
                + (curve.hasNonNull("ranking") ? ", " + curve.get("ranking").asText() : "");
    }

    private double number(JsonNode of, String field) {
        if (!of.path(field).isNumber()) {
            throw new InputException(file + ": field '" + field + "' is missing, or no number: " + REMEDY);
        }
        return of.get(field).doubleValue();
    }

    private String text(JsonNode of, String field) {
        if (!of.path(field).isTextual()) {
            throw new InputException(file + ": field '" + field + "' is missing, or no text: " + REMEDY);
        }
        return of.get(field).textValue();
    }
}
