package org.edgeprune.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertIterableEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/**
 * {@code prune}, {@code eval} and {@code edges} on a model of two layers, as processes. The later tests look at the
 * first one's run.
 */
@Order(2)
@Execution(ExecutionMode.CONCURRENT)
class RunCommandsTest {
    @TempDir
    static Path folder;

    private static Path model;
    private static Path data;
    private static Path run;
    private static JsonNode result;

    @BeforeAll
    static void prepare() {
        model = folder.resolve("model");
        data = folder.resolve("data");
        run = folder.resolve("run");
        Tool.run(
                        "train-mini",
                        "--out",
                        model,
                        "--steps",
                        20,
                        "--layers",
                        2,
                        "--heads",
                        2,
                        "--width",
                        16,
                        "--batch-size",
                        8)
                .ok();
        Tool.run("data", "ioi", "--out", data, "--train", 40, "--validation", 8, "--test", 16, "--model", model)
                .ok();
        result = prune(run).ok().json();
    }

    private static Tool prune(Path out, Object... more) {
        return Tool.run(arguments(out, more));
    }

    private static Object[] arguments(Path out, Object... more) {
        List<Object> arguments = new ArrayList<>(List.of(
                "prune",
                "--published",
                "--model",
                model,
                "--data",
                data,
                "--out",
                out,
                "--json",
                "--threads",
                1,
                "--steps",
                300,
                "--batch-size",
                8,
                "--warmup-steps",
                10,
                "--sparsity-warmup-steps",
                200,
                "--edge-sparsity",
                0.8,
                "--no-node-loss",
                "--embedding-nodes",
                "--evaluate-every",
                100,
                "--save-every",
                20));
        arguments.addAll(Arrays.asList(more));
        return arguments.toArray();
    }

    @Test
    void pruneWritesARun() throws IOException {
        for (String key : List.of(
                "edge_sparsity",
                "num_edges",
                "kl",
                "accuracy",
                "full_model_accuracy",
                "exact_match",
                "logit_difference",
                "seconds")) {
            assertTrue(result.path(key).isNumber(), key);
        }
        assertEquals(result, ((ObjectNode) json(run.resolve("metrics.json"))).without("files"));
        assertEquals(
                result.get("num_edges").asInt(), json(run.resolve("edges.json")).size());
        assertTrue(result.get("edge_sparsity").asDouble() > 0.5, result.toString());
        JsonNode record = json(run.resolve("run.json"));
        assertEquals(300, record.at("/options/steps").asInt());
        assertEquals(0.8, record.at("/options/edge_sparsity/target").asDouble());
        assertFalse(record.at("/options/node_loss").asBoolean());
        assertTrue(record.at("/options/embedding_nodes").asBoolean());
        assertEquals(data.toString(), record.get("data").asText());
        assertEquals(300 + 2, Files.readAllLines(run.resolve("metrics.jsonl")).size());
    }

    @Test
    void aRunIsNotOverwrittenNorResumedWithOtherOptions() {
        assertTrue(prune(run).refused().contains("holds a run already"));
        assertTrue(prune(run, "--resume", "--edge-lr", 0.1).refused().contains("run.json"));
    }

    @Test
    void evalOfTheRunItsEdgesAndItsPublishedFormAgree() throws IOException {
        JsonNode metrics = json(run.resolve("metrics.json"));
        JsonNode ofRun = Tool.run("eval", run, "--json", "--examples", folder.resolve("examples.jsonl"))
                .ok()
                .json();
        for (String key :
                List.of("edge_sparsity", "num_edges", "accuracy", "kl", "logit_difference", "full_model_accuracy")) {
            assertEquals(metrics.get(key).asDouble(), ofRun.get(key).asDouble(), 1e-5, key);
        }
        assertEquals(16, Files.readAllLines(folder.resolve("examples.jsonl")).size());
        assertEquals(folder.resolve("model").toString(), ofRun.get("model").asText());

        JsonNode ofEdges = Tool.run(
                        "eval", "--edges", run.resolve("edges.json"), "--model", model, "--data", data, "--json")
                .ok()
                .json();
        assertEquals(metrics.get("num_edges"), ofEdges.get("num_edges"));
        assertEquals(metrics.get("total_edges"), ofEdges.get("total_edges"));

        Path published = folder.resolve("published");
        Tool.run("edges", run, "--checkpoint", published, "--count").ok();
        JsonNode ofPublished = Tool.run("eval", published, "--model", model, "--data", data, "--json")
                .ok()
                .json();
        assertEquals(
                metrics.get("num_edges").asInt(), ofPublished.get("num_edges").asInt(), 1);
        assertEquals(metrics.get("kl").asDouble(), ofPublished.get("kl").asDouble(), 1e-3);
    }

