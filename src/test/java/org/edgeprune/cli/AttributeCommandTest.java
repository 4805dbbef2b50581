package org.edgeprune.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.edgeprune.attribute.EdgeScores;
import org.edgeprune.attribute.LevelScores;
import org.edgeprune.report.TinyRun;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code attribute} and {@code acdc} on a tiny model. */
class AttributeCommandTest {
    @TempDir
    private static Path folder;

    private static Path model;
    private static Path data;

    @BeforeAll
    static void prepare() {
        model = TinyRun.model(folder.resolve("model"));
        data = TinyRun.data("ioi", model, folder.resolve("data"));
    }

    private static Tool attribute(String out, Object... more) {
        List<Object> arguments = new ArrayList<>(List.of(
                "attribute", "--model", model, "--data", data, "--out", folder.resolve(out), "--json", "--threads", 1));
        arguments.addAll(List.of(more));
        return InProcess.run(arguments.toArray());
    }

    @Test
    void scoresAndRecordAreWrittenAndTheStrongestEdgesPrinted() throws IOException {
        Tool tool = attribute("eap", "--method", "eap-ig-inputs", "--steps", 2, "--bootstrap", 5, "--top", 7);
        assertEquals(0, tool.exit(), tool.err());
        JsonNode result = new ObjectMapper().readTree(tool.out());
        EdgeScores scores = EdgeScores.read(folder.resolve("eap/scores.safetensors"));
        assertEquals(scores.size(), result.path("num_edges").asInt());
        JsonNode best = result.path("strongest_edges").get(0);
        assertEquals(
                scores.at(
                        scores.graph().writer(best.path("writer").asText()),
                        scores.graph().reader(best.path("reader").asText())),
                best.path("score").floatValue());
        double jaccard = result.path("bootstrap_jaccard").asDouble();
        assertTrue(jaccard > 0 && jaccard <= 1, tool.out());
        JsonNode record =
                new ObjectMapper().readTree(folder.resolve("eap/run.json").toFile());
        assertEquals("attribute", record.path("command").asText());
        assertEquals(2, record.path("options").path("steps").asInt());
        assertEquals(64, record.path("model_sha256").asText().length());
    }

    @Test
    void aFolderIsNotOverwrittenAndExactPatchingResumes() throws IOException {
        Tool first = attribute("exact", "--method", "exact", "--max-samples", 2, "--level", "nodes");
        assertEquals(
                8,
                new ObjectMapper().readTree(first.out()).at("/strongest_nodes").size());
        assertEquals(0, first.exit(), first.err());
        byte[] scores = Files.readAllBytes(folder.resolve("exact/scores.safetensors"));
        assertFalse(Files.exists(folder.resolve("exact/partial.safetensors")));
        refused(attribute("exact", "--method", "exact", "--max-samples", 2), "continue it with --resume");
        refused(
                attribute("exact", "--method", "exact", "--max-samples", 3, "--level", "nodes", "--resume"),
                "belongs to a run with other options, data or model (changed: the examples)");
        Files.delete(folder.resolve("exact/scores.safetensors"));
        Tool again = attribute("exact", "--method", "exact", "--max-samples", 2, "--level", "nodes", "--resume");
        assertEquals(0, again.exit(), again.err());
        assertEquals(
                java.util.Arrays.hashCode(scores),
                java.util.Arrays.hashCode(Files.readAllBytes(folder.resolve("exact/scores.safetensors"))));
    }

    @Test
    void nodesNeuronsAndPositionsAreScoredBesideEdges() throws IOException {
        Tool tool =
                attribute("levels", "--method", "eap", "--max-samples", 1, "--level", "nodes,neurons", "--positions");
        assertEquals(0, tool.exit(), tool.err());
        JsonNode result = new ObjectMapper().readTree(tool.out());
        LevelScores scores = LevelScores.read(folder.resolve("levels/scores.safetensors"));
        JsonNode node = result.path("strongest_nodes").get(0);
        assertEquals(
                scores.nodes()
                        .orElseThrow()[
                        scores.edges()
                                .graph()
                                .writer(node.path("name").asText())
                                .index()],
                node.path("score").floatValue());
        assertTrue(result.path("strongest_neurons").get(0).path("name").asText().matches("m[01]\\.n\\d+"));
        assertTrue(
                result.path("strongest_positions").get(0).path("name").asText().contains(" @ "));
        JsonNode record =
                new ObjectMapper().readTree(folder.resolve("levels/run.json").toFile());
        assertEquals(
                "edges,nodes,neurons",
                record.path("options").path("parameters").path("level").asText());
        Tool again = attribute(
                "levels", "--method", "eap", "--max-samples", 1, "--level", "nodes,neurons", "--positions", "--resume");
        assertEquals(
                result.path("strongest_neurons"),
                new ObjectMapper().readTree(again.out()).path("strongest_neurons"));
        refused(attribute("levels", "--method", "eap", "--max-samples", 1, "--resume"), "changed: options");
    }

