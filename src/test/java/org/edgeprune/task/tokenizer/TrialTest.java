package org.edgeprune.task.tokenizer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.edgeprune.io.InputException;
import org.edgeprune.io.Json;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Definitions that may end the process are tried in another one, which really dies here. */
class TrialTest {
    /** Oniguruma's absence operator, which Java does not know: it matches nothing at the beginning of a text. */
    private static final TokenizerDefinition DEADLY = definition("""
            "normalizer": {"type": "Sequence", "normalizers": [
                {"type": "Replace", "pattern": {"Regex": "(?~.)"}, "content": "x"}, {"type": "NFC"}]},
            "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true}
            """);

    private static final TokenizerDefinition UNUSUAL =
            definition("\"pre_tokenizer\": {\"type\": \"FixedLength\", \"length\": 2}");

    private static final TokenizerDefinition USUAL =
            definition("\"pre_tokenizer\": {\"type\": \"Digits\", \"individual_digits\": true}");

    @TempDir
    private Path verdicts;

    @Test
    void aPanicEndsTheOtherProcessAndIsRemembered() throws Exception {
        InputException first =
                assertThrows(InputException.class, () -> trial(java()).requireSafe(DEADLY));
        assertTrue(first.getMessage().startsWith("odd.json: the tokenizers library aborts the process at this file"));
        assertTrue(first.getMessage().contains("panicked at"), first.getMessage());
        assertEquals(1, remembered());
        InputException again = assertThrows(
                InputException.class, () -> trial(List.of("/bin/false")).requireSafe(DEADLY));
        assertEquals(first.getMessage(), again.getMessage());
    }

    @Test
    void whatSurvivesIsRemembered() throws Exception {
        trial(java()).requireSafe(UNUSUAL);
        assertEquals(1, remembered());
        trial(List.of("/bin/false")).requireSafe(UNUSUAL);
    }

    /** The process runs in another directory. */
    @Test
    void theClassPathOfTheProcessIsAbsolute() {
        Path here = Path.of("").toAbsolutePath();
        assertEquals(
                here.resolve("lib/a.jar") + ":" + here.resolve("/opt/b.jar"), Trial.absolute("lib/a.jar:/opt/b.jar"));
        assertEquals(here.toString(), Trial.absolute(""));
    }

    @Test
    void usualTokenizersNeedNoProcess() throws Exception {
        trial(List.of("/no/such/program")).requireSafe(USUAL);
        assertEquals(0, remembered());
    }

    @Test
    void whatCannotBeTriedIsRefused() throws Exception {
        assertRefused(List.of("/no/such/program"), "the Java process to try it in cannot be started");
        assertRefused(List.of("/bin/sh", "-c", "echo no memory; exit 1"), "exit code 1: no memory");
        assertRefused(List.of("/bin/sleep", "60"), "within 1 seconds");
        assertEquals(0, remembered());
    }

    private void assertRefused(List<String> command, String words) {
        String message = assertThrows(InputException.class, () -> trial(command).requireSafe(UNUSUAL))
                .getMessage();
        assertTrue(message.contains(words), message);
    }

    private Trial trial(List<String> command) {
        return new Trial(verdicts, command, command.contains("60") ? 1 : 120);
    }

    private static List<String> java() {
        return Trial.javaCommand();
    }

    private long remembered() throws Exception {
        try (Stream<Path> files = Files.list(verdicts)) {
            return files.count();
        }
    }

    private static TokenizerDefinition definition(String parts) {
        String json =
                "{\"model\": {\"type\": \"WordLevel\", \"vocab\": {\"a\": 0}, \"unk_token\": \"a\"}, " + parts + "}";
        return TokenizerDefinition.of("odd.json", Json.parse("odd.json", json, "write JSON"));
    }
}
