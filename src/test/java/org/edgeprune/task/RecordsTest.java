package org.edgeprune.task;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.edgeprune.io.InputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Data files in every form that users have them in give the same rows. */
class RecordsTest {
    private static final String LINES = """
            {"clean": "Zoë said, \\"no\\" ", "corrupted": "a"}
            {"clean": "c", "corrupted": "d"}
            """;

    @TempDir
    private Path dir;

    @ParameterizedTest
    @ValueSource(
            strings = {
                LINES,
                "\n\n" + LINES,
                "{\"clean\": \"Zoë said, \\\"no\\\" \",\n \"corrupted\": \"a\"}\n{\n\"clean\": \"c\",\n\"corrupted\": \"d\"\n}\n",
                "{\"clean\": \"Zoë said, \\\"no\\\" \", \"corrupted\": \"a\"}{\"clean\": \"c\", \"corrupted\": \"d\"}",
                "[{\"clean\": \"Zoë said, \\\"no\\\" \", \"corrupted\": \"a\"},\n {\"clean\": \"c\", \"corrupted\": \"d\"}]\n",
            })
    void jsonMayBeSpreadAsItLikes(String text) throws Exception {
        assertRows("data.jsonl", text.getBytes(StandardCharsets.UTF_8));
        assertRows("data.jsonl", text.replace("\n", "\r\n").getBytes(StandardCharsets.UTF_8));
        assertRows("data.jsonl", text.replace("\n", "\r").getBytes(StandardCharsets.UTF_8));
        assertRows("data.jsonl", ("\ufeff" + text).getBytes(StandardCharsets.UTF_8));
        assertRows("data.jsonl", ("\ufeff" + text).getBytes(StandardCharsets.UTF_16LE));
        assertRows("data.jsonl", ("\ufeff" + text).getBytes(StandardCharsets.UTF_16BE));
        assertRows("data.jsonl.gz", gzip(text));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "clean,corrupted\n\"Zoë said, \"\"no\"\" \",a\nc,d\n",
                "\"clean\",\"corrupted\"\n\n\"Zoë said, \"\"no\"\" \",\"a\"\nc,\"d\"",
                "corrupted,clean\na,\"Zoë said, \"\"no\"\" \"\nd,c\n",
            })
    void csvHasAHeaderAndQuotes(String text) throws Exception {
        assertRows("data.csv", text.getBytes(StandardCharsets.UTF_8));
        assertRows("data.CSV", text.replace("\n", "\r\n").getBytes(StandardCharsets.UTF_8));
        assertRows("data.csv", text.replace("\n", "\r").getBytes(StandardCharsets.UTF_8));
        assertRows("data.csv", ("\ufeff" + text).getBytes(StandardCharsets.UTF_16LE));
        assertRows("data.csv.gz", gzip(text));
    }

    @Test
    void rowsKnowTheirLines() throws Exception {
        assertEquals(List.of(2, 5), lines("x.jsonl", "\n{\"a\":\n1\n}\n{\"a\": 2}"));
        assertEquals(List.of(2, 4), lines("x.csv", "a\n\"two\nlines\"\nb\n"));
    }

    @Test
    void faultsNameTheirLine() {
        assertFault("x.jsonl", "{\"a\": 1}\n{\"a\": \n", ":2: not JSON: what begins here has no end: write one {...}");
        assertFault("x.jsonl", "{\"a\": 1}\n\n{\"a\" 1}", ":3: not JSON: ");
        assertFault("x.jsonl", "{\"a\": 1}\nclean", ":2: not JSON: ");
        assertFault("x.jsonl", "{\"a\": 1}\n\"b\"\n", ":2: not a JSON object: write one {...} object on each line");
        assertFault("x.jsonl", "[{\"a\": 1}]\n{}", ":2: more after the end of the list");
        assertFault("x.jsonl", "[{\"a\": 1},\n", ":2: not JSON: Unexpected end-of-input");
        assertFault("x.jsonl", "[]", ": no lines");
        assertFault("x.csv", "a,b\n1,2\n1,2,3\n", ":3: 3 values for the 2 keys of the header [a, b]");
        assertFault("x.csv", "a,a\n1,2\n", ":1: the header [a, a] has a key twice");
        assertFault("x.csv", "a\n1\n\"b\nc", ":3: a quoted value has no end");
        assertFault("x.csv", "a\n\"b\"c\n", ":2: text after the quote");
        assertFault("x.csv", "a\n", ": no lines");
    }

    @Test
    void listsOfWordsMayHaveMacLineEnds() throws Exception {
        Path file = Files.writeString(dir.resolve("t.txt"), "\ufeff# mine\rThen {A}\r{A} said\r");
        WordList list = WordList.of(Optional.of(file), "names.txt");
        assertEquals(List.of("Then {A}", "{A} said"), list.texts());
        assertEquals(3, list.entries().get(1).line());
    }

    private void assertRows(String name, byte[] bytes) throws Exception {
        Path file = Files.write(dir.resolve(name), bytes);
        List<Row> rows = Records.read(file).part(Split.TRAIN);
        assertEquals(2, rows.size());
        assertEquals("Zoë said, \"no\" ", rows.get(0).text("clean"), "spaces stay");
        assertEquals("a", rows.get(0).text("corrupted"));
        assertEquals("c", rows.get(1).text("clean"));
        assertEquals("d", rows.get(1).text("corrupted"));
    }

    private List<Integer> lines(String name, String text) throws Exception {
        Path file = Files.writeString(dir.resolve(name), text);
        return Records.read(file).part(Split.TRAIN).stream().map(Row::line).toList();
    }

    private void assertFault(String name, String text, String fault) {
        InputException e =
                assertThrows(InputException.class, () -> Records.read(Files.writeString(dir.resolve(name), text)));
        String start = dir.resolve(name) + fault;
        assertEquals(
                start,
                e.getMessage()
                        .substring(0, Math.min(start.length(), e.getMessage().length())));
    }

    private static byte[] gzip(String text) throws Exception {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (GZIPOutputStream out = new GZIPOutputStream(bytes)) {
            out.write(text.getBytes(StandardCharsets.UTF_8));
        }
        return bytes.toByteArray();
    }

    @Test
    void aFileWithoutSplitsIsDividedForTrainingAndSaysSo() throws IOException {
        List<String> lines = IntStream.range(0, 40)
                .mapToObj(i -> "{\"clean\": \"" + i + "\"}")
                .toList();
        Path file = Files.write(dir.resolve("mine.jsonl"), lines);
        Records divided = Records.divided(file);
        assertEquals(28, divided.part(Split.TRAIN).size());
        assertEquals(4, divided.part(Split.VALIDATION).size());
        assertEquals(8, divided.part(Split.TEST).size());
        assertEquals(
                40,
                Stream.of(Split.values())
                        .flatMap(split -> divided.part(split).stream())
                        .map(Row::line)
                        .distinct()
                        .count());
        assertEquals(divided, Records.divided(file), "always the same");
        assertTrue(
                divided.note().orElseThrow().contains("into 28 lines for training, 4 for validation and 8 for test"));
        Path few = Files.write(dir.resolve("few.jsonl"), lines.subList(0, 9));
        assertEquals(9, Records.divided(few).part(Split.TEST).size());
        assertTrue(Records.divided(few).note().orElseThrow().contains("nothing is held out"));
        assertEquals(Optional.empty(), Records.read(file).note());
    }
}
