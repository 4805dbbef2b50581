package org.edgeprune.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.edgeprune.io.InputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** generation_config.json names the tokens that end a text before config.json does. */
class EndTokensTest {
    @TempDir
    private Path dir;

    @Test
    void generationConfigCounts() throws Exception {
        config("{\"model_type\": \"llama\", \"eos_token_id\": 2}");
        assertEquals(Set.of(2), EndTokens.of(dir));
        generation("{\"eos_token_id\": [128001, 128008, 128009]}");
        assertEquals(Set.of(128001, 128008, 128009), EndTokens.of(dir));
        generation("{\"eos_token_id\": 7}");
        assertEquals(Set.of(7), EndTokens.of(dir));
        generation("{\"eos_token_id\": null, \"temperature\": 0.6}");
        assertEquals(Set.of(2), EndTokens.of(dir));
        generation("{}");
        assertEquals(Set.of(2), EndTokens.of(dir));
        config("{\"model_type\": \"llama\"}");
        assertEquals(Set.of(), EndTokens.of(dir));
    }

    @Test
    void whatIsNoTokenIsRefused() throws Exception {
        config("{\"model_type\": \"llama\"}");
        generation("{\"eos_token_id\": [1, \"</s>\"]}");
        assertEquals(
                dir.resolve("generation_config.json")
                        + ": field 'eos_token_id' is [1,\"</s>\"], expected a token id or a list of token ids",
                assertThrows(InputException.class, () -> EndTokens.of(dir)).getMessage());
    }

    private void config(String json) throws Exception {
        Files.writeString(dir.resolve("config.json"), json);
    }

    private void generation(String json) throws Exception {
        Files.writeString(dir.resolve("generation_config.json"), json);
    }
}
