package org.edgeprune.task;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/** The mini model's tokenizer and the text it is trained on. */
class MiniTokenizerTest {
    private static final PromptTokenizer MINI = PromptTokenizer.fromJson(MiniTokenizer.json(), "mini");

    @AfterAll
    static void close() {
        MINI.close();
    }

    @Test
    void wordsKeepTheirSpaceAndYearsSplit() {
        assertEquals(List.of("When", " Mary", " and", " John", ","), pieces("When Mary and John,"));
        assertEquals(List.of(" 17", "32", " to", " 17"), pieces(" 1732 to 17"));
        assertEquals(List.of(" isn't", " she"), pieces(" isn't she"));
        String text = "The war took place between 1732 and 17";
        assertEquals(text, MINI.decode(MINI.encode(text)));
        assertEquals(MINI.id("ĠMary"), MINI.single("When", " Mary"));
    }

    @Test
    void smallAndTheSameEveryTime() {
        assertEquals(MiniTokenizer.json(), MiniTokenizer.json());
        assertTrue(MINI.vocabSize() <= 1500, MINI.vocabSize() + " tokens");
        assertEquals(0, MINI.id("<|endoftext|>").orElseThrow());
        assertEquals(0, MINI.bos().orElseThrow());
    }

    @Test
    void theCorpusIsSeededAndKeepsWhatIsHeldOut() {
        TrainingCorpus one = new TrainingCorpus(MINI, 7);
        TrainingCorpus two = new TrainingCorpus(MINI, 7);
        DataRequest request = DataRequest.seeded(1);
        Set<String> heldOut = new HashSet<>();
        for (Task task : List.of(new IoiTask(), new GreaterThanTask(), new GenderedPronounTask())) {
            Records records = task.generate(request).records();
            records.part(Split.TEST).forEach(row -> heldOut.add(row.text("clean")));
            records.part(Split.VALIDATION).forEach(row -> heldOut.add(row.text("clean")));
        }
        Set<String> ioiTestNames =
                Set.copyOf(IoiTask.names(request, new java.util.ArrayList<>()).get(Split.TEST));
        Set<String> otherNames = new TreeSet<>();
        for (int i = 0; i < 2000; i++) {
            TrainingCorpus.Text text = one.next();
            assertArrayEquals(text.tokens(), two.next().tokens());
            assertEquals(0, text.tokens()[text.tokens().length - 1]);
            assertTrue(text.answerAt() > 0 && text.answerAt() < text.tokens().length - 1);
            String prompt = MINI.decode(Arrays.copyOf(text.tokens(), text.answerAt()));
            assertFalse(heldOut.contains(prompt), prompt);
            boolean ioi = prompt.endsWith(" to") && text.tokens().length == text.answerAt() + 2;
            for (String word : prompt.split("[ ,.]", -1)) {
                if (ioiTestNames.contains(word)) {
                    assertFalse(ioi, "held-out name in an ioi prompt: " + prompt);
                    otherNames.add(word);
                }
            }
        }
        assertEquals(ioiTestNames, otherNames, "every held-out name occurs in the other texts");
    }

    /** A word that only a held-out template has would have an untrained embedding: the lists must avoid that. */
    @Test
    void theCorpusHasEveryTokenOfTheTests() {
        DataRequest request = DataRequest.seeded(5).sizes(1, 100, 500).tokenizer(MINI);
        Set<Integer> missing = new HashSet<>();
        for (Task task : List.of(new IoiTask(), new GreaterThanTask(), new GenderedPronounTask())) {
            Dataset data = task.tokenise(task.generate(request).records(), MINI);
            Stream.concat(data.test().stream(), data.validation().stream())
                    .forEach(e -> Arrays.stream(e.clean()).forEach(missing::add));
        }
        TrainingCorpus corpus = new TrainingCorpus(MINI, 3);
        for (int i = 0; i < 10_000 && !missing.isEmpty(); i++) {
            Arrays.stream(corpus.next().tokens()).forEach(missing::remove);
        }
        assertEquals(Set.of(), missing.stream().map(MINI::decode).collect(Collectors.toSet()));
    }

    private static List<String> pieces(String text) {
        return Arrays.stream(MINI.encode(text)).mapToObj(MINI::decode).toList();
    }
}
