package org.edgeprune.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

@Execution(ExecutionMode.CONCURRENT)
class DataCommandTest {
    @TempDir
    Path folder;

    @Test
    void theSameSeedGivesTheSameFiles() throws IOException {
        JsonNode result = generate("a", 7).json();
        generate("b", 7);
        generate("c", 8);
        for (String file : List.of("train.jsonl", "validation.jsonl", "test.jsonl")) {
            String text = Files.readString(folder.resolve("a").resolve(file));
            assertEquals(text, Files.readString(folder.resolve("b").resolve(file)));
            assertNotEquals(text, Files.readString(folder.resolve("c").resolve(file)));
        }
        assertEquals("ioi", result.get("task").asText());
        assertEquals(7, result.get("seed").asInt());
        assertEquals(30, result.get("train").asInt());
        assertEquals(30, Files.readAllLines(folder.resolve("a/train.jsonl")).size());
    }

    @Test
    void ownTemplatesAndNamesAreUsed() throws IOException {
        Path templates = Files.writeString(
                folder.resolve("templates.txt"), "Once {A} met {B} at the {PLACE}, {B} gave the {OBJECT} to {A}\n");
        Path names = Files.writeString(folder.resolve("names.txt"), "Ada\nBen\nCleo\nDan\nEve\nFay\n");
        Path out = folder.resolve("own");
        Tool.run(
                        "data",
                        "ioi",
                        "--out",
                        out,
                        "--train",
                        5,
                        "--validation",
                        5,
                        "--test",
                        5,
                        "--templates",
                        templates,
                        "--names",
                        names)
                .ok();
        try (Stream<String> lines = Files.lines(out.resolve("test.jsonl"))) {
            assertTrue(lines.allMatch(line -> line.contains("Once ") && line.contains(" met ")));
        }
    }

    private Tool generate(String name, int seed) {
        return Tool.run(
                        "data",
                        "ioi",
                        "--out",
                        folder.resolve(name),
                        "--seed",
                        seed,
                        "--train",
                        30,
                        "--validation",
                        10,
                        "--test",
                        20,
                        "--json")
                .ok();
    }
}
