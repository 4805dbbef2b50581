package org.edgeprune.task;

import static org.edgeprune.task.PromptTokenizerTest.assertMessage;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Properties of generated ioi data. */
class IoiTaskTest {
    private static final PromptTokenizer MINI = PromptTokenizer.fromJson(MiniTokenizer.json(), "mini");
    private static final Set<String> NAMES = Names.load(java.util.Optional.empty()).stream()
            .map(Names.Name::text)
            .collect(Collectors.toSet());
    private final IoiTask ioi = new IoiTask();

    @AfterAll
    static void close() {
        MINI.close();
    }

    @Test
    void theBundledListsAreLongEnough() {
        List<Template> all = ioi.templates(DataRequest.seeded(0)).values().stream()
                .flatMap(List::stream)
                .toList();
        long abba = all.stream()
                .filter(t -> t.text().indexOf("{A}") < t.text().indexOf("{B}"))
                .count();
        assertTrue(abba >= 15 && all.size() - abba >= 15, abba + " ABBA of " + all.size());
        assertTrue(NAMES.size() >= 100);
    }

    @Test
    void promptsAndPartnersDifferInNamesOnly() {
        Generated generated =
                ioi.generate(DataRequest.seeded(11).sizes(2000, 200, 500).tokenizer(MINI));
        assertEquals(List.of(), generated.notes());
        Records records = generated.records();
        Dataset data = ioi.tokenise(records, MINI);
        assertEquals(2000, data.train().size());
        for (Split split : Split.values()) {
            for (int i = 0; i < data.part(split).size(); i++) {
                Row row = records.part(split).get(i);
                Example e = data.part(split).get(i);
                List<String> clean = names(row.text("clean"));
                List<String> corrupted = names(row.text("corrupted"));
                String target = row.text("target").strip();
                String distractor = row.text("distractor").strip();
                // Clean: the answer once, the other name at least twice. Corrupted: as many names, three different new
                // ones.
                assertEquals(1, Collections.frequency(clean, target), row.text("clean"));
                assertEquals(clean.size() - 1, Collections.frequency(clean, distractor));
                assertEquals(clean.size(), corrupted.size());
                assertEquals(3, new HashSet<>(corrupted).size(), row.text("corrupted"));
                assertTrue(Collections.disjoint(clean, corrupted));
                List<Integer> changed = IntStream.range(0, e.length())
                        .filter(p -> e.clean()[p] != e.corrupted()[p])
                        .boxed()
                        .toList();
                assertEquals(clean.size(), changed.size());
                changed.forEach(
                        p -> assertTrue(NAMES.contains(MINI.decode(e.clean()[p]).strip())));
                assertEquals(e.length() - 1, e.scoreStart());
                assertEquals(e.length(), e.scoreEnd());
                Answer.Tokens answer = (Answer.Tokens) e.answer();
                assertEquals(" " + target, MINI.decode(answer.targets()));
                assertEquals(" " + distractor, MINI.decode(answer.distractors()));
            }
        }
    }

    @Test
    void testNamesTemplatesAndPromptsAreUnseen() {
        Records records =
                ioi.generate(DataRequest.seeded(2).sizes(2000, 300, 1000)).records();
        Map<Split, Set<String>> names = Stream.of(Split.values())
                .collect(Collectors.toMap(s -> s, s -> records.part(s).stream()
                        .flatMap(r -> names(r.text("clean")).stream())
                        .collect(Collectors.toSet())));
        assertTrue(Collections.disjoint(names.get(Split.TRAIN), names.get(Split.TEST)));
        assertTrue(names.get(Split.TEST).size() >= 20);
        Set<String> frames = new HashSet<>();
        int sum = 0;
        for (Split split : Split.values()) {
            Set<String> own = ioi.templates(DataRequest.seeded(0)).get(split).stream()
                    .map(t -> t.text().replaceAll("\\{[AB]}", "{X}"))
                    .collect(Collectors.toSet());
            sum += own.size();
            frames.addAll(own);
        }
        assertEquals(sum, frames.size(), "a template family in two splits");
        List<String> prompts = Stream.of(Split.values())
                .flatMap(s -> records.part(s).stream())
                .map(r -> r.text("clean"))
                .toList();
        assertEquals(prompts.size(), new HashSet<>(prompts).size(), "a prompt twice");
    }

    @Test
    void sameSeedSameBytes(@TempDir Path dir) throws Exception {
        ioi.generate(DataRequest.seeded(4).sizes(50, 10, 20)).records().write(dir.resolve("a"));
        ioi.generate(DataRequest.seeded(4).sizes(80, 10, 20)).records().write(dir.resolve("b"));
        ioi.generate(DataRequest.seeded(5).sizes(50, 10, 20)).records().write(dir.resolve("c"));
        String a = Files.readString(dir.resolve("a/train.jsonl"));
        assertEquals(50, a.lines().count());
        assertTrue(Files.readString(dir.resolve("b/train.jsonl")).startsWith(a), "more of it starts the same");
        assertEquals(Files.readString(dir.resolve("a/test.jsonl")), Files.readString(dir.resolve("b/test.jsonl")));
        assertNotEquals(a, Files.readString(dir.resolve("c/train.jsonl")));
        Dataset read = ioi.read(dir.resolve("a"), MINI);
        Dataset direct = ioi.tokenise(
                ioi.generate(DataRequest.seeded(4).sizes(50, 10, 20)).records(), MINI);
        assertTrue(
                Arrays.equals(read.train().get(7).clean(), direct.train().get(7).clean()));
    }

