package org.edgeprune.task;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Collection;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/** What is new in each kind of held-out prompts, and only that. */
class HeldOutTest {
    private static final PromptTokenizer MINI = PromptTokenizer.fromJson(MiniTokenizer.json(), "mini");
    private static final DataRequest REQUEST = DataRequest.seeded(3).tokenizer(MINI);

    @AfterAll
    static void close() {
        MINI.close();
    }

    private static Map<HeldOut, List<String>> heldOut(Task task) {
        List<Example> train =
                task.tokenise(task.generate(REQUEST).records(), MINI).train();
        return HeldOut.examples(task, REQUEST, train).entrySet().stream()
                .collect(Collectors.toMap(Map.Entry::getKey, kind -> kind.getValue().stream()
                        .map(example -> MINI.decode(example.clean()))
                        .toList()));
    }

    private static Set<String> prompts(Task task, Split split) {
        return task.generate(REQUEST).records().part(split).stream()
                .map(row -> row.text("clean"))
                .collect(Collectors.toSet());
    }

    /** Templates, roughly: prompts without the words that a list has. */
    private static Set<String> skeletons(Collection<String> prompts, String words) {
        return prompts.stream().map(prompt -> prompt.replaceAll(words, "_")).collect(Collectors.toSet());
    }

    private static Set<String> words(Collection<String> prompts, String words) {
        return prompts.stream()
                .flatMap(prompt ->
                        java.util.regex.Pattern.compile(words).matcher(prompt).results())
                .map(java.util.regex.MatchResult::group)
                .collect(Collectors.toSet());
    }

    private static String anyOf(Stream<String> words) {
        return words.sorted(java.util.Comparator.comparingInt(String::length).reversed())
                .collect(Collectors.joining("|", "\\b(", ")\\b"));
    }

    private static String names() {
        return anyOf(Names.load(Optional.empty()).stream().map(Names.Name::text));
    }

    @Test
    void ioiHasNewTemplatesWithKnownNamesAndNewNamesInKnownTemplates() {
        IoiTask ioi = new IoiTask();
        Map<HeldOut, List<String>> kinds = heldOut(ioi);
        assertEquals(3, kinds.size());
        String all = anyOf(Stream.of("ioi/places.txt", "ioi/objects.txt")
                        .flatMap(list -> WordList.bundled(list).texts().stream()))
                + "|" + names();
        Set<String> train = prompts(ioi, Split.TRAIN);
        Set<String> test = prompts(ioi, Split.TEST);
        assertTrue(Collections.disjoint(skeletons(train, all), skeletons(test, all)), "the splits' templates differ");
        kinds.forEach((kind, prompts) -> {
            assertTrue(prompts.size() > 150, kind + ": " + prompts.size());
            assertTrue(Collections.disjoint(train, prompts), kind + " has no training prompt");
            Set<String> known = skeletons(kind == HeldOut.NEW_TEMPLATES ? test : train, all);
            assertTrue(known.containsAll(skeletons(prompts, all)), kind.toString());
            Set<String> knownNames = words(kind == HeldOut.NEW_WORDS ? test : train, names());
            assertTrue(knownNames.containsAll(words(prompts, names())), kind.toString());
        });
        assertTrue(
                Collections.disjoint(words(train, names()), words(kinds.get(HeldOut.NEW_WORDS), names())),
                "no name of training is among the new ones");
    }

    @Test
    void tasksHaveTheKindsThatTheirSplitsTellApart() {
        assertEquals(
                Set.of(HeldOut.SAME_KIND, HeldOut.NEW_WORDS),
                heldOut(new GreaterThanTask()).keySet());
        assertEquals(
                Set.of(HeldOut.SAME_KIND, HeldOut.NEW_TEMPLATES),
                heldOut(new GenderedPronounTask()).keySet());
        assertEquals(
                Set.of(HeldOut.SAME_KIND, HeldOut.NEW_WORDS),
                heldOut(new IoiTask.SingleTemplate()).keySet());
    }

    @Test
    void newWordsOfGreaterThanAreStartYearsOfTheTestPart() {
        GreaterThanTask gt = new GreaterThanTask();
        Set<String> years = words(heldOut(gt).get(HeldOut.NEW_WORDS), "\\b\\d{4}\\b");
        Set<String> trained = new HashSet<>(words(prompts(gt, Split.TRAIN), "\\b\\d{4}\\b"));
        assertTrue(years.size() > 50, years.toString());
        assertTrue(Collections.disjoint(trained, years));
    }
}
