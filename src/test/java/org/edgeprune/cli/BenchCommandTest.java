package org.edgeprune.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What {@code edgeprune bench} reports; its times are not looked at. */
@Order(3)
@Execution(ExecutionMode.CONCURRENT)
class BenchCommandTest {
    @TempDir
    Path folder;

    @Test
    void numbersAreTheSameForPeopleAndPrograms() {
        JsonNode json = bench("--model", "mini-gpt2", "--json").json();
        assertEquals(6, json.get("layers").asInt());
        assertEquals(3779, json.get("edges").asInt());
        assertEquals(
                json.get("step_s").asDouble() / json.get("forward_s").asDouble(),
                json.get("ratio").asDouble(),
                1e-6);
        assertEquals(
                json.get("peak_anonymous_bytes").asDouble()
                        / json.get("predicted_bytes").asDouble(),
                json.get("measured_to_predicted").asDouble(),
                1e-6);
        assertTrue(json.get("vm_hwm_bytes").asLong()
                > json.get("peak_anonymous_bytes").asLong());
        assertTrue(json.get("step_least_s").asDouble() <= json.get("step_s").asDouble()
                && json.get("step_s").asDouble() <= json.get("step_most_s").asDouble());
        String text = bench("--model", "mini-gpt2", "--cached").out();
        assertTrue(text.contains("3,779 edges") && text.contains("cached step") && text.contains("predicted"), text);
    }

    @Test
    void aShapeOfRandomWeightsCanBeCutDown() {
        JsonNode json = bench("--config", "llama-mid", "--layers", 1, "--heads", 8, "--recompute", "--json")
                .json();
        assertEquals("random", json.get("model").asText());
        assertEquals(1, json.get("layers").asInt());
        assertEquals(8, json.get("heads").asInt());
        assertTrue(json.get("recompute").asBoolean());
    }

    @Test
    void aStepIsForecastBesideTheMeasuredOne() throws IOException {
        Path config = Files.writeString(folder.resolve("config.json"), """
                {"model_type": "llama", "num_hidden_layers": 4, "num_attention_heads": 2, "num_key_value_heads": 2,
                 "hidden_size": 16, "intermediate_size": 16, "vocab_size": 50, "max_position_embeddings": 32,
                 "rms_norm_eps": 1e-5}""");
        JsonNode json = bench(
                        "--config",
                        config,
                        "--batch-size",
                        2,
                        "--tokens",
                        4,
                        "--warm-up",
                        0,
                        "--repeat",
                        1,
                        "--forecast",
                        "--json")
                .json();
        assertEquals(
                json.get("forecast_s").asDouble() / json.get("step_s").asDouble(),
                json.get("forecast_ratio").asDouble(),
                1e-9);
    }

    /**
     * Shapes in which every term counts: weights, writers, reader inputs, what blocks keep, the backward, the cache,
     * Java itself. By one worker: how far the peaks of several fall together is chance.
     */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "--config gpt2 --layers 2 --batch-size 32",
                "--config gpt2 --layers 2 --batch-size 32 --recompute",
                "--config llama-mid --layers 2 --heads 32 --cached",
                "--config codellama-13b --layers 1 --heads 20 --batch-size 2 --recompute",
                "--model mini-gpt2 --batch-size 32",
            })
    void predictedMemoryIsWithin15PercentOfTheMeasured(String options) {
        JsonNode json = memory(64, (Object[]) (options + " --tokens 20 --workers 1 --json").split(" ", -1));
        assertEquals(1, json.get("measured_to_predicted").asDouble(), 0.15, json.toString());
    }

    /** All of their peaks together are predicted, so that they never take more, and less only by chance. */
    @Test
    void severalWorkersTakeNoMoreThanIsPredicted() {
        JsonNode json = memory(
                64, "--config", "gpt2", "--layers", 2, "--batch-size", 32, "--tokens", 20, "--workers", 3, "--json");
        assertEquals(3, json.get("workers").asInt());
        assertEquals(4, json.get("micro_batches").asInt());
        assertTrue(json.get("measured_to_predicted").asDouble() < 1.15, json.toString());
    }

    /**
     * As many edges as CodeLlama-13B has, in a narrow model: masks, optimiser and Java's arrays of them are most of the
     * memory.
     */
    @Test
    void predictedMemoryOfManyEdgesIsToo() throws IOException {
        Path config = folder.resolve("edges.json");
        Files.writeString(config, """
                {"model_type": "llama", "num_hidden_layers": 40, "num_attention_heads": 40, "hidden_size": 320, "intermediate_size": 64,
                 "vocab_size": 100, "max_position_embeddings": 64, "tie_word_embeddings": true}
                """);
        JsonNode json = memory(
                160, "--config", config, "--batch-size", 1, "--tokens", 2, "--repeat", 9, "--workers", 1, "--json");
        assertEquals(3_877_661, json.get("edges").asInt());
        assertEquals(1, json.get("measured_to_predicted").asDouble(), 0.15, json.toString());
    }

    @Test
    void offloadedWeightsAreNoneOfTheProcessesOwnMemory() {
        Path model = folder.resolve("model");
        Tool.run("init", "--config", "llama-mid", "--layers", 6, "--dtype", "bf16", "-o", model)
                .ok();
        JsonNode json = memory(64, "--model", model, "--offload", "--threads", 1, "--workers", 1, "--json");
        long weights = 4L * (2L * 32000 * 1024 + 6L * (4 * 1024 * 1024 + 3 * 1024 * 2816));
        assertTrue(json.get("peak_anonymous_bytes").asLong() < weights, json.toString());
        assertEquals(1, json.get("measured_to_predicted").asDouble(), 0.15, json.toString());
    }

    @Test
    void whatMakesNoSenseIsRefused() {
        assertTrue(bench("--offload").refused().contains("edgeprune init"));
        assertTrue(bench("--model", "mini-gpt2", "--layers", 2).refused().contains("--layers"));
        assertTrue(bench("--batch-size", 0).refused().contains("--batch-size 0"));
    }

    /**
     * With a Java heap of at most so many megabytes. Without a limit the heap grows until the collector keeps up, which
     * takes longer on busy cores, and the measured memory would depend on what else runs.
     */
    private static JsonNode memory(int heap, Object... options) {
        ProcessBuilder process = new ProcessBuilder();
        process.environment().put("EDGEPRUNE_JAVA_OPTIONS", "-Xmx" + heap + "m");
        return Tool.run(process, all(options)).ok().json();
    }

    private static Tool bench(Object... options) {
        return Tool.run(all(options));
    }

    private static Object[] all(Object... options) {
        Object[] all = new Object[options.length + 7];
        Object[] few = {"bench", "--repeat", 1, "--warm-up", 0, "--tokens", 8};
        System.arraycopy(few, 0, all, 0, few.length);
        System.arraycopy(options, 0, all, few.length, options.length);
        return all;
    }
}
