package org.edgeprune.task;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.edgeprune.io.InputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Prompts from templates with slots, of the user's own and bundled. */
class TemplateTaskTest {
    private static final String CAPITALS = """
            {"lists": {"COUNTRY,CAPITAL": [["France", "Paris"], ["Japan", "Tokyo"], ["Italy", "Rome"]]},
             "corrupt": ["COUNTRY"],
             "templates": [{"clean": "The capital of {COUNTRY} is", "answer": " {CAPITAL}"}]}""";

    @TempDir
    private Path folder;

    private static DataRequest small() {
        return DataRequest.seeded(3).sizes(30, 5, 20);
    }

    private List<Row> lines(String templates, DataRequest request) throws IOException {
        Path file = Files.writeString(folder.resolve("mine.json"), templates);
        return Tasks.named("custom-template:" + file)
                .generate(request)
                .records()
                .part(Split.TEST);
    }

    @Test
    void columnsOfARowBelongTogetherAndTheDistractorIsTheAnswerOfTheCorruptedPrompt() throws IOException {
        List<Row> lines = lines(CAPITALS, DataRequest.seeded(3).sizes(1, 1, 1));
        Row line = lines.getFirst();
        String country = line.text("clean").replaceFirst("The capital of (.*) is<.*", "$1");
        String other = line.text("corrupted").replaceFirst("The capital of (.*) is", "$1");
        String all = "France Paris, Japan Tokyo, Italy Rome";
        assertTrue(
                all.contains(country + line.text("clean").replaceFirst(".*<predict>(.*)</predict>", "$1")),
                line.toString());
        assertTrue(all.contains(other + line.text("distractor")), line.toString());
        assertNotEquals(country, other);
    }

