package org.edgeprune.task;

import static org.edgeprune.task.PromptTokenizerTest.assertMessage;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.edgeprune.fixture.Fixtures;
import org.edgeprune.task.Names.Gender;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Properties of generated gp data. */
class GenderedPronounTaskTest {
    private static final PromptTokenizer MINI = PromptTokenizer.fromJson(MiniTokenizer.json(), "mini");
    private static final Map<String, Gender> GENDERS =
            Names.load(Optional.empty()).stream().collect(Collectors.toMap(Names.Name::text, Names.Name::gender));
    private final GenderedPronounTask gp = new GenderedPronounTask();

    @AfterAll
    static void close() {
        MINI.close();
    }

    @Test
    void onlyTheNameIsCorrupted() {
        long templates = GenderedPronounTask.templates(DataRequest.seeded(0)).values().stream()
                .mapToLong(List::size)
                .sum();
        assertTrue(templates >= 30);
        assertEquals(
                GENDERS.size(),
                2 * GENDERS.values().stream().filter(g -> g == Gender.F).count());
        Generated generated =
                gp.generate(DataRequest.seeded(6).sizes(2000, 200, 500).tokenizer(MINI));
        assertEquals(List.of(), generated.notes());
        Dataset data = gp.tokenise(generated.records(), MINI);
        int she = 0;
        for (int i = 0; i < 2000; i++) {
            Example e = data.train().get(i);
            int[] changed = IntStream.range(0, e.length())
                    .filter(p -> e.clean()[p] != e.corrupted()[p])
                    .toArray();
            assertEquals(1, changed.length);
            Gender gender = GENDERS.get(MINI.decode(e.clean()[changed[0]]).strip());
            assertEquals(
                    gender.other(),
                    GENDERS.get(MINI.decode(e.corrupted()[changed[0]]).strip()));
            Answer.Tokens answer = (Answer.Tokens) e.answer();
            assertEquals(gender == Gender.F ? " she" : " he", MINI.decode(answer.targets()));
            assertEquals(gender == Gender.F ? " he" : " she", MINI.decode(answer.distractors()));
            she += gender == Gender.F ? 1 : 0;
        }
        assertEquals(1000, she, "half of the prompts are about women");
    }

    @Test
    void testTemplatesAreUnseen() {
        Records records = gp.generate(DataRequest.seeded(3)).records();
        Function<Row, String> frame =
                row -> row.text("clean").replaceAll("\\b(" + String.join("|", GENDERS.keySet()) + ")\\b", "X");
        Map<String, Split> seen = new HashMap<>();
        for (Split split : Split.values()) {
            for (Row row : records.part(split)) {
                Split other = seen.put(frame.apply(row), split);
                assertTrue(other == null || other == split, frame.apply(row));
            }
        }
        assertTrue(seen.values().stream().filter(Split.TEST::equals).count() >= 5);
        assertNotEquals(
                records.part(Split.TRAIN).toString(),
                gp.generate(DataRequest.seeded(4)).records().part(Split.TRAIN).toString());
        assertEquals(
                records.part(Split.TRAIN).toString(),
                gp.generate(DataRequest.seeded(3)).records().part(Split.TRAIN).toString());
    }

    /** A real tokenizer that splits nearly every name: partners then have as many tokens. */
    @Test
    void partnersHaveAsManyTokens() {
        Path stories = Fixtures.thirdPartyModel("stories260k");
        try (PromptTokenizer t = PromptTokenizer.open(stories)) {
            Records records = gp.generate(
                            DataRequest.seeded(3).sizes(300, 50, 100).tokenizer(t))
                    .records();
            Dataset data = gp.tokenise(records, t);
            Set<Integer> lengths = data.train().stream().map(Example::length).collect(Collectors.toSet());
            assertTrue(lengths.size() > 3);
            Answer.Tokens answer = (Answer.Tokens) data.train().get(0).answer();
            assertTrue(Set.of("she", "he").contains(t.decode(answer.targets()).strip()));
        }
    }

    @Test
    void usersListsAreChecked(@TempDir Path dir) throws Exception {
        Path names = Files.writeString(dir.resolve("names.txt"), "Mary f\nJohn m\nAnna f\nPaul m\nLisa f\n");
        Generated generated = gp.generate(DataRequest.seeded(1).sizes(20, 5, 5).names(names));
        assertEquals(
                List.of(
                        "1 of 5 names have no counterpart of the other gender with the same number of tokens and were left out: Lisa"),
                generated.notes());
        Files.writeString(names, "Mary f\nJohn\n");
        assertMessage(
                "names.txt:2: John needs its gender",
                () -> gp.generate(DataRequest.seeded(1).names(names)));
        Path templates = Files.writeString(dir.resolve("t.txt"), "So he is late, isn't\n");
        assertMessage(
                "t.txt:1: needs {NAME} once",
                () -> gp.generate(DataRequest.seeded(1).templates(templates)));
        Files.writeString(templates, "So {NAME} is late, isn't\n");
        assertMessage("found only", () -> gp.generate(DataRequest.seeded(1).templates(templates)));
    }
}
