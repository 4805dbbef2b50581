package org.edgeprune.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.edgeprune.graph.PositionCircuit;
import org.edgeprune.io.Json;
import org.edgeprune.report.TinyRun;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code prune --positions}, and every command on what it wrote. */
class PositionsCommandsTest {
    @TempDir
    private static Path dir;

    private static Path model;
    private static Path data;
    private static Path run;
    private static PositionCircuit circuit;

    @BeforeAll
    static void prune() {
        model = TinyRun.model(dir.resolve("model"));
        data = TinyRun.data("ioi-t1", model, dir.resolve("data"));
        run = dir.resolve("run");
        Tool made = prune(run).ok();
        assertTrue(made.err().contains("--positions: masks at "), made.err());
        assertTrue(made.out().contains("its circuit in " + run.resolve("positions.json")), made.out());
        circuit = PositionCircuit.read(run.resolve("positions.json"));
    }

    private static Tool prune(Path out, Object... more) {
        List<Object> arguments = new ArrayList<>(List.of(
                "prune",
                "--model",
                model,
                "--task",
                "ioi-t1",
                "--data",
                data,
                "--positions",
                "--steps",
                8,
                "--batch-size",
                4,
                "--edge-sparsity",
                0.5,
                "--sparsity-warmup-steps",
                4,
                "--warmup-steps",
                0,
                "--threads",
                1,
                "--out",
                out));
        arguments.addAll(Arrays.asList(more));
        return InProcess.run(arguments.toArray());
    }

    private static JsonNode metrics() {
        return Json.read(run.resolve("metrics.json"), "");
    }

    @Test
    void theRunCountsEdgesAtEachPosition() {
        JsonNode metrics = metrics();
        assertEquals(circuit.size(), metrics.get("num_edge_positions").asInt());
        assertEquals(circuit.total(), metrics.get("total_edge_positions").asInt());
        assertEquals(circuit.anywhere().size(), metrics.get("num_edges").asInt());
        assertEquals(circuit.graph().edgeCount(), metrics.get("total_edges").asInt());
        assertEquals(circuit.edgeSparsity(), metrics.get("edge_sparsity").asDouble());
        assertTrue(
                circuit.positions() > 5 && circuit.size() > circuit.anywhere().size());
        assertFalse(Files.exists(run.resolve("edges.json")));
        assertTrue(metrics.get("files").has("positions.json"));
    }

    @Test
    void evalRepeatsIt() {
        JsonNode result =
                InProcess.run("eval", run, "--threads", 1, "--json").ok().json();
        for (String name : List.of("kl", "num_edge_positions", "edge_sparsity", "logit_difference")) {
            assertEquals(metrics().get(name), result.get(name), name);
        }
        Path other = TinyRun.data("ioi", model, dir.resolve("other"));
        String refused =
                InProcess.run("eval", run, "--data", other, "--threads", 1).refused();
        assertTrue(refused.contains("the circuit has " + circuit.positions()), refused);
    }

    @Test
    void edgesListsThemWithTheirPositions() throws IOException {
        JsonNode all = InProcess.run("edges", run, "--json").ok().json();
        assertEquals(circuit.size(), all.get("num_edge_positions").asInt());
        assertEquals(circuit.anywhere().size(), all.get("edges").size());
        assertEquals(circuit.at(3).size(), all.get("by_position").get(3).asInt());
        Path any = dir.resolve("any.json");
        InProcess.run("edges", run, "--position", "any", "--out", any).ok();
        assertEquals(circuit.anywhere().toJson(), Files.readString(any));
        Path one = dir.resolve("one.json");
        InProcess.run("edges", run, "--position", 3, "--out", one).ok();
        assertEquals(circuit.at(3).toJson(), Files.readString(one));
        Path scores = dir.resolve("log-alphas.csv");
        InProcess.run("edges", run, "--position", 3, "--scores", scores).ok();
        assertEquals(circuit.graph().edgeCount() + 1, Files.readAllLines(scores).size());
        assertEquals(
                "edgeprune: --position " + circuit.positions() + ": the circuit has positions 0 to "
                        + (circuit.positions() - 1) + ", or any",
                InProcess.run("edges", run, "--position", circuit.positions())
                        .refused()
                        .strip());
        assertTrue(InProcess.run("edges", any, "--position", "any")
                .refused()
                .contains("is not a run with masks at each position"));
    }

