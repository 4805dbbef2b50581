package org.edgeprune.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.edgeprune.fixture.Fixtures;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.io.Json;
import org.edgeprune.model.Models;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class InfoCommandTest {
    @TempDir
    Path model;

    /** Checkpoints that init made, through the command line: names, sizes and a prediction of memory. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "bloom-six-heads",
                "gemma3_text",
                "gpt_neo",
                "gptj",
                "granite",
                "olmo2",
                "opt",
                "phi",
                "smollm3",
                "stablelm",
                "starcoder2"
            })
    void everyNewArchitectureIsDescribed(String name) {
        Path golden = Fixtures.golden("hf/" + name);
        InProcess.run("init", "--config", golden, "-o", model.resolve("made")).ok();
        Tool described = InProcess.run("info", model.resolve("made"), "--json", "--tokens", 8)
                .ok();
        JsonNode info = Json.parse("info", described.out(), "");
        JsonNode config = Json.read(golden.resolve("config.json"), "");
        assertEquals(config.get("model_type").asText(), info.get("architecture").asText());
        ComputationGraph graph =
                new ComputationGraph(Models.sizes(golden).graph().withoutEmbeddings());
        assertEquals(graph.edgeCount(), info.at("/graph/edges").asInt());
        assertTrue(
                info.get("parameters").asLong() > 0
                        && info.at("/step/total_bytes").asLong() > 0,
                info.toString());
        String text = String.join(
                "\n",
                InProcess.run("info", model.resolve("made"), "--tokens", 8).ok().outLines());
        assertTrue(text.contains("%,d edges between".formatted(graph.edgeCount())), text);
    }

    /** A directory with GPT-2 small's configuration and one tensor; the description needs no more. */
    private void gpt2Small() throws IOException {
        Files.writeString(model.resolve("config.json"), """
                {"model_type": "gpt2", "n_layer": 12, "n_head": 12, "n_embd": 768, "vocab_size": 50257, "n_positions": 1024}
                """);
        byte[] header = "{\"wte.weight\":{\"dtype\":\"F16\",\"shape\":[2,3],\"data_offsets\":[0,12]}}"
                .getBytes(StandardCharsets.UTF_8);
        ByteBuffer file = ByteBuffer.allocate(8 + header.length + 12)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(header.length)
                .put(header);
        Files.write(model.resolve("model.safetensors"), file.array());
    }

    @Test
    void countsAreThePublishedOnes() throws IOException {
        gpt2Small();
        JsonNode info = Tool.run("info", model, "--json").ok().json();
        assertEquals("gpt2", info.get("architecture").asText());
        assertEquals(32046, info.at("/graph/edges").asInt());
        assertEquals(445, info.at("/graph/readers").asInt());
        assertEquals(156, info.at("/graph/writers").asInt());
        assertEquals(32936, info.at("/graph_with_embeddings/edges").asInt());
        assertEquals(158, info.at("/graph_with_embeddings/writers").asInt());
        assertEquals(6, info.get("parameters").asInt());
        assertEquals("F16", info.get("dtype").asText());
    }

    @Test
    void memoryGrowsWithTheBatch() throws IOException {
        gpt2Small();
        JsonNode small = Tool.run("info", model, "--json", "--batch-size", 8, "--micro-batch", 0)
                .ok()
                .json()
                .get("step");
        JsonNode large = Tool.run("info", model, "--json", "--batch-size", 32, "--micro-batch", 0)
                .ok()
                .json()
                .get("step");
        assertEquals(
                4 * small.at("/memory/outbox").asLong(),
                large.at("/memory/outbox").asLong());
        assertEquals(
                small.at("/memory/weights").asLong(),
                large.at("/memory/weights").asLong());
        long grown = large.get("total_bytes").asLong();
        assertTrue(grown > 2 * small.get("total_bytes").asLong(), small + " " + large);
        JsonNode recomputed = Tool.run(
                        "info", model, "--json", "--batch-size", 32, "--micro-batch", 0, "--recompute", "--offload")
                .ok()
                .json()
                .get("step");
        assertTrue(recomputed.get("total_bytes").asLong() < grown / 2, large + " " + recomputed);
    }

    /** Also of GPUs that this machine does not have. */
    @Test
    void theMemoryOfEachGpuIsPredicted() throws IOException {
        gpt2Small();
        Tool tool = Tool.run("info", model, "--device-map", "cuda:0,cuda:1/cuda:2,cuda:3", "--json")
                .ok();
        JsonNode gpus = tool.json().at("/step/gpus");
        assertEquals(List.of("cuda:0", "cuda:1", "cuda:2", "cuda:3"), gpus.findValuesAsText("device"));
        gpus.findValues("bytes").forEach(bytes -> assertTrue(bytes.asLong() > 100_000_000, gpus.toString()));
        assertTrue(
                Tool.run("info", model, "--json").ok().json().at("/step/gpus").isEmpty());
        String text = Tool.run("info", model, "--device", "cuda:0,cuda:1").ok().out();
        assertTrue(text.contains("  of which on cuda:1 "), text);
    }

    @Test
    void whatTheModelCannotDoIsRefused() throws IOException {
        gpt2Small();
        assertTrue(Tool.run("info", model, "--tokens", 1025).refused().contains("only 1024 positions"));
        assertTrue(Tool.run("info", model, "--device-map", "cpu=11").refused().contains("the model has 12"));
    }

    @Test
    void textIsForPeople() throws IOException {
        gpt2Small();
        String text = Tool.run("info", model).ok().out();
        assertTrue(text.contains("32,046 edges between 156 writers and 445 readers"), text);
    }
}
