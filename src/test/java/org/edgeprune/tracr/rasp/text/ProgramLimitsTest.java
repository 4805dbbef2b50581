package org.edgeprune.tracr.rasp.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.edgeprune.io.InputException;
import org.edgeprune.tracr.CompiledModel;
import org.edgeprune.tracr.compile.Compiler;
import org.edgeprune.tracr.rasp.Interpreter;
import org.edgeprune.tracr.rasp.SOp;
import org.edgeprune.tracr.rasp.Value;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Programs that are too deep, too large or share too much: each ends soon, most with one line. */
@Execution(ExecutionMode.CONCURRENT)
class ProgramLimitsTest {
    private static final List<Value> ABC =
            List.of("a", "b", "c").stream().map(Value::of).toList();

    private static SOp build(String program) {
        return TextProgram.parse("p.rasp", program).build(ABC, 4);
    }

    private static CompiledModel compile(String program) {
        return new Compiler().compile(build(program), ABC, 4);
    }

    private static String refused(String program) {
        return assertTimeoutPreemptively(
                Duration.ofSeconds(60),
                () -> assertThrows(InputException.class, () -> compile(program)).getMessage());
    }

    private static String lines(int from, int to, IntFunction<String> line) {
        return IntStream.range(from, to).mapToObj(line).collect(Collectors.joining("\n", "", "\n"));
    }

    @ParameterizedTest
    @ValueSource(ints = {257, 2_000, 100_000})
    void whatLiesTooDeepIsRefusedWithItsPlace(int n) {
        List<String> programs = List.of(
                "return " + "(".repeat(n) + "tokens" + ")".repeat(n),
                "return " + String.join("+", Collections.nCopies(n, "indices")),
                "return " + "-".repeat(n) + "indices",
                "return " + "not ".repeat(n) + "(tokens == \"a\")",
                "return " + "abs(".repeat(n) + "indices" + ")".repeat(n),
                "return map(x -> " + "(".repeat(n) + "x" + ")".repeat(n) + ", indices)");
        for (String program : programs) {
            String message = refused(program);
            assertTrue(message.matches("p\\.rasp:1:\\d+: more than 256 expressions inside each other: .*"), message);
        }
    }

    @Test
    void chainsInBracketsOfChainsAreCountedAsOneDepth() {
        String program = "return " + "(".repeat(20) + "indices" + ("+ indices".repeat(20) + ")").repeat(20);
        assertTrue(refused(program).contains("more than 256 expressions inside each other"));
    }

    @Test
    void whatManyLinesNestIsRefusedAtItsLine() {
        String maps = "x0 = tokens\n" + lines(0, 20_000, i -> "x" + (i + 1) + " = map(x -> x, x" + i + ")");
        assertTrue(refused(maps + "return x20000").matches("p\\.rasp:25\\d:\\d+: this is computed in more than .*"));
        String nots = "s0 = select(tokens, tokens, ==)\n" + lines(0, 20_000, i -> "s" + (i + 1) + " = not s" + i);
        assertTrue(refused(nots + "return selector_width(s20000)").contains("this is computed in more than 256 steps"));
        String pattern = refused("return detect_pattern(tokens" + ", \"a\"".repeat(200) + ")");
        assertTrue(pattern.contains("would make the compiled model larger than"), pattern);
        assertTrue(refused("return detect_pattern(tokens" + ", \"a\"".repeat(500) + ")")
                .contains("arguments"));
    }

    @Test
    void selectorsThatShareTheirPartsAreNotWrittenOut() {
        String doubled =
                "s0 = select(tokens, tokens, ==)\n" + lines(0, 60, i -> "s" + (i + 1) + " = s" + i + " and s" + i);
        String mixed = "s0 = select(tokens, tokens, ==)\nt0 = select(tokens, tokens, !=)\n"
                + lines(0, 60, i -> "s%2$d = s%1$d or t%1$d\nt%2$d = not (s%1$d and not t%1$d)".formatted(i, i + 1));
        String twice = "s0 = select(tokens, tokens, ==)\n"
                + lines(0, 60, i -> "s" + (i + 1) + " = s" + i + " and s" + i)
                + "t0 = select(tokens, tokens, ==)\n"
                + lines(0, 60, i -> "t" + (i + 1) + " = t" + i + " and t" + i)
                + "return selector_width(s60) + selector_width(t60)";
        assertTimeoutPreemptively(Duration.ofSeconds(60), () -> {
            assertEquals("[2, 1, 2]", run(doubled + "return selector_width(s60)"));
            run(mixed + "return selector_width(s60)");
            assertEquals("[4, 2, 4]", run(twice));
        });
    }

