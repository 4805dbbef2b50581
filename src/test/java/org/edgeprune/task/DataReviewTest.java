package org.edgeprune.task;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.edgeprune.fixture.Fixtures;
import org.edgeprune.io.InputException;
import org.edgeprune.io.Json;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Prompts that are well-formed and wrong all the same are noted or refused. */
class DataReviewTest {
    private static final IoiTask TASK = new IoiTask();
    private static final String PAIR = line("When Mary and John", "When Paul and Lisa", " Mary", " John");

    @TempDir
    private Path dir;

    @Test
    void goodPromptsHaveNoNotes() throws Exception {
        try (PromptTokenizer mini = mini(List.of(), List.of())) {
            assertEquals(List.of(), review(mini, PAIR).notes(mini));
        }
    }

    @Test
    void pairsThatAreTheSameAreNoted() throws Exception {
        String same = line("When Mary and John", "When Mary and John", " Mary", " John");
        try (PromptTokenizer mini = mini(List.of(), List.of())) {
            assertNote(
                    mini,
                    "1 of 2 prompts have the same tokens in \"clean\" and \"corrupted\"",
                    review(mini, PAIR + same));
            assertNote(mini, "all 1 prompts have the same tokens", review(mini, same));
        }
    }

    @Test
    void aSecondBeginningIsNoted() throws Exception {
        String begun = PAIR.replace("When", "<|endoftext|>When");
        try (PromptTokenizer mini = mini(List.of("<|endoftext|>"), List.of())) {
            assertEquals(List.of(), review(mini, PAIR).notes(mini));
            assertNote(mini, "every prompt begins with <|endoftext|> twice", review(mini, begun));
            assertNote(mini, "1 prompts begin with <|endoftext|> twice", review(mini, PAIR + begun));
        }
    }

    @Test
    void anEndIsLeftOutAndNoted() throws Exception {
        try (PromptTokenizer plain = mini(List.of(), List.of());
                PromptTokenizer ending = mini(List.of(), List.of("<|endoftext|>"))) {
            assertEquals(plain.single("When", " Mary"), ending.single("When", " Mary"));
            assertTrue(ending.single("When", " Mary").isPresent());
            assertNote(ending, "ends every text with <|endoftext|>, which is left out", review(ending, PAIR));
        }
    }

    @Test
    void tooLongPromptsAreRefusedWithTheirLine() throws Exception {
        try (PromptTokenizer mini = mini(List.of(), List.of())) {
            DataReview review = review(
                    mini, PAIR + line("When" + " Mary".repeat(21), "When" + " John".repeat(21), " Mary", " John"));
            review.requireFits(22);
            InputException e = assertThrows(InputException.class, () -> review.requireFits(21));
            assertEquals(
                    dir.resolve("data.jsonl")
                            + ":2: a prompt of 22 tokens, but the model has only 21 positions; shorten it",
                    e.getMessage());
        }
    }

    @Test
    void answersWithoutTheirSpaceGetTheRemedy() throws Exception {
        try (PromptTokenizer mini = mini(List.of(), List.of())) {
            assertRefused(
                    mini,
                    line("When Mary and John", "When Paul and Lisa", "Mary", "John"),
                    ":1: \"target\" \"Mary\" is not one token after the prompt in this model's tokenizer; with a space"
                            + " before it, it is one token: write \" Mary\"");
        }
        try (PromptTokenizer bpe = PromptTokenizer.open(Fixtures.golden("tokenizers/gpt2"))) {
            assertRefused(
                    bpe,
                    line("the cat ", "cat the ", "the", "cat"),
                    "\"clean\" ends with a space, which belongs to the answer: write it as \" the\" and remove the"
                            + " space at the end of the prompts");
        }
    }

    @Test
    void spacesAtTheEndAreNoted() throws Exception {
        Records records = Records.read(Files.writeString(
                dir.resolve("data.jsonl"),
                "{\"clean\": \"True or False is \", \"corrupted\": \"x\", \"value\": true}\n"));
        Example example = new Example(new int[] {1, 2}, new int[] {1, 3}, 1, 2, new Answer.Truth(true));
        try (PromptTokenizer mini = mini(List.of(), List.of())) {
            Dataset dataset = new Dataset(List.of(example), List.of(example), List.of(example));
            assertNote(mini, "all 1 prompts end with a space", new DataReview(records, dataset));
        }
    }

    private void assertRefused(PromptTokenizer tokenizer, String line, String words) {
        InputException e = assertThrows(InputException.class, () -> review(tokenizer, line));
        assertTrue(e.getMessage().contains(words), e.getMessage());
    }

    private static void assertNote(PromptTokenizer tokenizer, String words, DataReview review) {
        List<String> notes = review.notes(tokenizer);
        assertEquals(1, notes.size(), notes::toString);
        assertTrue(notes.getFirst().contains(words), notes::toString);
    }

    private DataReview review(PromptTokenizer tokenizer, String lines) throws Exception {
        Records records = Records.read(Files.writeString(dir.resolve("data.jsonl"), lines));
        return new DataReview(records, TASK.tokenise(records, tokenizer));
    }

    private static String line(String clean, String corrupted, String target, String distractor) {
        return Prompts.line(clean, corrupted, target, distractor) + "\n";
    }

    /** The mini tokenizer with a template. */
    private static PromptTokenizer mini(List<String> before, List<String> after) {
        ObjectNode json = (ObjectNode) Json.parse("mini", MiniTokenizer.json(), "make it");
        ObjectNode template = json.putObject("post_processor");
        template.put("type", "TemplateProcessing");
        before.forEach(token -> template.withArray("single")
                .addObject()
                .putObject("SpecialToken")
                .put("id", token));
        template.withArray("single").addObject().putObject("Sequence").put("id", "A");
        after.forEach(token -> template.withArray("single")
                .addObject()
                .putObject("SpecialToken")
                .put("id", token));
        template.putObject("special_tokens")
                .putObject("<|endoftext|>")
                .put("id", "<|endoftext|>")
                .putArray("ids")
                .add(0);
        return PromptTokenizer.fromJson(json.toString(), "mini");
    }
}
