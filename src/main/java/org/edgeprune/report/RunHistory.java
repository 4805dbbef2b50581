package org.edgeprune.report;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.ToDoubleFunction;
import org.edgeprune.io.InputException;
import org.edgeprune.io.Json;
import org.edgeprune.io.TextReader;

/**
 * A run's {@code metrics.jsonl}.
 *
 * @param steps one line for each step
 * @param evaluations one line for each evaluation on the validation split
 */
record RunHistory(List<JsonNode> steps, List<JsonNode> evaluations) {
    static RunHistory read(Path file) {
        List<JsonNode> steps = new ArrayList<>();
        List<JsonNode> evaluations = new ArrayList<>();
        for (JsonNode line : lines(file)) {
            (line.has("validation") ? evaluations : steps).add(line);
        }
        return new RunHistory(steps, evaluations);
    }

    /**
     * The JSON objects of a file, one on each line. An incomplete last line, which a killed process leaves, is skipped.
     */
    static List<JsonNode> lines(Path file) {
        List<String> lines = TextReader.LARGE.lines(file, "name the folder of a run");
        List<JsonNode> nodes = new ArrayList<>();
        for (int i = 0; i < lines.size(); i++) {
            try {
                nodes.add(Json.parseLine(file.toString(), i + 1, lines.get(i), "remove the line"));
            } catch (InputException e) {
                if (i < lines.size() - 1) {
                    throw e;
                }
            }
        }
        return nodes;
    }

    /** The numbers of the steps. */
    double[] numbers() {
        return column(steps, line -> line.path("step").doubleValue());
    }

    /** A value of every step; NaN where it is missing. */
    double[] values(String name) {
        return column(steps, line -> line.path(name).asDouble(Double.NaN));
    }

    /** A Lagrange multiplier at every step. */
    double[] multiplier(int index) {
        return column(steps, line -> line.path("multipliers").path(index).asDouble(Double.NaN));
    }

    /** The steps with an evaluation. */
    double[] evaluated() {
        return column(evaluations, line -> line.path("step").doubleValue());
    }

    double[] validation(String name) {
        return column(evaluations, line -> line.path("validation").path(name).asDouble(Double.NaN));
    }

    /** The names of the evaluated metrics. */
    Set<String> validationNames() {
        Set<String> names = new LinkedHashSet<>();
        evaluations.forEach(line -> line.path("validation").fieldNames().forEachRemaining(names::add));
        return names;
    }

    private static double[] column(List<JsonNode> lines, ToDoubleFunction<JsonNode> value) {
        return lines.stream().mapToDouble(value).toArray();
    }
}
