package org.edgeprune.task;

import static org.edgeprune.task.PromptTokenizerTest.assertMessage;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import org.edgeprune.io.InputException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The JSONL of the user's own prompts. */
class CustomTaskTest {
    private static final PromptTokenizer MINI = PromptTokenizer.fromJson(MiniTokenizer.json(), "mini");
    private final CustomTask custom = new CustomTask();

    @TempDir
    Path dir;

    @AfterAll
    static void close() {
        MINI.close();
    }

    @Test
    void oneTokenAtTheEnd() throws Exception {
        Example e = read("Yesterday 10 was <predict>12</predict>", "Yesterday 11 was 13")
                .train()
                .get(0);
        assertEquals("Yesterday 10 was", MINI.decode(e.clean()));
        assertEquals("Yesterday 11 was", MINI.decode(e.corrupted()));
        assertEquals(2, e.scoreStart());
        assertEquals(3, e.scoreEnd());
        assertEquals(" 12", MINI.decode(((Answer.Tokens) e.answer()).targets()));
        // With the space inside the tag, with tags in the corrupted text, and without its answer: all the same.
        for (String[] pair : new String[][] {
            {"Yesterday 10 was<predict> 12</predict>", "Yesterday 11 was 13"},
            {"Yesterday 10 was <predict>12</predict>", "Yesterday 11 was <predict>13</predict>"},
            {"Yesterday 10 was <predict>12</predict>", "Yesterday 11 was"},
            {"Yesterday 10 was <predict>12</predict>, and 14", "Yesterday 11 was 13, and 15"},
        }) {
            Example same = read(pair[0], pair[1]).train().get(0);
            assertArrayEquals(e.clean(), same.clean());
            assertArrayEquals(e.corrupted(), same.corrupted());
            assertEquals(e.scoreStart(), same.scoreStart());
        }
    }

    @Test
    void aDistractorGivesALogitDifference() throws Exception {
        String line = "{\"clean\": \"When Mary <predict>and John</predict> were\","
                + " \"corrupted\": \"When Lisa and Paul were\"%s}\n";
        Path file = dir.resolve("a.jsonl");
        Files.writeString(file, line.formatted(", \"distractor\": \"and Paul\""));
        Example e = custom.read(file, MINI).train().get(0);
        Answer.Tokens answer = (Answer.Tokens) e.answer();
        assertEquals(" and John", MINI.decode(answer.targets()));
        assertEquals(" and Paul", MINI.decode(answer.distractors()));
        float[][] logits = new float[2][MINI.vocabSize()];
        logits[1][answer.targets()[1]] = 3;
        assertEquals(1.5, custom.scorer(MINI).score(e, logits, logits).get("logit_difference"));
        Files.writeString(file, line.formatted(", \"distractor\": \"and\""));
        assertMessage(file + ":1: \"distractor\" \"and\" must have as many tokens", () -> custom.read(file, MINI));
        Files.writeString(file, line.formatted(", \"distractor\": \"and Paul\"") + line.formatted(""));
        assertMessage(file + ":2: has no \"distractor\", while other lines have one", () -> custom.read(file, MINI));
    }

    @Test
    void severalTokensInTheMiddle() throws Exception {
        Example e = read("When Mary <predict>and John</predict> were late", "When Lisa and Paul were late")
                .test()
                .get(0);
        assertEquals("When Mary and", MINI.decode(e.clean()));
        assertEquals("When Lisa and", MINI.decode(e.corrupted()));
        assertEquals(1, e.scoreStart());
        assertEquals(3, e.scoreEnd());
        assertEquals(" and John", MINI.decode(((Answer.Tokens) e.answer()).targets()));
    }

    @Test
    void splits() throws Exception {
        String line = "{\"clean\": \"When <predict>Mary</predict>\", \"corrupted\": \"On Mary\"%s}\n";
        Path file = Files.writeString(dir.resolve("a.jsonl"), line.formatted("").repeat(3));
        Dataset whole = custom.read(file, MINI);
        assertEquals(3, whole.train().size());
        assertEquals(3, whole.validation().size());
        assertEquals(3, whole.test().size());

        String train = line.formatted(", \"split\": \"train\"");
        String validation = line.formatted(", \"split\": \"validation\"");
        Files.writeString(file, train.repeat(2) + validation);
        Dataset two = custom.read(file, MINI);
        assertEquals(2, two.train().size());
        assertEquals(1, two.validation().size());
        assertEquals(1, two.test().size());

        Files.writeString(file, train + line.formatted(", \"split\": \"dev\""));
        assertMessage("a.jsonl:2: \"split\" is \"dev\"", () -> custom.read(file, MINI));
        Files.writeString(file, train + line.formatted(""));
        assertMessage("a.jsonl:2: needs \"split\"", () -> custom.read(file, MINI));
        Files.writeString(file, train);
        assertMessage("no line has \"split\": \"validation\"", () -> custom.read(file, MINI));
    }

