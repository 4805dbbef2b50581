package org.edgeprune.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.edgeprune.attribute.EdgeScores;
import org.edgeprune.attribute.Ranking;
import org.edgeprune.report.TinyRun;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code mattr} on a tiny model. */
class MattrCommandTest {
    @TempDir
    private static Path folder;

    private static Path model;
    private static Path data;

    @BeforeAll
    static void prepare() {
        model = TinyRun.model(folder.resolve("model"));
        data = TinyRun.data("ioi", model, folder.resolve("data"));
    }

    private static Tool mattr(String out, Object... more) {
        List<Object> arguments = new ArrayList<>(List.of(
                "mattr", "--model", model, "--data", data, "--out", folder.resolve(out), "--json", "--threads", 1));
        arguments.addAll(List.of(more));
        return InProcess.run(arguments.toArray());
    }

    private static JsonNode options(String out) throws IOException {
        return new ObjectMapper()
                .readTree(folder.resolve(out).resolve("run.json").toFile())
                .path("options");
    }

    private static EdgeScores scores(String out) {
        return EdgeScores.read(folder.resolve(out).resolve("scores.safetensors"));
    }

    @Test
    void aTrainingStartsFromEapIgAndDescendsKl() throws IOException {
        mattr("usual", "--steps", 3, "--max-samples", 6).ok();
        JsonNode options = options("usual");
        assertEquals("kl", options.path("objective").asText());
        assertEquals(8, options.path("batch_size").asInt());
        assertEquals("eap-ig", options.at("/parameters/warm_start").asText());
        assertEquals(0.005, options.at("/parameters/smallest").asDouble());
        assertEquals(0.2, options.at("/parameters/cooling").asDouble());
    }

    @Test
    void aPublishedTrainingIsNotedAsBefore() throws IOException {
        mattr("published", "--published", "--steps", 2, "--max-samples", 6).ok();
        JsonNode options = options("published");
        assertEquals("logit-difference", options.path("objective").asText());
        assertEquals(1, options.path("batch_size").asInt());
        assertEquals(2, options.path("parameters").size(), options.toString());
    }

    /** Steps of no length leave the order that scores start in. */
    @Test
    void scoresOfAnotherRunAreTheStart() throws IOException {
        InProcess.run(
                        "attribute",
                        "--model",
                        model,
                        "--data",
                        data,
                        "--method",
                        "random",
                        "--out",
                        folder.resolve("random"))
                .ok();
        mattr(
                        "started",
                        "--steps",
                        1,
                        "--max-samples",
                        4,
                        "--learning-rate",
                        1e-9,
                        "--sizes",
                        "0.1,0.5",
                        "--warm-start",
                        folder.resolve("random"))
                .ok();
        assertArrayEquals(
                scores("random").ranked(Ranking.ABSOLUTE), scores("started").ranked(Ranking.SIGNED));
        JsonNode parameters = options("started").path("parameters");
        assertTrue(parameters.path("warm_start").asText().startsWith("scores:"), parameters.toString());
        assertEquals(0.5, parameters.path("largest").asDouble());
        mattr("none", "--steps", 1, "--max-samples", 4, "--warm-start", "none").ok();
        assertFalse(options("none").path("parameters").has("warm_start"));
    }

    /** The circuit of a run with further options. */
    private static String pruned(String out, Object... further) throws IOException {
        List<Object> command = new ArrayList<>(List.of("prune", "--model", model, "--data", data, "--threads", 1));
        command.addAll(List.of("--out", folder.resolve(out), "--edge-sparsity", 0.8, "--steps", 2));
        command.addAll(List.of(further));
        InProcess.run(command.toArray()).ok();
        return Files.readString(folder.resolve(out).resolve("edges.json"));
    }

    /**
     * By default scores are trained first: the circuit is that of a run which starts from the scores of such a
     * training.
     */
    @Test
    void pruningStartsFromATraining() throws IOException {
        mattr("whole").ok();
        String edges = pruned("warm");
        assertEquals(pruned("warm-from-scores", "--warm-start", folder.resolve("whole")), edges);
        assertNotEquals(pruned("warm-from-eap-ig", "--warm-start", "eap-ig"), edges);
        JsonNode options = options("warm");
        assertEquals("mattr", options.path("warm_start").asText());
        assertEquals(0.8, options.at("/edge_sparsity/start").asDouble(), "from the first step on");
        assertEquals(0.03, options.path("edge_learning_rate").asDouble());
        assertTrue(options.path("embedding_nodes").asBoolean()
                && options.path("hold_target").asBoolean());
        pruned("cold", "--published");
        assertEquals("none", options("cold").path("warm_start").asText());
        refused(
                InProcess.run("prune", "--out", folder.resolve("warm"), "--resume", "--published"),
                "--published: the run starts from mattr");
    }

    /** The ranking of a sweep is computed once, and each of its runs is that of {@code prune} with the same target. */
    @Test
    void theRunsOfASweepShareTheirRanking() throws IOException {
        Path out = folder.resolve("sweep");
        List<Object> command = new ArrayList<>(List.of("sweep", "--model", model, "--data", data, "--threads", 1));
        command.addAll(List.of("--out", out, "--steps", 2, "--target-edge-sparsity", "0.6,0.8"));
        Tool sweep = InProcess.run(command.toArray()).ok();
        String alone = pruned("alone");
        assertEquals(alone, Files.readString(out.resolve("edge-sparsity-0.8/edges.json")));
        assertEquals(
                0.6,
                options("sweep/edge-sparsity-0.6").at("/edge_sparsity/start").asDouble());
        assertEquals(
                0,
                sweep.err()
                        .lines()
                        .filter(line -> line.contains("trained as published"))
                        .count());
        command.set(command.size() - 1, "0.6,1.05");
        refused(InProcess.run(command.toArray()), "add --published for all");
    }

    @Test
    void impossibleSettingsAreRefused() {
        refused(mattr("no", "--sizes", "0.1"), "0.005,0.2");
        refused(mattr("no", "--sizes", "0.3,0.1"), "--sizes");
        refused(mattr("no", "--temperature", 0), "--temperature 0.0");
        refused(mattr("no", "--steps", 0), "--steps 0");
        refused(mattr("no", "--warm-start", folder.resolve("absent")), "absent");
    }

    private static void refused(Tool tool, String part) {
        assertEquals(2, tool.exit(), tool.err());
        assertTrue(tool.err().contains(part), tool.err());
    }
}