    @Test
    void theWholeModelNeedsNoCircuit() {
        JsonNode whole = Tool.run("eval", "--model", model, "--task", "gp", "--json")
                .ok()
                .json();
        assertEquals("whole model", whole.get("circuit").asText());
        assertEquals(1000, whole.get("examples").asInt());
        assertEquals(0, whole.get("kl").asDouble(), 1e-6);
        assertFalse(whole.has("edge_sparsity"));
    }

    @Test
    void edgesAreListedCountedAndFiltered() throws IOException {
        JsonNode all = Tool.run("edges", run, "--json").ok().json();
        assertEquals(json(run.resolve("edges.json")), all.get("edges"));
        Path last = folder.resolve("last.json");
        Tool text =
                Tool.run("edges", run, "--reader", "resid_post", "--out", last).ok();
        assertTrue(text.out().lines().allMatch(line -> line.endsWith(" -> resid_post")), text.out());
        assertEquals(text.out().lines().count(), json(last).size());
        String counts =
                Tool.run("edges", last, "--model", model, "--count").ok().out();
        assertTrue(counts.contains("-> resid_post") && counts.contains("together"), counts);
        assertTrue(Tool.run("edges", folder, "--model", model).refused().contains("neither a run"));
    }

    @Test
    void logAlphasRankEdgesAndKeepTheirCurveInAGraphFile() {
        Path graph = folder.resolve("graph.json");
        Tool.run("edges", run, "--format", "eap-ig", "-o", graph, "--count").ok();
        JsonNode curves =
                Tool.run("eval", run, graph, "--curve", "--json").ok().json().get("curves");
        assertEquals(4, curves.size());
        for (int i = 0; i < 2; i++) {
            assertEquals(curves.get(i).get("points"), curves.get(i + 2).get("points"));
        }
        JsonNode signed = curves.get(1);
        assertEquals("signed", signed.get("ranking").asText());
        assertEquals(1, signed.at("/points/9/faithfulness").asDouble(), 1e-3);
        assertEquals(10, signed.get("points").size());
    }

    @Test
    void aRunIsEvaluatedAndWrittenAtAnySize() throws IOException {
        Path best = folder.resolve("best.json");
        JsonNode listed = Tool.run("edges", run, "--edges-kept", 20, "-o", best, "--json")
                .ok()
                .json();
        assertEquals(20, listed.get("num_edges").asInt());
        int onPaths = listed.get("num_edges_on_paths").asInt();
        JsonNode kept = Tool.run("eval", run, "--edges-kept", 20, "--json").ok().json();
        assertEquals(20, kept.get("num_edges").asInt());
        assertEquals(onPaths, kept.get("num_edges_on_paths").asInt());
        int all = kept.get("total_edges").asInt();
        assertEquals(1 - 20.0 / all, kept.get("edge_sparsity").asDouble(), 1e-12);
        JsonNode ofList = Tool.run("eval", best, "--model", model, "--data", data, "--json")
                .ok()
                .json();
        assertEquals(kept.get("kl"), ofList.get("kl"));
        JsonNode half =
                Tool.run("eval", run, "--edge-sparsity", 0.5, "--json").ok().json();
        assertEquals(Math.round(all / 2.0), half.get("num_edges").asInt());
        assertEquals(
                onPaths,
                Tool.run("edges", best, "--model", model, "--connected", "--json")
                        .ok()
                        .json()
                        .get("num_edges")
                        .asInt());
        String refused = Tool.run("eval", run, "--edge-sparsity", 95).refused();
        assertTrue(refused.contains("--edge-sparsity 95.0: is the share of edges to cut"), refused);
        assertTrue(Tool.run("eval", "--edges-kept", 5).refused().contains("--edges-kept: needs scores"));
        assertTrue(Tool.run("eval", run, "--curve", "--edges-kept", 5).refused().contains("leave out --edges-kept"));
    }

