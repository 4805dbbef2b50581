package org.edgeprune.task.tokenizer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import org.edgeprune.fixture.Fixtures;
import org.edgeprune.io.InputException;
import org.edgeprune.io.Json;
import org.edgeprune.task.PromptTokenizer;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** Configuration files beside a tokenizer count as they do in transformers; other libraries' files are refused. */
class TokenizerFilesTest {
    /** Folders written by src/test/python/tokenizer_configs.py, each with the ids of transformers 5.24. */
    @TestFactory
    Stream<DynamicTest> encodesAsTransformersDoes() throws Exception {
        return Fixtures.foldersIn(Fixtures.golden("tokenizers")).stream()
                .map(folder -> DynamicTest.dynamicTest(folder.getFileName().toString(), () -> compare(folder)));
    }

    private static void compare(Path folder) {
        JsonNode expected = Json.read(folder.resolve("expected.json"), "make it");
        int suffix = expected.get("suffix").intValue();
        try (PromptTokenizer tokenizer = PromptTokenizer.open(folder)) {
            assertEquals(suffix, tokenizer.suffix().length);
            expected.get("texts").properties().forEach(entry -> {
                int[] theirs = Json.PLAIN.value("expected", entry.getValue(), int[].class, "make it");
                int[] without = Arrays.copyOf(theirs, theirs.length - suffix);
                assertEquals(
                        Arrays.toString(without),
                        Arrays.toString(tokenizer.encode(entry.getKey())),
                        "\"" + entry.getKey() + "\"");
                assertEquals(
                        Arrays.toString(tokenizer.suffix()),
                        Arrays.toString(Arrays.copyOfRange(theirs, without.length, theirs.length)));
            });
        }
    }

    @Test
    void vocabAndMergesOfOtherClassesAreRefused(@TempDir Path dir) throws Exception {
        pair(dir);
        Files.writeString(dir.resolve("tokenizer_config.json"), "{\"tokenizer_class\": \"Qwen2Tokenizer\"}");
        assertRefused(dir, "those of Qwen2Tokenizer", "save_pretrained");
        Files.delete(dir.resolve("tokenizer_config.json"));
        Files.writeString(dir.resolve("config.json"), "{\"model_type\": \"qwen2\"}");
        assertRefused(dir, "'qwen2' model", "save_pretrained");
        Files.writeString(dir.resolve("config.json"), "{\"model_type\": \"gpt2\"}");
        PromptTokenizer.open(dir).close();
    }

    @Test
    void filesOfOtherLibrariesAreNamed(@TempDir Path dir) throws Exception {
        Files.write(dir.resolve("tokenizer.model"), new byte[] {10, 14});
        assertRefused(dir, "only tokenizer.model", "save_pretrained");
    }

    @Test
    void flagsThatAreNoneAreRefused(@TempDir Path dir) throws Exception {
        pair(dir);
        Path config = dir.resolve("tokenizer_config.json");
        Files.writeString(config, "{\"tokenizer_class\": \"GPT2Tokenizer\", \"add_bos_token\": \"yes\"}");
        assertRefused(dir, config + ": field 'add_bos_token' is \"yes\"", "true or false");
        Files.writeString(
                config, "{\"tokenizer_class\": \"GPT2Tokenizer\", \"add_bos_token\": true, \"bos_token\": \"<s>\"}");
        assertRefused(dir, "'add_bos_token' is true", "'<s>' is not in");
    }

    private static void pair(Path dir) throws Exception {
        Files.writeString(dir.resolve("vocab.json"), "{\"a\": 0, \"b\": 1, \"ab\": 2}");
        Files.writeString(dir.resolve("merges.txt"), "a b\n");
    }

    private static void assertRefused(Path dir, String... words) {
        String message = assertThrows(InputException.class, () -> PromptTokenizer.open(dir))
                .getMessage();
        for (String word : words) {
            assertTrue(message.contains(word), message);
        }
    }
}