    /** One line that says why and how to get a list of edges; none of them takes the union by itself. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "eval %s --curve",
                "eval %s --edges-kept 10",
                "edges %s --out x.json",
                "edges %s --format eap-ig --out x.json",
                "edges %s --edges-kept 10",
                "generate %s --example 1 --max-new-tokens 1",
                "validate %s",
                "tracr check %s"
            })
    void commandsThatNeedOneListRefuse(String command) {
        String refused =
                InProcess.run((Object[]) command.formatted(run).split(" ")).refused();
        assertEquals(1, refused.lines().count(), refused);
        assertTrue(
                refused.contains(
                        "has masks at each of " + circuit.positions() + " positions, which are not one list of edges"),
                refused);
    }

    @Test
    void picturesSayWhichPositions() throws IOException {
        Path picture = dir.resolve("picture.svg");
        Tool any = InProcess.run("draw", run, "--out", picture, "--no-sanitize").ok();
        assertTrue(any.err().contains("--position N draws those at position N"), any.err());
        assertTrue(any.out().startsWith(circuit.anywhere().size() + " edges drawn"), any.out());
        assertTrue(Files.readString(picture).contains("edges at any of " + circuit.positions() + " positions"));
        Tool one = InProcess.run("draw", run, "--out", picture, "--no-sanitize", "--position", 3)
                .ok();
        assertTrue(one.out().startsWith(circuit.at(3).size() + " edges drawn"), one.out());
        assertTrue(Files.readString(picture).contains("edges at position 3 of "));
        Path page = run.resolve("report.html");
        assertEquals("", InProcess.run("report", run).ok().err());
        assertTrue(Files.readString(page)
                .contains("%,d edges counted at each of %d positions of %,d"
                        .formatted(circuit.size(), circuit.positions(), circuit.total())));
        assertTrue(InProcess.run("report", run, "--example", 1).refused().contains("the same at all positions"));
    }

    @Test
    void runsAreComparedByPosition() {
        Path second = dir.resolve("second");
        prune(second, "--seed", 8).ok();
        JsonNode compared = InProcess.run("compare", run, second, "--json").ok().json();
        PositionCircuit other = PositionCircuit.read(second.resolve("positions.json"));
        var shared = circuit.edgeSet();
        shared.and(other.edgeSet());
        assertEquals(shared.cardinality(), compared.get("intersection").asInt());
        assertTrue(InProcess.run("compare", run, second, "--union", dir.resolve("u.json"))
                .refused()
                .contains("need lists of edges"));
        Path list = dir.resolve("list.json");
        circuit.anywhere().write(list);
        assertTrue(InProcess.run("compare", run, list).refused().contains("has the same masks at all positions"));
    }

    @Test
    void headsKnocksNodesOutAtAllPositions() {
        Tool heads = InProcess.run("heads", run, "--max-samples", 2, "--threads", 1, "--json")
                .ok();
        assertTrue(heads.err().contains("those that are kept at any"), heads.err());
        assertTrue(heads.json().get("nodes").size() > 0);
    }

    @Test
    void whatHasNoPositionsIsRefused() throws IOException {
        Path out = dir.resolve("refused");
        refused(prune(out, "--minimal"), "--minimal: its search cuts edges at all positions together");
        refused(prune(out, "--seeds", 2), "--seeds: compares lists of edges");
        refused(prune(out, "--warm-start", "eap-ig"), "--warm-start eap-ig: ranks edges");
        refused(prune(out, "--level", "nodes"), "masks at each position are masks of edges");
        refused(prune(out, "--fresh-data"), "prompts that all have as many tokens");
        refused(
                prune(out, "--data", TinyRun.data("ioi", model, dir.resolve("mixed"))),
                "so name data of one template, all with as many tokens, such as --task ioi-t1");
        Path words = dir.resolve("words.jsonl");
        Files.writeString(
                words, "{\"clean\": \"Today<predict> Victoria</predict>\", \"corrupted\": \"Then\"}\n".repeat(40));
        refused(
                prune(out, "--task", "custom", "--data", words),
                "--positions: the prompts have one token, and so one position: leave out --positions");
        assertFalse(Files.exists(out.resolve("run.json")));
    }

    private static void refused(Tool tool, String expected) {
        String line = tool.refused();
        assertTrue(line.contains(expected), line);
    }

    @Test
    void thePlanCountsThem() {
        JsonNode plan =
                prune(dir.resolve("planned"), "--dry-run", "--json").ok().json();
        assertEquals(circuit.positions(), plan.get("plan").get("positions").asInt());
        long with = memory("--positions");
        assertTrue(with > memory(), () -> with + " bytes");
    }

    private static long memory(String... more) {
        List<Object> arguments = new ArrayList<>(List.of("info", model, "--tokens", 20, "--json"));
        arguments.addAll(List.of(more));
        return InProcess.run(arguments.toArray())
                .ok()
                .json()
                .get("step")
                .get("memory")
                .get("masks")
                .asLong();
    }
}
