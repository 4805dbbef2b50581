package org.edgeprune.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.edgeprune.fixture.Fixtures;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/**
 * Boolean expressions on a Llama, from data to the intersection of circuits, as processes. The model is random: it must
 * only run.
 */
@Execution(ExecutionMode.CONCURRENT)
class BooleanCommandsTest {
    private static final List<String> WORDS = List.of(
            "True",
            "False",
            "not",
            "and",
            "or",
            "is",
            "(",
            ")",
            "Evaluate",
            "INST",
            "[",
            "]",
            "/",
            "<",
            ">",
            "'",
            "\n");

    @TempDir
    Path dir;

    @Test
    void fromDataToTheIntersectionOfCircuits() throws Exception {
        Path model = model();
        Path data = dir.resolve("data");
        Path run = dir.resolve("run");
        Tool.run("data", "boolean", "--model", model, "--out", data, "--train", 24, "--validation", 4, "--test", 12)
                .ok();
        Tool.run(
                        "prune",
                        "--published",
                        "--task",
                        "boolean",
                        "--mode",
                        "fewshot",
                        "--model",
                        model,
                        "--data",
                        data,
                        "--out",
                        run,
                        "--steps",
                        3,
                        "--batch-size",
                        4,
                        "--no-node-loss",
                        "--threads",
                        1)
                .ok();
        assertEquals(
                "boolean:fewshot",
                new ObjectMapper()
                        .readTree(run.resolve("run.json").toFile())
                        .get("task")
                        .asText());

        JsonNode asPruned = Tool.run("eval", run, "--json", "--threads", 1).ok().json();
        assertEquals("boolean:fewshot", asPruned.get("task").asText());
        for (String metric : List.of("accuracy", "kl", "exact_match")) {
            assertTrue(asPruned.path(metric).isNumber(), metric);
        }
        JsonNode instructed = Tool.run(
                        "eval",
                        "--edges",
                        run.resolve("edges.json"),
                        "--model",
                        model,
                        "--data",
                        data,
                        "--task",
                        "boolean",
                        "--mode",
                        "instruction",
                        "--json",
                        "--threads",
                        1)
                .ok()
                .json();
        assertEquals("boolean:instruction", instructed.get("task").asText());

        Path half = Files.writeString(dir.resolve("half.json"), "[[\"a0.h0\", \"m0\"], [\"m1\", \"resid_post\"]]");
        Path both = dir.resolve("both.json");
        JsonNode compared = Tool.run(
                        "compare", run.resolve("edges.json"), half, "--model", model, "--intersection", both, "--json")
                .ok()
                .json();
        assertEquals(2, compared.get("intersection").asInt());
        assertEquals(compared.at("/edges/0").asInt(), compared.get("union").asInt());
        assertEquals(2, new ObjectMapper().readTree(both.toFile()).size());
        String unknown = Tool.run("eval", run, "--mode", "sung").refused();
        assertTrue(unknown.contains("no mode \"sung\""), unknown);
    }

    /** The paper's three scripts, with fewer steps. */
    @Test
    void theScriptsPruneInBothModesAndEvaluateWhatTheCircuitsShare() throws Exception {
        Path model = model();
        Path data = dir.resolve("data");
        Path instructed = dir.resolve("instructed");
        Path shown = dir.resolve("shown");
        Tool.run("data", "boolean", "--model", model, "--out", data, "--train", 24, "--validation", 4, "--test", 12)
                .ok();
        script(data, "llama_instr_prune.sh", model, instructed, "--steps", 3, "--batch-size", 4, "--threads", 1);
        script(data, "llama_fewshot_prune.sh", model, shown, "--steps", 3, "--batch-size", 4, "--threads", 1);
        JsonNode options =
                new ObjectMapper().readTree(shown.resolve("run.json").toFile()).get("options");
        assertEquals(3, options.get("steps").asInt(), "the last value given holds");
        assertEquals(0.4, options.get("edge_multiplier_learning_rate").asDouble());
        assertEquals(1.2, options.at("/edge_sparsity/target").asDouble());

        String printed = script(data, "llama_eval.sh", instructed, shown, "--threads", 1);
        assertEquals(3, printed.split("boolean:instruction", -1).length - 1, printed);
        assertEquals(3, printed.split("boolean:fewshot", -1).length - 1, printed);
        assertTrue(printed.contains("edges in all circuits"), printed);
    }

    private static String script(Path data, String name, Object... arguments) {
        List<String> command =
                new ArrayList<>(List.of(Tool.LAUNCHER.resolveSibling(name).toString()));
        for (Object argument : arguments) {
            command.add(argument.toString());
        }
        ProcessBuilder process = new ProcessBuilder(command);
        process.environment().put("EDGEPRUNE_BOOLEAN_DATA", data.toString());
        return Tool.start(process).ok().out();
    }

    /** The golden Llama with a tokenizer of whole words. */
    private Path model() throws Exception {
        Path source = Fixtures.edgePruning().resolve("llama");
        Path model = Files.createDirectory(dir.resolve("model"));
        for (String file : List.of("config.json", "model.safetensors")) {
            Files.copy(source.resolve(file), model.resolve(file));
        }
        ObjectMapper json = new ObjectMapper();
        ObjectNode tokenizer = (ObjectNode) json.readTree("""
                {"version": "1.0", "added_tokens": [], "normalizer": null, "post_processor": null, "decoder": {"type": "Fuse"},
                 "pre_tokenizer": {"type": "Split", "pattern": {"Regex": " ?[A-Za-z]+| ?[^A-Za-z\\\\s]|\\\\s"}, "behavior": "Isolated", "invert": false},
                 "model": {"type": "WordLevel", "unk_token": "<unk>", "vocab": {"<unk>": 0}}}""");
        ObjectNode vocab = (ObjectNode) tokenizer.at("/model/vocab");
        for (String word : WORDS) {
            vocab.put(word, vocab.size());
            vocab.put(" " + word, vocab.size());
        }
        Files.writeString(model.resolve("tokenizer.json"), tokenizer.toString());
        return model;
    }
}
