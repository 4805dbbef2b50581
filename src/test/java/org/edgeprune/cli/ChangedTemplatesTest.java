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
import java.util.Arrays;
import java.util.List;
import org.edgeprune.hub.BundledModel;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code prune --resume} of runs whose prompts were generated from a file of the user's. */
class ChangedTemplatesTest {
    @TempDir
    private Path folder;

    private Path model;
    private Path templates;

    @BeforeEach
    void makeFiles() throws IOException {
        model = folder.resolve("model");
        Path shape = Files.writeString(folder.resolve("shape.json"), """
                {"model_type": "gpt2", "n_layer": 1, "n_head": 2, "n_embd": 8, "n_positions": 32, "vocab_size": %d}
                """.formatted(new ObjectMapper()
                .readTree(BundledModel.directory().resolve("config.json").toFile())
                .get("vocab_size")
                .asInt()));
        InProcess.run("init", "--config", shape, "--tokenizer", BundledModel.NAME, "-o", model)
                .ok();
        templates = Files.writeString(folder.resolve("mine.json"), """
                {"lists": {"NAME": ["Mary", "John", "Tom", "Anna", "Paul"]},
                 "corrupt": ["NAME1"],
                 "templates": [{"clean": "When {NAME1} and {NAME2} went,", "answer": " {NAME1}"},
                               {"clean": "Then {NAME1} and {NAME2} went,", "answer": " {NAME1}"},
                               {"clean": "While {NAME1} and {NAME2} went,", "answer": " {NAME1}"}]}
                """);
    }

    private Tool prune(Path out, Object... more) {
        List<Object> all = new ArrayList<>(List.of(
                "prune",
                "--published",
                "--model",
                model,
                "--task",
                "custom-template",
                "--mode",
                templates,
                "--steps",
                3,
                "--batch-size",
                8,
                "--threads",
                1,
                "--evaluate-every",
                0,
                "--out",
                out));
        all.addAll(Arrays.asList(more));
        return InProcess.run(all.toArray());
    }

    private static JsonNode inputs(Path run) throws IOException {
        return new ObjectMapper().readTree(run.resolve("run.json").toFile()).get("inputs");
    }

    @Test
    void anotherFileOfTemplatesIsRefusedWhereEveryEpochReadsIt() throws IOException {
        Path run = folder.resolve("run");
        prune(run, "--fresh-data").ok();
        prune(run, "--fresh-data", "--resume").ok();
        assertEquals(64, inputs(run).get("templates").asText().length());

        Files.writeString(templates, Files.readString(templates).replace("Anna", "Sara"));
        assertEquals(
                "edgeprune: " + run + ": belongs to a run with other options, data or model (changed: the templates of"
                        + " custom-template:" + templates + "): resume with what run.json says, or start anew in"
                        + " another --out",
                InProcess.run("prune", "--out", run, "--resume").refused());

        Files.delete(templates);
        String gone = InProcess.run("prune", "--out", run, "--resume").refused();
        assertTrue(gone.startsWith("edgeprune: " + templates + ": "), gone);
    }

    @Test
    void aRunWithPromptsOfItsOwnNeedsTheFileNoMore() throws IOException {
        Path run = folder.resolve("run");
        prune(run).ok();
        assertFalse(inputs(run).has("templates"), inputs(run).toString());
        Files.delete(templates);
        InProcess.run("prune", "--out", run, "--resume").ok();
    }
}