    @Test
    void oneTemplateTaskHasOneTemplate() {
        Records records =
                new IoiTask.SingleTemplate().generate(DataRequest.seeded(1)).records();
        Set<Integer> lengths = Stream.of(Split.values())
                .flatMap(s -> records.part(s).stream())
                .map(r -> r.text("clean").split(" ").length)
                .collect(Collectors.toSet());
        assertEquals(1, lengths.size());
        assertTrue(records.part(Split.TRAIN).get(0).text("clean").startsWith("After work,"));
    }

    @Test
    void usersListsAreCheckedByLine(@TempDir Path dir) throws Exception {
        Path names = Files.writeString(dir.resolve("names.txt"), "# mine\nMary\nJohn m\nAnna\nPaul\nLisa\nKevin\n");
        Path templates = Files.writeString(dir.resolve("t.txt"), "When {A} met {B}, {B} gave a {OBJECT} to {A}\n");
        DataRequest request = DataRequest.seeded(1).sizes(20, 5, 5);
        Generated generated =
                ioi.generate(request.names(names).templates(templates).tokenizer(miniWith("met")));
        assertTrue(
                generated.notes().get(0).contains("6 names are too few to reserve some for testing"),
                generated.notes().get(0));
        assertTrue(generated.records().part(Split.TEST).get(0).text("clean").startsWith("When "));

        Files.writeString(names, "Mary\nJohn x\n");
        assertMessage("names.txt:2: \"x\"", () -> ioi.generate(request.names(names)));
        Files.writeString(names, "Mary\nJohn\nMary f\n");
        assertMessage("names.txt:3: Mary occurs twice, first in line 1", () -> ioi.generate(request.names(names)));
        Files.writeString(names, "Mary\nJohn\n");
        assertMessage("only 2 names", () -> ioi.generate(request.names(names)));
        Files.writeString(templates, "\nWhen {A} met {B}, {B} gave a {THING} to {A}\n");
        assertMessage("t.txt:2: slot {THING}", () -> ioi.generate(request.templates(templates)));
        Files.writeString(templates, "When {A} met {B}, {B} gave it to {A} soon\n");
        assertMessage("t.txt:1: must end with \" {A}\"", () -> ioi.generate(request.templates(templates)));
        Files.writeString(templates, "When {A} met {B}, she gave it to {A}\n");
        assertMessage("t.txt:1: needs {A} and {B}", () -> ioi.generate(request.templates(templates)));
        assertMessage("nowhere.txt", () -> ioi.generate(request.templates(dir.resolve("nowhere.txt"))));
    }

    @Test
    void wordsThatAreNotSingleTokensAreDropped(@TempDir Path dir) throws Exception {
        List<String> lines = new ArrayList<>(NAMES.stream().sorted().limit(40).toList());
        lines.set(3, "Bartholomew");
        lines.set(39, "Zebedee");
        Path names = Files.write(dir.resolve("names.txt"), lines);
        Generated generated =
                ioi.generate(DataRequest.seeded(1).sizes(20, 5, 5).names(names).tokenizer(MINI));
        assertEquals(
                List.of(
                        "1 of 32 names are not single tokens for this model and were left out: Bartholomew",
                        "1 of 8 names for testing are not single tokens for this model and were left out: Zebedee"),
                generated.notes());
    }

    @Test
    void badLinesAreNamed(@TempDir Path dir) throws Exception {
        Path file = dir.resolve("data.jsonl");
        String good = "{\"clean\": \"When Mary and John\", \"corrupted\": \"When Paul and Lisa\","
                + " \"target\": \" Mary\", \"distractor\": \" John\"}\n";
        Files.writeString(file, good);
        assertEquals(1, ioi.read(file, MINI).test().size());
        Files.writeString(file, good + "\n" + good.replace("\" Mary\"", "\" Zebedee\""));
        assertMessage("data.jsonl:3: \"target\" \" Zebedee\" is not one token", () -> ioi.read(file, MINI));
        Files.writeString(file, good.replace("When M", "Zebedee M"));
        assertMessage("data.jsonl:1: mini: cannot tokenise", () -> ioi.read(file, MINI));
        Files.writeString(file, good + good.replace("Paul and", "Paul, and"));
        assertMessage("data.jsonl:2: \"clean\" has 4 tokens and \"corrupted\" 5", () -> ioi.read(file, MINI));
        Files.writeString(file, good + good.replace("\"target\"", "\"tarket\""));
        assertMessage("data.jsonl:2: needs \"target\", a text", () -> ioi.read(file, MINI));
        Files.writeString(file, good + "{oops\n");
        assertMessage("data.jsonl:2: not JSON", () -> ioi.read(file, MINI));
        assertMessage("train.jsonl: not there", () -> ioi.read(dir, MINI));
    }

    private static PromptTokenizer miniWith(String word) {
        return PromptTokenizer.fromJson(MiniTokenizer.json().replace("\"Ġoften\"", "\"Ġ" + word + "\""), "mini");
    }

    private static List<String> names(String text) {
        return Arrays.stream(text.split("[ ,.]+")).filter(NAMES::contains).toList();
    }
}
