package org.edgeprune.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.edgeprune.io.Json;
import org.edgeprune.io.TextReader;
import org.edgeprune.report.TinyRun;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code prune --seeds}, in this process. */
class SeedRunsTest {
    /** Leaves out {@code --json}. */
    private static final Object AS_TEXT = new Object();

    @TempDir
    static Path dir;

    private static Path model;

    @BeforeAll
    static void prepare() {
        model = TinyRun.model(dir.resolve("model"));
    }

    private static Tool prune(Path out, Object... more) {
        List<Object> arguments = new ArrayList<>(List.of("prune", "--published", "--model", model, "--out", out));
        arguments.addAll(List.of("--steps", 60, "--batch-size", 4, "--edge-sparsity", 0.6, "--initial-log-alpha", -1));
        arguments.addAll(
                List.of("--sparsity-warmup-steps", 10, "--warmup-steps", 1, "--edge-reg-lr", 5, "--edge-lr", 0.2));
        arguments.addAll(List.of("--no-node-loss", "--evaluate-every", 0));
        arguments.addAll(Arrays.asList(more));
        if (!arguments.remove(AS_TEXT)) {
            arguments.add("--json");
        }
        return InProcess.run(arguments.toArray());
    }

    @Test
    void runsOfSeveralSeedsAreComparedAndTheirConsensusEvaluated() throws Exception {
        Path out = dir.resolve("seeds");
        Tool first = prune(out, "--seeds", 2, "--seed", 7).ok();
        JsonNode json = Json.parse("output", first.out(), "");
        assertEquals(2, json.get("runs").asInt());
        JsonNode consensus = json.get("consensus");
        assertEquals(2, consensus.size());
        double either = consensus.get(0).get("num_edges").asDouble();
        double both = consensus.get(1).get("num_edges").asDouble();
        assertEquals(both / either, json.get("edge_jaccard").asDouble(), 1e-12);
        assertEquals(both, json.get("edges_in_all").asDouble());
        JsonNode kl = json.at("/metrics/kl");
        JsonNode each = json.get("each");
        assertEquals("seed-8", each.get(1).get("run").asText());
        assertEquals(
                (each.get(0).get("kl").asDouble() + each.get(1).get("kl").asDouble()) / 2,
                kl.get("mean").asDouble(),
                1e-12);
        JsonNode evaluated = Json.parse(
                "output",
                InProcess.run(
                                "eval",
                                out.resolve("consensus-2.json"),
                                "--model",
                                model,
                                "--data",
                                out.resolve("data"),
                                "--json")
                        .ok()
                        .out(),
                "");
        assertEquals(evaluated.get("kl").asDouble(), consensus.get(1).get("kl").asDouble(), 1e-6);
        // the same prompts, and other masks
        JsonNode one = Json.read(out.resolve("seed-7/run.json"), "");
        JsonNode other = Json.read(out.resolve("seed-8/run.json"), "");
        assertEquals(one.get("inputs"), other.get("inputs"));
        assertFalse(Files.exists(out.resolve("seed-7/data")));
        assertNotEquals(
                Files.readString(out.resolve("seed-7/edges.json")), Files.readString(out.resolve("seed-8/edges.json")));

        Files.delete(out.resolve("seed-8/metrics.json"));
        Tool again = prune(out, "--seeds", 2, "--seed", 7).ok();
        assertEquals(
                "seed-7: already finished",
                again.said(out.resolve("seed-7") + ": already")
                        .substring(out.toString().length() + 1));
        assertEquals(without(first.outLines()), without(again.outLines()));

        List<String> text = prune(out, "--seeds", 2, "--seed", 7, AS_TEXT).ok().outLines();
        assertTrue(text.getFirst().startsWith("Of 2 runs with different seeds, two share "), text.toString());
        int heads = text.indexOf("runs  edges  on paths  accuracy  logit_difference      kl");
        assertTrue(heads > 0, text.toString());
        assertTrue(text.subList(0, heads + 3).stream().noneMatch(line -> line.length() > 80), text.toString());

        String refused = prune(out, "--seeds", 2, "--seed", 8).refused();
        assertTrue(refused.contains("data: holds other prompts"), refused);
        refused = prune(out, "--seeds", 2, "--seed", 7, "--task", "gp").refused();
        assertTrue(refused.contains("data: holds other prompts"), refused);

        InProcess.run("report", out.resolve("seed-7")).ok();
        String page = TextReader.LARGE.read(out.resolve("seed-7/report.html"), "");
        assertTrue(
                page.contains("Of 2 runs with different seeds, two share"),
                "the report says how stable the circuit is");
    }

    @Test
    void runsSideBySideHaveTheBitsOfRunsOneByOne() throws Exception {
        Path alone = dir.resolve("alone");
        Path beside = dir.resolve("beside");
        List<String> one = prune(alone, "--seeds", 3, "--side-by-side", 1, "--steps", 6)
                .ok()
                .outLines();
        Tool three = prune(
                        beside, "--seeds", 3, "--steps", 6, "--side-by-side", 3, "--tensorboard", dir.resolve("events"))
                .ok();
        assertTrue(three.err().contains("3 runs are made at a time"), three.err());
        assertTrue(three.err().contains("seed-43: a step of 4 prompts"), three.err());
        assertEquals(without(one), without(three.outLines()));
        for (String file : List.of("seed-42/masks.safetensors", "seed-44/edges.json", "edge_frequency.csv")) {
            assertArrayEquals(Files.readAllBytes(alone.resolve(file)), Files.readAllBytes(beside.resolve(file)), file);
        }
        assertTrue(Files.isDirectory(dir.resolve("events/seed-43")));

        Files.delete(beside.resolve("seed-43/metrics.json"));
        Files.writeString(beside.resolve("seed-44/edges.json"), "[]");
        String changed =
                prune(beside, "--seeds", 3, "--side-by-side", 2, "--steps", 6).refused();
        assertTrue(changed.contains("seed-44"), changed);
        assertTrue(Files.exists(beside.resolve("seed-43/metrics.json")), "a run that was under way is completed");
    }

    /** The first of two runs fails at once, while the other may be under way: those that wait are not begun. */
    @Test
    void aFailedRunKeepsOthersFromBeingBegun() throws Exception {
        Path out = dir.resolve("failing");
        prune(out, "--seeds", 2, "--steps", 6).ok();
        Files.writeString(out.resolve("seed-42/edges.json"), "[]");
        Files.delete(out.resolve("seed-43/metrics.json"));
        String refused =
                prune(out, "--seeds", 4, "--side-by-side", 2, "--steps", 6).refused();
        assertTrue(refused.contains("seed-42"), refused);
        assertFalse(Files.exists(out.resolve("seed-44")));
        assertFalse(Files.exists(out.resolve("seed-45")));
    }

    private static List<String> without(List<String> lines) {
        return lines.stream().filter(line -> !line.contains("seconds")).toList();
    }

    @Test
    void optionsWithoutMeaningAreRefused() {
        Path out = dir.resolve("refused");
        assertTrue(prune(out, "--seeds", 1).refused().contains("--seeds 1: must be at least 2"));
        assertTrue(prune(out, "--side-by-side", 2).refused().contains("--side-by-side: says how many"));
        assertTrue(prune(out, "--seeds", 2, "--side-by-side", 0).refused().contains("--side-by-side 0"));
        assertTrue(prune(out, "--data-seeds").refused().contains("--data-seeds: says what differs"));
        assertTrue(prune(out, "--seeds", 2, "--minimal").refused().contains("without --minimal: leave out --minimal"));
    }
}
