package org.edgeprune.tracr.circuit;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.List;
import org.edgeprune.graph.Ablation;
import org.edgeprune.io.Json;

/**
 * Ground truths as JSON: {@code structural}, {@code zero} and {@code interchange}, each with {@code edges} as in an
 * {@code edges.json}, a list of pairs [writer, reader].
 */
public final class GroundTruthFile {
    private GroundTruthFile() {}

    /**
     * Writes a ground truth.
     *
     * @param truth the ground truth
     * @param file the file, replaced if it exists
     * @throws org.edgeprune.io.InputException if the file cannot be written
     */
    public static void write(GroundTruth truth, Path file) {
        ObjectNode structural = Json.object();
        structural.set("edges", edges(truth.structural().edges()));
        structural.set("writes", Json.PLAIN.tree(truth.structural().writes()));
        structural.set("reads", Json.PLAIN.tree(truth.structural().reads()));
        ObjectNode root = Json.object();
        root.set("structural", structural);
        for (Ablation ablation : GroundTruth.ABLATIONS) {
            root.set(ablation.name(), functional(truth.functional(ablation)));
        }
        Json.write(file, root);
    }

    private static ObjectNode functional(FunctionalCircuit circuit) {
        ObjectNode node = Json.object();
        node.set("edges", edges(circuit.edges()));
        node.set("necessary", edges(circuit.necessary()));
        return node.put("unique", circuit.unique())
                .put("error", circuit.error())
                .put("examples", circuit.examples());
    }

    private static ArrayNode edges(List<TruthEdge> edges) {
        ArrayNode array = Json.array();
        edges.forEach(edge -> array.add(Json.array().add(edge.writer()).add(edge.reader())));
        return array;
    }
}