    @Test
    void templatesMayHaveTextsOfTheirOwnAndNumbersAreDifferentRows() throws IOException {
        List<Row> lines = lines("""
                {"lists": {"W": ["red", "blue", "green"]},
                 "templates": [{"clean": "A. {W1} B. {W2} is {W1}?", "corrupted": "A. {W2} B. {W1} is {W1}?",
                                "answer": " A", "distractor": " B"}]}""", DataRequest.seeded(1).sizes(2, 1, 1));
        String clean = lines.getFirst().text("clean");
        assertTrue(clean.matches("A\\. (\\w+) B\\. (?!\\1)\\w+ is \\1\\?<predict> A</predict>"), clean);
        assertTrue(lines.getFirst().text("corrupted").matches("A\\. (\\w+) B\\. (?!\\1)(\\w+) is \\2\\?"));
        assertEquals(" B", lines.getFirst().text("distractor"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"induction", "docstring", "sva", "capitals", "colour", "mcqa", "addition"})
    void bundledTemplatesGivePairs(String name) {
        Task task = Tasks.named(name);
        Generated alone = task.generate(small());
        assertEquals(alone.records(), task.generate(small()).records(), "equal requests give equal lines");
        assertEquals(List.of(), alone.notes());
        for (Row row : alone.records().part(Split.TEST)) {
            assertFalse(row.text("clean").matches("(?s).*[{}].*"), row.toString());
            assertNotEquals(
                    row.text("distractor"), row.text("clean").replaceFirst("(?s).*<predict>(.*)</predict>", "$1"));
            assertNotEquals(
                    row.text("clean").replaceFirst("(?s)<predict>.*", ""), row.text("corrupted"), row.toString());
        }
    }

    @Test
    void pairsThatTheTokenizerDoesNotAlignAreDiscarded() throws IOException {
        String templates = """
                {"lists": {"W": ["Mary", "John", "Lisa", "Paul", "and Anna", "Xerxes"]}, "corrupt": ["W1"],
                 "templates": [{"clean": "When {W1} and {W2} were late, {W1} and", "answer": " {W2}", "distractor": " {W1}"}]}""";
        try (PromptTokenizer tokenizer = PromptTokenizer.fromJson(MiniTokenizer.json(), "mini")) {
            Path file = Files.writeString(folder.resolve("mine.json"), templates);
            Task task = Tasks.named("custom-template:" + file);
            Generated generated =
                    task.generate(DataRequest.seeded(1).sizes(4, 2, 4).tokenizer(tokenizer));
            Dataset data = task.tokenise(generated.records(), tokenizer);
            assertEquals(4, data.test().size());
            assertFalse(generated.records().toString().contains("Xerxes"), "unknown to the tokenizer");
            assertFalse(generated.records().toString().contains("and Anna"), "two tokens against one");
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{} | \"lists\": is missing",
                "{\"lists\": {\"A\": [\"x\"]}} | \"templates\": is missing",
                "{\"lists\": {\"a\": [\"x\"]}, \"templates\": []} | must be a name of its own in capital letters",
                "{\"lists\": {\"A\": [\"x\", \"x\"]}, \"templates\": []} | a row occurs twice",
                "{\"lists\": {\"A,B\": [[\"x\"]]}, \"templates\": []} | a row has 1 values for 2 columns",
                "{\"lists\": {\"A\": [\"x\"]}, \"templates\": [{\"clean\": \"{B}\", \"answer\": \"y\"}]} | slot {B} is of no list",
                "{\"lists\": {\"A\": [\"x\"]}, \"templates\": [{\"clean\": \"{A}\", \"answer\": \"{A}\"}]} | \"corrupt\": is needed",
                "{\"lists\": {\"A\": [\"x\"]}, \"templates\": [{\"clean\": \"{A\", \"answer\": \"y\"}]} | a brace that does not belong",
                "{\"lists\": {\"A\": [\"x\"]}, \"corrupt\": [\"A\"], \"templates\": [{\"clean\": \"{A}\", \"answer\": \"y\"}]} | too few rows",
            })
    void mistakesAreNamed(String text, String message) {
        String said =
                assertThrows(InputException.class, () -> lines(text, small())).getMessage();
        assertTrue(said.contains("mine.json: ") && said.contains(message), said);
    }

    @Test
    void withoutAFileItSaysHowToNameOne() {
        assertTrue(assertThrows(InputException.class, () -> Tasks.named("custom-template")
                        .generate(small()))
                .getMessage()
                .contains("--mode FILE"));
        Task moved = Tasks.named("custom-template:nowhere.json");
        String said = assertThrows(InputException.class, () -> moved.generate(small()))
                .getMessage();
        assertTrue(said.startsWith("nowhere.json: "), said);
        assertEquals("custom-template", Tasks.named("custom-template").fullName());
    }

    @Test
    void namesAndLinesOfTwoKindsAreRefused() throws IOException {
        DataRequest named = new DataRequest(
                1, 3, 1, 1, Optional.empty(), Optional.empty(), Optional.of(folder.resolve("names.json")));
        assertTrue(assertThrows(InputException.class, () -> Tasks.named("sva").generate(named))
                .getMessage()
                .contains("uses no names"));
        Path file = Files.writeString(folder.resolve("lines.jsonl"), """
                {"clean":"Mary and<predict> John</predict>","corrupted":"Lisa and","distractor":" Paul"}
                {"clean":"Mary and<predict> John</predict>","corrupted":"Lisa and"}
                """);
        try (PromptTokenizer tokenizer = PromptTokenizer.fromJson(MiniTokenizer.json(), "mini")) {
            String said = assertThrows(
                            InputException.class, () -> Tasks.named("sva").read(file, tokenizer))
                    .getMessage();
            assertTrue(said.contains("has no \"distractor\""), said);
        }
    }

    @Test
    void fewerPromptsThanWereAskedForAreSaid() throws IOException {
        Path file = Files.writeString(
                folder.resolve("mine.json"),
                CAPITALS.replace(
                        "\"templates\": [",
                        "\"templates\": [{\"clean\": \"In {COUNTRY}, the capital is\", \"answer\": \" {CAPITAL}\"}, {\"clean\": \"I like {COUNTRY} and\", \"answer\": \" {CAPITAL}\"}, "));
        Generated generated = Tasks.named("custom-template:" + file).generate(small());
        assertEquals(3, generated.records().part(Split.TEST).size());
        assertTrue(generated.notes().contains("found only 3 different test prompts of the 20 requested"));
    }
}