    @Test
    void badLinesAreNamed() {
        String ok = "When Lisa";
        assertLine("needs one <predict> followed by one </predict>", "When Mary", ok);
        assertLine("needs one <predict> followed by one </predict>", "When <predict>Mary", ok);
        assertLine("needs one <predict> followed by one </predict>", "When </predict>Mary<predict>", ok);
        assertLine("needs one <predict>", "When <predict>Mary</predict> <predict>and</predict>", ok);
        assertLine("nothing between", "When Mary<predict> </predict>", ok);
        assertLine("begins with <predict>", "<predict>When</predict> Mary", ok);
        assertLine("has 2 tokens and \"corrupted\" 3", "When <predict>Mary</predict>", "When Lisa and");
        assertLine("\"corrupted\" needs one <predict>", "When <predict>Mary</predict>", "When <predict>Lisa");
        assertLine("cannot tokenise", "When <predict>Zebedee</predict>", ok);
    }

    /** However a file is divided, the first bad line of the file is named, with the number of all. */
    @Test
    void linesThatCannotBeUsedAreCounted() throws Exception {
        String good = "{\"clean\": \"When <predict>Mary</predict>\", \"corrupted\": \"On Mary\"}\n";
        String bad = good.replace("On Mary", "On Mary and");
        Path file =
                Files.writeString(dir.resolve("custom.jsonl"), good.repeat(2) + bad + good.repeat(5) + bad.repeat(9));
        String first = file + ":3: \"clean\" has 2 tokens and \"corrupted\" 3";
        String count = "(the first of 10 unusable lines of 17)";
        assertMessage(first, () -> custom.tokenise(Records.divided(file), MINI));
        assertMessage(count, () -> custom.tokenise(Records.divided(file), MINI));
        assertMessage(count, () -> custom.read(file, MINI)); // where each line is in all splits, it counts once
        Files.writeString(file, good + bad);
        String one = assertThrows(InputException.class, () -> custom.read(file, MINI))
                .getMessage();
        assertTrue(one.startsWith(file + ":2: ") && !one.contains("unusable"), one);
    }

    /** A corrupted text may be as long as the clean one with its answer, and still not be aligned with it. */
    @Test
    void misalignedPairsAreRefusedWithTheDifference() {
        assertLine(
                "seems to have none and to be 1 too long (from token 2 on ' Mary| and| John| were| late' against"
                        + " ' Lisa| Paul| and| John| were')",
                "When Mary and John were <predict>late</predict>",
                "When Lisa Paul and John were");
        assertLine(
                "the answer of \"clean\" is tokens 2 to 2 and that of \"corrupted\" tokens 3 to 3",
                "When <predict>Mary</predict> and",
                "When Lisa <predict>Paul</predict>");
        assertLine(
                "3 tokens and \"corrupted\" 5 in this model's tokenizer (from token 2 on ' Mary| and' against ' Lisa| and| Paul|",
                "When Mary <predict>and</predict>",
                "When Lisa and Paul and");
    }

    @Test
    void tagsBelongBetweenTokens() throws Exception {
        Files.writeString(dir.resolve("vocab.json"), "{\"a\": 0, \"b\": 1, \"Ġ\": 2, \"ab\": 3, \"Ġab\": 4}");
        Files.writeString(dir.resolve("merges.txt"), "a b\nĠ ab\n");
        Path file = dir.resolve("custom.jsonl");
        try (PromptTokenizer bpe = PromptTokenizer.open(dir)) {
            Files.writeString(file, "{\"clean\": \"b <predict>ab</predict>\", \"corrupted\": \"a ab\"}\n");
            assertArrayEquals(
                    new int[] {1}, custom.read(file, bpe).train().get(0).clean());
            Files.writeString(file, "{\"clean\": \"b a<predict>b</predict>\", \"corrupted\": \"a ab\"}\n");
            assertMessage("custom.jsonl:1: <predict> in \"clean\" is inside a token", () -> custom.read(file, bpe));
            Files.writeString(file, "{\"clean\": \"b <predict>a</predict>b\", \"corrupted\": \"a ab\"}\n");
            assertMessage("custom.jsonl:1: </predict> in \"clean\" is inside a token", () -> custom.read(file, bpe));
        }
    }

    @Test
    void thereIsNoGenerator() {
        assertSame(CustomTask.class, Tasks.named("custom").getClass());
        assertMessage("custom cannot generate data", () -> custom.generate(DataRequest.seeded(1)));
        assertMessage(
                "task \"ioy\" is unknown; choose one of ioi, ioi-t1, gt, gp, boolean, custom",
                () -> Tasks.named("ioy"));
    }

    private void assertLine(String message, String clean, String corrupted) {
        assertMessage("custom.jsonl:2: ", () -> read(clean, corrupted));
        assertMessage(message, () -> read(clean, corrupted));
    }

    private Dataset read(String clean, String corrupted) throws Exception {
        String json = "\n{\"clean\": \"%s\", \"corrupted\": \"%s\"}\n".formatted(clean, corrupted);
        return custom.read(Files.writeString(dir.resolve("custom.jsonl"), json), MINI);
    }
}