    @Test
    void killedAndInterruptedRunsGoOnWhereTheyWere() throws IOException {
        Path broken = folder.resolve("broken");
        assertEquals(
                128 + 9,
                Tool.interrupt("KILL", () -> checkpoint(broken) >= 20, arguments(broken, "--minimal"))
                        .exit());
        int saved = checkpoint(broken);
        Tool interrupted = Tool.interrupt("INT", () -> checkpoint(broken) >= saved + 40, arguments(broken, "--resume"));
        assertEquals(128 + 2, interrupted.exit());
        assertTrue(
                interrupted
                        .err()
                        .contains("edgeprune: interrupted. To continue this run: edgeprune prune --out " + broken
                                + " --resume"),
                interrupted.err());
        assertFalse(Files.exists(broken.resolve("metrics.json")));
        prune(broken, "--resume").ok();
        for (String file : List.of("masks.safetensors", "edges.json")) {
            assertArrayEquals(Files.readAllBytes(run.resolve(file)), Files.readAllBytes(broken.resolve(file)), file);
        }
        assertTrue(Files.exists(broken.resolve("minimal.json")), "run.json says that it was asked for");
        assertIterableEquals(steps(run), steps(broken));
        assertEquals(withoutTime(run), withoutTime(broken));
    }

    @Test
    void evalTellsKindsOfHeldOutPromptsApart() {
        JsonNode page = Tool.run("eval", run, "--held-out", "--json", "--threads", 1)
                .ok()
                .json();
        JsonNode kinds = page.get("held_out");
        assertEquals(3, kinds.size());
        for (String kind : List.of("same_kind", "new_templates", "new_words")) {
            assertTrue(kinds.at("/" + kind + "/kl").asDouble() >= 0, kinds.toString());
            assertTrue(kinds.at("/" + kind + "/examples").asInt() > 150, kinds.toString());
            assertTrue(kinds.at("/" + kind + "/full_model_accuracy").isNumber(), kinds.toString());
        }
        Tool first = Tool.run("eval", run, "--held-out", "--max-samples", 5).ok();
        assertTrue(first.out().contains("held_out.same_kind.kl"));
        assertTrue(first.out().lines().anyMatch(line -> line.matches("examples +5")), first.out());
        assertTrue(first.out().lines().anyMatch(line -> line.matches("held_out.new_words.examples +5")), first.out());
        assertTrue(Tool.run("eval", run, "--max-samples", 0).refused().contains("--max-samples 0: must be at least 1"));
        assertTrue(Tool.run("eval", run, "--held-out", "--curve").refused().contains("leave it out with --curve"));
    }

    @Test
    void validateSaysWhatHolds() {
        JsonNode page = Tool.run(
                        "validate",
                        run,
                        run,
                        "--max-samples",
                        6,
                        "--draws",
                        19,
                        "--bootstrap",
                        1,
                        "--random-weights",
                        "--json",
                        "--threads",
                        1)
                .ok()
                .json();
        assertEquals(result.get("num_edges"), page.get("num_edges"));
        assertEquals(6, page.get("examples").asInt());
        List<String> names = new ArrayList<>();
        int holding = 0;
        for (JsonNode check : page.get("checks")) {
            names.add(check.get("name").asText());
            holding += check.get("holds").asBoolean() ? 1 : 0;
            assertTrue(check.get("values").size() > 1 && check.get("criterion").isTextual(), check.toString());
        }
        assertEquals(
                List.of(
                        "faithfulness",
                        "completeness",
                        "minimality",
                        "equivalence",
                        "random circuits",
                        "stability",
                        "bootstrap",
                        "random weights"),
                names);
        assertEquals(holding, page.get("holding").asInt());
        assertEquals(1, page.at("/checks/5/values/overlap").asDouble(), "a run agrees with itself");
        assertEquals(2, page.at("/checks/6/values/circuits").asInt());
        assertTrue(Tool.run("validate", run, "--draws", 5).refused().contains("at least 19"));
        assertTrue(Tool.run("validate", run.resolve("edges.json"), "--model", model, "--random-weights")
                .refused()
                .contains("name the directory of a run"));
        assertTrue(Tool.run("validate", run.resolve("edges.json"), "--model", model, "--bootstrap", 2)
                .refused()
                .contains("name the directory of a run"));
        assertTrue(Tool.run("validate", run, "--bootstrap", 0).refused().contains("--bootstrap 0"));
        assertTrue(Tool.run("validate", run, "--task", "gt", "--random-weights")
                .refused()
                .contains(
                        "--random-weights repeats " + run + ", a run of ioi on " + model + ", not of gt on " + model));
        assertTrue(Tool.run("validate", run, "--data", data, "--bootstrap", 1)
                .refused()
                .contains("leave out --data, or --bootstrap"));
    }

