package org.edgeprune.task;

import static org.edgeprune.task.PromptTokenizerTest.assertMessage;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.edgeprune.fixture.Fixtures;
import org.junit.jupiter.api.Test;

/** Properties of generated Boolean expressions, checked by an evaluator of their text that is independent of ours. */
class BooleanTaskTest {
    private final BooleanTask task = new BooleanTask();

    @Test
    void expressionsKeepTheirBounds() {
        Records records = task.generate(task.defaults(8)).records();
        assertEquals(2500, records.part(Split.TRAIN).size());
        assertEquals(500, records.part(Split.VALIDATION).size());
        assertEquals(2000, records.part(Split.TEST).size());
        Set<String> seen = new HashSet<>();
        Set<Long> lengths = new HashSet<>();
        for (Split split : Split.values()) {
            int trues = 0;
            for (Row row : records.part(split)) {
                String clean = row.text("clean");
                String corrupted = row.text("corrupted");
                assertTrue(seen.add(clean), clean + " twice");
                assertEquals(evaluate(clean), row.truth("value"), clean);
                assertEquals(!row.truth("value"), evaluate(corrupted), corrupted);
                long literals = words(clean, "True") + words(clean, "False");
                lengths.add(literals);
                assertTrue(literals <= 6, clean);
                assertFalse(clean.replace("(", "").contains("not not not"), clean);
                assertEquals(shape(clean), shape(corrupted));
                trues += row.truth("value") ? 1 : 0;
            }
            assertEquals(records.part(split).size() / 2, trues, split.key());
        }
        assertEquals(Set.of(1L, 2L, 3L, 4L, 5L, 6L), lengths);
    }

    @Test
    void depthIsBounded() {
        java.util.Random random = new java.util.Random(1);
        int deepest = 0;
        int nots = 0;
        for (int i = 0; i < 5000; i++) {
            BooleanExpression e = BooleanExpression.random(random, 1 + i % 6, 3, 2);
            assertEquals(1 + i % 6, e.literals());
            assertEquals(evaluate(e.toString()), e.value(), e.toString());
            deepest = Math.max(deepest, e.depth());
            nots = Math.max(nots, e.nots());
        }
        assertEquals(3, deepest);
        assertEquals(2, nots);
    }

    @Test
    void sameSeedSameLines() {
        String a = task.generate(task.defaults(1)).records().part(Split.TEST).toString();
        assertEquals(
                a, task.generate(task.defaults(1)).records().part(Split.TEST).toString());
        assertNotEquals(
                a, task.generate(task.defaults(2)).records().part(Split.TEST).toString());
    }

    @Test
    void modesPutTheQuestion() throws Exception {
        Path stories = Fixtures.thirdPartyModel("stories260k");
        try (PromptTokenizer t = PromptTokenizer.open(stories)) {
            Records records = task.generate(task.defaults(1).sizes(40, 10, 10).tokenizer(t))
                    .records();
            Row row = records.part(Split.TRAIN).get(0);
            // This tokenizer spells True and False with different numbers of tokens: partners make up for it.
            String expression = row.text("clean");
            for (Map.Entry<String, List<String>> e : Map.of(
                            "instruction", List.of("<s> [INST] <<SYS>>\n", " [/INST] '"),
                            "fewshot", List.of("<s> (not True) or (False and True) is False\n", " is"),
                            "zeroshot", List.of("<s> " + expression, expression + " is"))
                    .entrySet()) {
                Dataset data = task.mode(e.getKey()).tokenise(records, t);
                String prompt = t.decode(data.train().get(0).clean());
                assertTrue(prompt.contains(expression), prompt);
                assertTrue(
                        prompt.startsWith(e.getValue().get(0))
                                && prompt.endsWith(e.getValue().get(1)),
                        prompt);
                assertEquals(
                        data.train().get(0).length() - 1, data.train().get(0).scoreStart());
            }
            assertMessage("\"True\" is not one token after the prompt of mode instruction", () -> task.scorer(t));
        }
        assertMessage("no mode \"chat\"; choose one of instruction, fewshot, zeroshot", () -> task.mode("chat"));
        assertMessage("ioi has no modes", () -> new IoiTask().mode("chat"));
    }

    @Test
    void answersAreReadAsWords() {
        String json = MiniTokenizer.json()
                .replace("\"Ġoften\"", "\"ĠTrue\"")
                .replace("\"Ġpiano\"", "\"ĠFalse\"")
                .replace("\"Ġguitar\"", "\"True\"")
                .replace("\"Ġby\"", "\"is\"");
        try (PromptTokenizer t = PromptTokenizer.fromJson(json, "mini")) {
            Example e = new Example(new int[] {0}, new int[] {0}, 0, 1, new Answer.Truth(true));
            float[] spaced = oneHot(t, "ĠTrue");
            float[] bare = oneHot(t, "True");
            float[] wrong = oneHot(t, "ĠFalse");
            Scorer scorer = task.mode("zeroshot").scorer(t);
            assertEquals(
                    1,
                    scorer.score(e, new float[][] {spaced}, new float[][] {bare})
                            .get("accuracy"));
            assertEquals(
                    1,
                    scorer.score(e, new float[][] {spaced}, new float[][] {bare})
                            .get("exact_match"));
            assertEquals(
                    0,
                    scorer.score(e, new float[][] {wrong}, new float[][] {bare}).get("accuracy"));
            assertEquals(
                    0,
                    scorer.score(e, new float[][] {wrong}, new float[][] {bare}).get("exact_match"));
        }
    }

    private static float[] oneHot(PromptTokenizer t, String token) {
        float[] row = new float[t.vocabSize()];
        row[t.id(token).orElseThrow()] = 9;
        return row;
    }

    private static long words(String text, String word) {
        return text.split("\\b" + word + "\\b", -1).length - 1L;
    }

    private static String shape(String text) {
        return text.replaceAll("True|False", "x").replaceAll("\\b(and|or)\\b", "o");
    }

    /** Two stacks over the words; every composite operand is in parentheses, so no precedence is needed. */
    private static boolean evaluate(String text) {
        Deque<Boolean> values = new ArrayDeque<>();
        Deque<String> operators = new ArrayDeque<>();
        for (String word : ("( " + text.replace("(", "( ").replace(")", " )") + " )").split(" ", -1)) {
            switch (word) {
                case "True", "False" -> values.push(word.equals("True"));
                case ")" -> {
                    while (!operators.peek().equals("(")) {
                        boolean last = values.pop();
                        String operator = operators.pop();
                        if (operator.equals("not")) {
                            values.push(!last);
                        } else {
                            boolean first = values.pop();
                            values.push(operator.equals("and") ? first && last : first || last);
                        }
                    }
                    operators.pop();
                }
                default -> operators.push(word);
            }
        }
        assertEquals(1, values.size(), text);
        return values.pop();
    }
}
