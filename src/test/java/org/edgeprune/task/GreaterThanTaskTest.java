package org.edgeprune.task;

import static org.edgeprune.task.PromptTokenizerTest.assertMessage;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.edgeprune.fixture.Fixtures;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Properties of generated gt data. */
class GreaterThanTaskTest {
    private static final PromptTokenizer MINI = PromptTokenizer.fromJson(MiniTokenizer.json(), "mini");
    private final GreaterThanTask gt = new GreaterThanTask();

    @AfterAll
    static void close() {
        MINI.close();
    }

    @Test
    void onlyTheStartYearIsCorrupted() {
        assertTrue(GreaterThanTask.templates(DataRequest.seeded(0)).size() >= 6);
        assertTrue(GreaterThanTask.nouns().size() >= 100);
        Generated generated =
                gt.generate(DataRequest.seeded(9).sizes(2000, 200, 500).tokenizer(MINI));
        assertEquals(List.of(), generated.notes());
        Dataset data = gt.tokenise(generated.records(), MINI);
        int[] digits = gt.scorer(MINI).vocabulary();
        Set<Integer> centuries = new HashSet<>();
        for (int i = 0; i < 2000; i++) {
            Example e = data.train().get(i);
            int start = ((Answer.LaterThan) e.answer()).start();
            assertTrue(start >= 2 && start <= 98);
            List<Integer> changed = IntStream.range(0, e.length())
                    .filter(p -> e.clean()[p] != e.corrupted()[p])
                    .boxed()
                    .toList();
            assertEquals(1, changed.size());
            int p = changed.get(0);
            assertEquals(digits[start], e.clean()[p]);
            assertEquals(digits[1], e.corrupted()[p]);
            assertEquals(e.clean()[p - 1], e.clean()[e.length() - 1], "the century comes again at the end");
            centuries.add(Integer.valueOf(MINI.decode(e.clean()[p - 1]).strip()));
        }
        assertEquals(12, centuries.size(), "centuries 10 to 21");
    }

    @Test
    void testYearsAreUnseen() {
        Records records = gt.generate(DataRequest.seeded(3)).records();
        Pattern year = Pattern.compile("\\d{4}");
        Map<String, Split> splits = new HashMap<>();
        for (Split split : Split.values()) {
            for (Row row : records.part(split)) {
                Matcher m = year.matcher(row.text("clean"));
                assertTrue(m.find());
                Split other = splits.put(m.group(), split);
                assertTrue(other == null || other == split, m.group() + " in " + other + " and " + split);
                assertEquals(
                        row.number("start", 0, 99), Integer.parseInt(m.group().substring(2)));
            }
        }
    }

    @Test
    void yearsThatDoNotSplitAreDropped() {
        // " 1732" as one token: neither it nor, through the corruption, anything with " 1801" can be used.
        String json = MiniTokenizer.json()
                .replace(" ?[A-Za-z]+", " 1732| 1801| ?[A-Za-z]+")
                .replace("\"Ġ10\"", "\"Ġ1732\" : 2000,\n \"Ġ1801\" : 2001,\n \"Ġ10\"");
        try (PromptTokenizer odd = PromptTokenizer.fromJson(json, "odd")) {
            Generated generated = gt.generate(DataRequest.seeded(9).tokenizer(odd));
            assertEquals(1, generated.notes().size());
            String note = generated.notes().getFirst();
            assertTrue(
                    note.startsWith(
                            "98 years are not tokenised as century and two digits by this model's tokenizer and were left out: 1732, 18"),
                    note);
            assertTrue(note.endsWith(" and 78 more"), note);
            for (Split split : Split.values()) {
                generated.records().part(split).forEach(row -> {
                    assertTrue(!row.text("clean").contains("1732")
                            && !row.text("corrupted").contains("1801"));
                    assertEquals(odd.encode(row.text("clean")).length, odd.encode(row.text("corrupted")).length);
                });
            }
        }
    }

    @Test
    void scoresSeeTheHundredTokensOnly() {
        Scorer scorer = gt.scorer(MINI);
        assertEquals(100, scorer.vocabulary().length);
        assertEquals("07", MINI.decode(scorer.vocabulary()[7]));
        assertEquals("probability_difference", scorer.headline());
        Example e = new Example(new int[] {0}, new int[] {0}, 0, 1, new Answer.LaterThan(50));
        float[] later = new float[100];
        Arrays.fill(later, 51, 100, 30f);
        float[] flat = new float[100];
        float[][] full = {later};
        Map<String, Double> good = scorer.score(e, full, full);
        assertEquals(1, good.get("probability_difference"), 1e-9);
        assertEquals(10 / 49.0, good.get("probability_difference_10"), 1e-9);
        assertEquals(1, good.get("kendall_tau"), 1e-12);
        assertEquals(0, good.get("kl"), 1e-12);
        Map<String, Double> none = scorer.score(e, new float[][] {flat}, full);
        assertEquals(-.01, none.get("probability_difference"), 1e-9);
        assertEquals(0, none.get("kendall_tau"), 1e-12);
        assertEquals(Math.log(100 / 49.0), none.get("kl"), 1e-6);
    }

    @Test
    void unsuitableModelsAndLinesAreNamed(@TempDir Path dir) throws Exception {
        Path file =
                Files.writeString(dir.resolve("gt.jsonl"), "{\"clean\": \"The war\", \"corrupted\": \"The war\"}\n");
        assertMessage("gt.jsonl:1: needs \"start\", a whole number", () -> gt.read(file, MINI));
        Files.writeString(file, "{\"clean\": \"The war\", \"corrupted\": \"The war\", \"start\": 100}\n");
        assertMessage("gt.jsonl:1: \"start\" is 100", () -> gt.read(file, MINI));
    }

    @Test
    void aTokenizerWithoutTwoDigitTokensIsRefused() {
        Path stories = Fixtures.thirdPartyModel("stories260k");
        try (PromptTokenizer t = PromptTokenizer.open(stories)) {
            assertMessage("\"00\" is not one token", () -> gt.scorer(t));
            assertMessage(
                    "use task ioi or gp, or your own number prompts with --task custom, whose answers may have several tokens",
                    () -> gt.scorer(t));
        }
    }

    @Test
    void seedsDiffer() {
        String a =
                gt.generate(DataRequest.seeded(1)).records().part(Split.TRAIN).toString();
        assertEquals(
                a,
                gt.generate(DataRequest.seeded(1)).records().part(Split.TRAIN).toString());
        assertNotEquals(
                a,
                gt.generate(DataRequest.seeded(2)).records().part(Split.TRAIN).toString());
    }
}