    @Test
    void validateRepeatsARunWithThePromptsThatItUsed() {
        Path few = folder.resolve("few");
        prune(few, "--steps", 10, "--max-train-samples", 12, "--minimal", 0.1).ok();
        Tool validated = Tool.run(
                        "validate", few, "--max-samples", 4, "--draws", 19, "--max-edges", 5, "--bootstrap", 1)
                .ok();
        assertTrue(
                validated.err().contains("pruning on 12 training prompts drawn with replacement, 1 of 1"),
                validated.err());
        assertTrue(validated.out().lines().anyMatch(line -> line.matches(" +tested_edges +5")), validated.out());
    }

    @Test
    void aWarmStartWithAHeldTargetNeedsFewSteps() throws IOException {
        Path warm = folder.resolve("warm");
        JsonNode result = prune(
                        warm,
                        "--steps",
                        12,
                        "--sparsity-warmup-steps",
                        6,
                        "--warm-start",
                        "eap-ig",
                        "--hold-target",
                        "--level",
                        "edges")
                .ok()
                .json();
        double kept = (double) result.get("num_edges").asInt()
                / result.get("total_edges").asInt();
        assertEquals(0.2, kept, 0.5 / result.get("total_edges").asInt() + 0.005);
        assertEquals(12, result.get("steps").asInt());
        JsonNode options = json(warm.resolve("run.json")).get("options");
        assertEquals("eap-ig", options.get("warm_start").asText());
        assertEquals(0.5, options.at("/edge_sparsity/start").asDouble());
        assertTrue(Files.exists(warm.resolve("start.safetensors")));

        Path again = folder.resolve("warm-again");
        prune(again, "--steps", 4, "--warm-start", run, "--start-edge-sparsity", 0.7)
                .ok();
        JsonNode named = json(again.resolve("run.json")).get("options");
        assertTrue(named.get("warm_start").asText().startsWith("scores:"), named.toString());
        assertEquals(0.7, named.at("/edge_sparsity/start").asDouble());
        assertTrue(prune(folder.resolve("none"), "--warm-start", run.resolve("edges.json"))
                .refused()
                .contains("a list of edges without scores"));
        assertTrue(prune(folder.resolve("fresh"), "--fresh-data").refused().contains("leave out --data"));
    }

    /** Step of the newest checkpoint of a run, 0 for none. */
    private static int checkpoint(Path out) {
        Path checkpoints = out.resolve("checkpoints");
        if (!Files.isDirectory(checkpoints)) {
            return 0;
        }
        try (Stream<Path> files = Files.list(checkpoints)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.matches("step-\\d+\\.safetensors"))
                    .mapToInt(name -> Integer.parseInt(name.replaceAll("\\D", "")))
                    .max()
                    .orElse(0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The lines of metrics.jsonl, without the time that each step took. */
    private static List<String> steps(Path directory) throws IOException {
        return Files.readAllLines(directory.resolve("metrics.jsonl")).stream()
                .map(line -> line.replaceAll(",\"seconds\":[^,}]*", ""))
                .toList();
    }

    private static JsonNode withoutTime(Path directory) throws IOException {
        return ((ObjectNode) json(directory.resolve("metrics.json"))).without("seconds");
    }

    private static JsonNode json(Path file) throws IOException {
        return new ObjectMapper().readTree(file.toFile());
    }
}