    @Test
    void whatCannotBeUsedIsRefusedInOneLine() throws IOException {
        refused(
                attribute("no", "--method", "random", "--level", "nodes"),
                "--level: --method random scores edges only");
        refused(
                attribute("no", "--method", "exact", "--positions"),
                "--positions: --method exact cuts edges at all positions together");
        refused(attribute("no", "--method", "eap", "--level", "neurons", "--bootstrap", 3), "leave neurons of --level");
        refused(attribute("no", "--method", "eap", "--positions"), "--positions: example ");
        refused(attribute("no", "--method", "eap", "--objective", "kl"), "has gradient zero at the full model");
        refused(attribute("no", "--method", "eap", "--steps", 3), "--steps: --method eap has none");
        refused(attribute("no", "--method", "exact", "--bootstrap", 3), "gives no scores of each prompt");
        refused(attribute("no", "--method", "eap", "--batch-size", 0), "must be at least 1");
        refused(attribute("no", "--method", "eap", "--ablation", "noise"), "unknown ablation 'noise'");
        Path custom = folder.resolve("custom.jsonl");
        Files.writeString(
                custom,
                "{\"clean\": \"Today Victoria and Simon came late from the shop, so Simon threw a newspaper to"
                        + "<predict> Victoria</predict>\", \"corrupted\": \"Today Vanessa and Walter came late from the"
                        + " shop, so Kyle threw a newspaper to Victoria\"}\n");
        Tool tool = InProcess.run(
                "attribute",
                "--model",
                model,
                "--task",
                "custom",
                "--data",
                custom,
                "--method",
                "eap",
                "--out",
                folder.resolve("no"));
        refused(tool, "has no distractor to compare with");
        assertFalse(Files.exists(folder.resolve("no/scores.safetensors")));
    }

    @Test
    void weightsThatAreNotNumbersGiveNoScores() throws IOException {
        Path broken = folder.resolve("broken");
        Files.createDirectory(broken);
        try (java.util.stream.Stream<Path> files = Files.list(model)) {
            for (Path file : (Iterable<Path>) files::iterator) {
                Files.copy(file, broken.resolve(file.getFileName()));
            }
        }
        Path weights = broken.resolve("model.safetensors");
        byte[] bytes = Files.readAllBytes(weights);
        java.util.Arrays.fill(bytes, bytes.length - 4096, bytes.length, (byte) 0xff);
        Files.write(weights, bytes);
        Tool tool = InProcess.run(
                "attribute", "--model", broken, "--data", data, "--method", "eap", "--out", folder.resolve("nan"));
        refused(tool, "has values that are NaN or infinite");
        assertFalse(Files.exists(folder.resolve("nan/scores.safetensors")));
    }

    @Test
    void acdcTakesTheLastThresholdAndEitherThatOrANumberOfEdges() {
        Object[] start = {"acdc", "--model", model, "--data", data, "--max-samples", 2, "--json"};
        refused(run(start, "--out", folder.resolve("acdc")), "name either --threshold");
        refused(run(start, "--out", folder.resolve("acdc"), "--threshold", 1, "--edges", 3), "name either --threshold");
        Tool tool = run(start, "--out", folder.resolve("acdc"), "--threshold", 0, "--threshold", 1e9);
        assertEquals(0, tool.exit(), tool.err());
        assertTrue(tool.out().contains("\"circuit_edges\" : 0"), tool.out());
        assertTrue(tool.out().contains("\"disagreement\" : 0.0"), tool.out());
        assertTrue(Files.exists(folder.resolve("acdc/edges-reversed.json")));
    }

    private static Tool run(Object[] start, Object... more) {
        List<Object> arguments = new ArrayList<>(List.of(start));
        arguments.addAll(List.of(more));
        return InProcess.run(arguments.toArray());
    }

    private static void refused(Tool tool, String fault) {
        assertEquals(2, tool.exit(), tool.err());
        assertTrue(tool.err().lines().anyMatch(line -> line.contains(fault)), tool.err());
        assertFalse(tool.err().contains("\tat "), tool.err());
    }
}