    /** Selectors that read other keys and queries have tuples of these, which double with every line. */
    @Test
    void tuplesOfTuplesEndSoonAlsoWhereThereIsOneValueOnly() {
        String program = "s0 = select(tokens, indices, ==)\nt0 = select(indices, tokens, ==)\n"
                + lines(0, 60, i -> "s%2$d = s%1$d and t%1$d\nt%2$d = t%1$d or s%1$d".formatted(i, i + 1));
        List<Value> one = List.of(Value.of(0));
        assertTimeoutPreemptively(Duration.ofSeconds(60), () -> {
            SOp wide = TextProgram.parse("p.rasp", program + "return selector_width(s60)")
                    .build(one, 1);
            String limit = "s-op pair(_\\d+)?: a tuple of more than 1024 values: combine fewer selectors that read"
                    + " different keys or queries";
            String compiled = assertThrows(InputException.class, () -> new Compiler().compile(wide, one, 1))
                    .getMessage();
            assertTrue(compiled.matches(limit), compiled);
            String interpreted = assertThrows(IllegalArgumentException.class, () -> new Interpreter(false)
                            .evaluate(wide, List.of(Value.of(0), Value.of(1))))
                    .getMessage();
            assertTrue(interpreted.matches(limit), interpreted);
            SOp narrow = TextProgram.parse("p.rasp", program + "return selector_width(s9)")
                    .build(one, 1);
            assertEquals("[1]", new Interpreter(false).evaluate(narrow, one).toString());
            assertEquals("[1]", new Compiler().compile(narrow, one, 1).run(one).toString());
        });
    }

    @Test
    void equalExpressionsThatWereBuiltTwiceAreComparedInLinearTime() {
        String program = "a0 = tokens\nb0 = tokens\n"
                + lines(0, 100, i -> "a%2$d = sequence_map((x, y) -> max(x, y), a%1$d, a%1$d)".formatted(i, i + 1))
                + lines(0, 100, i -> "b%2$d = sequence_map((x, y) -> max(x, y), b%1$d, b%1$d)".formatted(i, i + 1))
                + "return selector_width(select(a100, a100, ==) and select(b100, b100, ==))";
        List<Value> numbers = List.of(Value.of(1), Value.of(2));
        assertTimeoutPreemptively(Duration.ofSeconds(60), () -> {
            SOp sop = TextProgram.parse("p.rasp", program).build(numbers, 4);
            assertEquals("[1, 1]", new Interpreter(false).evaluate(sop, numbers).toString());
        });
    }

    /** The interpreter's values; the program compiles too. */
    private static String run(String program) {
        compile(program);
        List<Value> input = List.of(ABC.get(0), ABC.get(1), ABC.get(0));
        return new Interpreter(false).evaluate(build(program), input).toString();
    }

    @Test
    void sizesArePredicted() {
        String sum = refused("return " + String.join("+", Collections.nCopies(200, "indices")));
        assertTrue(sum.contains("would make the compiled model larger than"), sum);
        String squares = "x0 = indices\n" + lines(0, 30, i -> "x%2$d = x%1$d * x%1$d + indices".formatted(i, i + 1));
        assertTrue(refused(squares + "return x30").length() > 0);
    }

    @ParameterizedTest
    @ValueSource(ints = {50_000, 1_000_000, Integer.MAX_VALUE})
    void lengthsAndVocabulariesThatCannotBeEnumeratedAreRefused(int n) {
        SOp reverse = build("return reverse(tokens)");
        SOp mean = build("return frac_prevs(tokens == \"a\")");
        List<Value> large =
                IntStream.range(0, Math.min(n, 300_000)).mapToObj(Value::of).toList();
        assertTimeoutPreemptively(Duration.ofSeconds(60), () -> {
            for (SOp program : List.of(reverse, mean)) {
                assertThrows(InputException.class, () -> new Compiler().compile(program, ABC, n));
                assertThrows(InputException.class, () -> new Compiler().compile(program, large, 4));
            }
        });
    }
}
