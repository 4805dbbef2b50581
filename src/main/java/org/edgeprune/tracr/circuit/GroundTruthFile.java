package org.edgeprune.tracr.circuit;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.edgeprune.graph.Ablation;
import org.edgeprune.io.AtomicFile;

/** Ground truths as JSON; each edge list is what an {@code edges.json} holds: pairs [writer, reader]. */
public final class GroundTruthFile {
    private static final ObjectMapper JSON = new ObjectMapper();

    private GroundTruthFile() {}

    public static void write(GroundTruth truth, Path file) {
        ObjectNode structural = JSON.createObjectNode();
        structural.set("edges", edges(truth.structural().edges()));
        structural.set("writes", JSON.valueToTree(truth.structural().writes()));
        structural.set("reads", JSON.valueToTree(truth.structural().reads()));
        ObjectNode root = JSON.createObjectNode();
        root.set("structural", structural);
        for (Ablation ablation : List.of(Ablation.ZERO, Ablation.INTERCHANGE)) {
            root.set(ablation.name(), functional(truth.functional(ablation)));
        }
        AtomicFile.write(file, out -> out.write((root.toPrettyString() + "\n").getBytes(StandardCharsets.UTF_8)));
    }

    private static ObjectNode functional(FunctionalCircuit circuit) {
        ObjectNode node = JSON.createObjectNode();
        node.set("edges", edges(circuit.edges()));
        node.set("necessary", edges(circuit.necessary()));
        return node.put("unique", circuit.unique())
                .put("error", circuit.error())
                .put("examples", circuit.examples());
    }

    private static ArrayNode edges(List<TruthEdge> edges) {
        ArrayNode array = JSON.createArrayNode();
        edges.forEach(
                edge -> array.add(JSON.createArrayNode().add(edge.writer()).add(edge.reader())));
        return array;
    }
}
