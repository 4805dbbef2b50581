package org.edgeprune.tracr.rasp;

import static org.edgeprune.tracr.rasp.Comparison.EQ;
import static org.edgeprune.tracr.rasp.Comparison.GT;
import static org.edgeprune.tracr.rasp.Comparison.LEQ;
import static org.edgeprune.tracr.rasp.Comparison.LT;
import static org.edgeprune.tracr.rasp.Comparison.TRUE;
import static org.edgeprune.tracr.rasp.Rasp.aggregate;
import static org.edgeprune.tracr.rasp.Rasp.constant;
import static org.edgeprune.tracr.rasp.Rasp.indices;
import static org.edgeprune.tracr.rasp.Rasp.select;
import static org.edgeprune.tracr.rasp.Rasp.selectorWidth;
import static org.edgeprune.tracr.rasp.Rasp.tokens;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class InterpreterTest {
    private static final Interpreter INTERPRETER = new Interpreter(false);

    /** Evaluates on the characters of {@code input} as tokens; each digit is a number. */
    private static String run(SOp program, String input) {
        return run(INTERPRETER, program, input);
    }

    private static String run(Interpreter interpreter, SOp program, String input) {
        List<Value> values = interpreter.evaluate(
                program, Arrays.stream(input.split("")).map(Value::parse).toList());
        return String.join(" ", values.stream().map(Value::toString).toList());
    }

    @Test
    void theProgramsOfThePublishedLibraryGiveItsExamples() {
        assertEquals("o l l e h", run(Library.reverse(tokens()), "hello"));
        assertEquals("7 7 7 7 7 7 7", run(Library.length(), "abcdefg"));
        assertEquals("2 1 2 1", run(Library.hist(tokens()), "abac"));
        assertEquals("1 2 3 4", run(Library.sortUnique(tokens(), tokens()), "2431"));
        assertEquals("1 2 2 4", run(Library.sort(tokens(), tokens(), 5, 1), "2412"));
        assertEquals("d c b a", run(Library.sortUnique(tokens(), constant(1).minus(indices())), "abcd"));
        assertEquals("2 2 4 1", run(Library.sortByFrequency(5), "2421"));
        assertEquals("0 0 0.3333333333333333 0.5 0.4", run(Library.fractionOfPrevious(tokens().is(EQ, "l")), "hello"));
        assertEquals(
                "0 0.5 0 0 0.2 0.16666666666666666 0 -0.125", run(Library.pairBalance(tokens(), "(", ")"), "a()b(c))"));
        assertEquals("none a b c", run(Library.shift(tokens(), 1), "abcd"));
        assertEquals("none none true false false true", run(Library.detectPattern(tokens(), texts("abc")), "abcabc"));
        assertEquals("3 3 3 3 3 3", run(Library.countLessFrequent(2), "aaabbc"));
        assertEquals("3 3 3 3 3 3", run(Library.count(tokens(), Value.of("a")), "aaabbc"));
        assertEquals("0 0 0", run(Library.count(tokens(), Value.of("a")), "bbc"));
        assertEquals(
                "2 3 4",
                run(
                        Library.combine(
                                x -> Value.of(x.get(0).number()
                                        + x.get(1).number()
                                        - x.get(2).number()),
                                tokens(),
                                tokens(),
                                indices()),
                        "123"));
    }

    @Test
    void shuffleDyckChecksEachKindOfBracketsByItself() {
        SOp two = Library.shuffleDyck(List.of("()", "{}"));
        assertEquals("true true true true", run(two, "({)}"));
        assertEquals("false false false false false", run(two, "(){)}"));
        assertEquals("false false false", run(two, "{}("));
        assertEquals("true true true true true true", run(Library.shuffleDyck(List.of("()", "{}", "[]")), "({)[}]"));
    }

    @Test
    void theProgramsWithComposedSelectorsDoWhatTheySay() {
        assertEquals("false false true false true", run(Library.hasPrevious(tokens()), "abaca"));
        assertEquals("a b c none none", run(Library.removeDuplicates(tokens()), "abbca"));
        // a and b occur twice, c once: two tokens share a's count, one has c's
        assertEquals("2 2 2 2 1", run(Library.doubleHist(tokens()), "ababc"));
        assertEquals("2 1 2 1", run(Library.histWithoutBos(tokens()), "abac"));
    }

    @Test
    void aCausalReadingSelectsNothingAfterTheQuery() {
        Interpreter causal = new Interpreter(true);
        assertEquals("1 2 3 4", run(causal, selectorWidth(select(tokens(), tokens(), TRUE)), "abcd"));
        assertEquals(
                "none none b a",
                run(causal, aggregate(select(indices(), constant(3).minus(indices()), EQ), tokens()), "abcd"));
        assertEquals(
                "0 0.5 0.3333333333333333",
                run(
                        causal,
                        aggregate(
                                select(indices(), indices(), TRUE),
                                tokens().is(EQ, "b").numerical(),
                                0),
                        "aba"));
    }

    @Test
    void whatIsUndefinedStaysUndefinedAndSelectsNothing() {
        SOp shifted = Library.shift(tokens(), 1);
        assertEquals("none 2 3", run(shifted.plus(1), "124"));
        assertEquals("none 3 6", run(shifted.plus(tokens()), "124"));
        assertEquals("0 1 1", run(selectorWidth(select(tokens(), shifted, EQ)), "124"));
        assertEquals("0 2 2", run(selectorWidth(select(tokens(), shifted, EQ).not()), "124"));
        assertEquals("none 1", run(constant(1).dividedBy(indices()), "ab"));
    }

    @Test
    void numbersThatDifferByRoundingAreEqual() {
        SOp third = constant(1).dividedBy(indices().plus(3));
        assertEquals("true", run(third.plus(third).plus(third).is(EQ, 1), "a"));
        assertEquals("false", run(third.plus(third).plus(third).is(LT, 1), "a"));
        assertEquals("true", run(constant(0.1).plus(0.2).plus(indices()).is(LEQ, 0.3), "a"));
    }

    @Test
    void composedSelectorsSelectWhatTheirPartsDoWhicheverSidesTheyShare() {
        SOp shifted = indices().plus(1);
        List<Selector> selectors = List.of(
                select(tokens(), tokens(), EQ),
                select(tokens(), tokens(), GT),
                select(indices(), indices(), LT),
                select(indices(), tokens(), LEQ),
                select(tokens(), shifted, EQ),
                select(tokens(), constant(2), EQ),
                select(constant(1), tokens(), LT),
                select(constant(1), constant(2), LT));
        List<Value> input = Arrays.stream("2013320".split("")).map(Value::parse).toList();
        for (Selector left : selectors) {
            for (Selector right : selectors) {
                for (Selector third : List.of(selectors.get(2), selectors.get(5))) {
                    boolean[][] a = INTERPRETER.evaluate(left, input);
                    boolean[][] b = INTERPRETER.evaluate(right, input);
                    boolean[][] c = INTERPRETER.evaluate(third, input);
                    boolean[][] and = INTERPRETER.evaluate(left.and(right).and(third), input);
                    boolean[][] or = INTERPRETER.evaluate(left.or(right).not().or(third), input);
                    for (int q = 0; q < a.length; q++) {
                        for (int k = 0; k < a.length; k++) {
                            assertEquals(a[q][k] && b[q][k] && c[q][k], and[q][k]);
                            assertEquals(!(a[q][k] || b[q][k]) || c[q][k], or[q][k]);
                        }
                    }
                }
            }
        }
    }

    @Test
    void mapsOfMapsAndMapsWithConstantsAreOneMap() {
        assertTrue(tokens().plus(1).times(2).minus(3) instanceof SOp.Map m && m.inner() instanceof SOp.Tokens);
        assertTrue(constant(3).minus(tokens()) instanceof SOp.Map);
        assertEquals(tokens().plus(1), tokens().plus(1), "equal expressions are equal values");
        Selector sameSides = select(tokens(), indices(), EQ)
                .and(select(tokens(), indices(), LT).not());
        assertTrue(sameSides.keys() instanceof SOp.Tokens && sameSides.queries() instanceof SOp.Indices);
        Selector withConstant = select(tokens(), indices(), EQ).or(select(constant(1), indices(), LT));
        assertTrue(withConstant.keys() instanceof SOp.Tokens);
    }

    @Test
    void aFunctionThatCannotTakeAValueIsNamed() {
        SOp program = tokens().plus(1).named("next").is(GT, 0);
        // the map of a map is one map, under the outer name
        IllegalArgumentException error =
                assertThrows(IllegalArgumentException.class, () -> run(program.named("p"), "a"));
        assertEquals("s-op p: 'a' is not a number", error.getMessage());
        assertThrows(
                IllegalArgumentException.class, () -> run(aggregate(select(tokens(), tokens(), TRUE), tokens()), "ab"));
        assertThrows(IllegalArgumentException.class, () -> tokens().plus(1).named("one"));
    }

    @Test
    void everySharedPartIsEvaluatedOnce() {
        int[] calls = {0};
        SOp sop = tokens().map(x -> {
            calls[0]++;
            return Value.of(1);
        });
        for (int i = 0; i < 20; i++) {
            sop = Rasp.sequenceMap(Fn.Operator.MAX, sop, sop); // 2^20 paths
        }
        run(sop, "abc");
        assertEquals(3, calls[0]);
    }

    @Test
    void valuesAreOrderedByKindThenByThemselves() {
        List<Value> values = new ArrayList<>(List.of(
                Value.of("b"),
                Value.of(true),
                Value.of(10),
                Value.NONE,
                Value.of("B"),
                Value.tuple(Value.of(1), Value.of(2)),
                Value.of(9),
                Value.of(false)));
        values.sort(null);
        assertEquals("[9, 10, false, true, B, b, (1,2), none]", values.toString());
        assertArrayEquals(
                new Object[] {Value.of(-2), Value.of("1a"), Value.of(0.5), Value.of("-")},
                java.util.stream.Stream.of("-2", "1a", "0.5", "-")
                        .map(Value::parse)
                        .toArray());
    }

    private static List<Value> texts(String characters) {
        return Arrays.stream(characters.split("")).map(Value::of).toList();
    }
}
