package org.edgeprune.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import org.edgeprune.fixture.Fixtures;
import org.edgeprune.graph.Circuit;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.model.Models;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

@Execution(ExecutionMode.CONCURRENT)
class GenerateCommandTest {
    @TempDir
    Path dir;

    @Test
    void aModelAndTheCircuitOfAllItsEdgesWriteTheSame() throws Exception {
        Path model = Fixtures.thirdPartyModel("stories260k");
        String text = Tool.run("generate", "--model", model, "--max-new-tokens", 41, "--threads", 1)
                .ok()
                .out();
        String story = "Once upon a time, there was a little girl named Lily. She loved to play outside in the park.";
        assertTrue(text.startsWith(story), text);

        Path edges = dir.resolve("edges.json");
        Files.writeString(
                edges,
                Circuit.full(new ComputationGraph(Models.sizes(model).graph())).toJson());
        JsonNode circuit = Tool.run(
                        "generate",
                        "--model",
                        model,
                        "--edges",
                        edges,
                        "--json",
                        "--prompt",
                        "Once upon a time",
                        "--max-new-tokens",
                        6,
                        "--threads",
                        1)
                .ok()
                .json();
        assertEquals(
                "Once upon a time, there was a little g", circuit.get("text").asText());
        assertEquals(6, circuit.get("new_tokens").size());

        String error = Tool.run("generate", "--model", model, "--max-new-tokens", 4, "--corrupted", "Tom")
                .refused();
        assertTrue(error.contains("--corrupted"), error);
    }
}
