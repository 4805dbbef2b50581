package org.edgeprune.task;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.edgeprune.fixture.Fixtures;
import org.edgeprune.io.InputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tokenizers from tokenizer.json and from GPT-2's two files, through the real library. */
class PromptTokenizerTest {
    @Test
    void gpt2FilesGiveByteLevelBpe(@TempDir Path dir) throws Exception {
        Files.writeString(dir.resolve("vocab.json"), """
                {"a": 0, "b": 1, "Ġ": 2, "ab": 3, "Ġab": 4, "3": 5, "33": 6, "<|endoftext|>": 7}
                """);
        Files.writeString(dir.resolve("merges.txt"), "#version: 0.2\na b\nĠ ab\n3 3\n");
        try (PromptTokenizer t = PromptTokenizer.open(dir)) {
            // Merges go by rank, the space belongs to the word after it, and nothing is added in front.
            assertArrayEquals(new int[] {3, 4, 0, 2, 6, 5}, t.encode("ab aba 333"));
            assertEquals("ab aba 333", t.decode(3, 4, 0, 2, 6, 5));
            assertArrayEquals(new int[] {3, 7, 3}, t.encode("ab<|endoftext|>ab"));
            assertEquals(8, t.vocabSize());
            assertEquals(OptionalInt.of(4), t.single("ab", " ab"));
            assertEquals(OptionalInt.empty(), t.single("ab", " aba"));
            assertEquals(OptionalInt.empty(), t.single("a", "b"), "merges with the prefix");
            assertEquals(OptionalInt.of(7), t.bos());
        }
    }

    @Test
    void llamaPutsItsBeginningInFront() {
        try (PromptTokenizer t = PromptTokenizer.open(Fixtures.thirdPartyModel("stories260k"))) {
            int[] tokens = t.encode("Lily said");
            assertEquals(OptionalInt.of(1), t.bos());
            assertEquals(1, tokens[0]);
            assertEquals(3, tokens.length);
            assertEquals("<s> Lily said", t.decode(tokens));
            assertEquals(t.id("▁she"), t.single("Lily said", " she"));
            assertEquals(512, t.vocabSize());
        }
    }

    @Test
    void longTextsAreNotTruncated() {
        try (PromptTokenizer t = PromptTokenizer.fromJson(MiniTokenizer.json(), "mini")) {
            assertEquals(3000, t.encode(" Mary".repeat(3000)).length);
        }
    }

    @Test
    void manyThreadsMayUseOne() {
        try (PromptTokenizer t = PromptTokenizer.fromJson(MiniTokenizer.json(), "mini")) {
            int[] expected = t.encode("When Mary and John");
            assertTrue(IntStream.range(0, 2000)
                    .parallel()
                    .allMatch(i -> java.util.Arrays.equals(expected, t.encode("When Mary and John"))));
        }
    }

    @Test
    void whatCannotBeUsedIsNamed(@TempDir Path dir) throws Exception {
        assertMessage(dir + ": no tokenizer", () -> PromptTokenizer.open(dir));
        Files.writeString(dir.resolve("tokenizer.json"), "{\"model\"");
        assertMessage("tokenizer.json: not JSON", () -> PromptTokenizer.open(dir));
        Files.writeString(dir.resolve("tokenizer.json"), "{\"hello\": 1}");
        assertMessage("model.vocab is missing", () -> PromptTokenizer.open(dir));
        Files.writeString(
                dir.resolve("tokenizer.json"), "{\"model\": {\"type\": \"Nonsense\", \"vocab\": {\"a\": 0}}}");
        assertMessage("the tokenizers library cannot use it", () -> PromptTokenizer.open(dir));
        Files.delete(dir.resolve("tokenizer.json"));
        Files.writeString(dir.resolve("vocab.json"), "{\"a\": 0, \"b\": 1, \"ab\": 2}");
        Files.writeString(dir.resolve("merges.txt"), "#version: 0.2\na b\nab b\n");
        assertMessage("merges.txt:3", () -> PromptTokenizer.open(dir));
    }

    @Test
    void unknownWordsAreNamed() {
        try (PromptTokenizer t = PromptTokenizer.fromJson(MiniTokenizer.json(), "mini")) {
            assertMessage("cannot tokenise \"When Zebulon\"", () -> t.encode("When Zebulon"));
        }
    }

    static void assertMessage(String part, org.junit.jupiter.api.function.Executable action) {
        String message = assertThrows(InputException.class, action).getMessage();
        assertTrue(message.contains(part), message);
        assertTrue(!message.contains("\n"), "one line: " + message);
    }
}
