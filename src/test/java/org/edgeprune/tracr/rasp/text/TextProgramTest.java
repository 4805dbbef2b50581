package org.edgeprune.tracr.rasp.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.edgeprune.io.InputException;
import org.edgeprune.tracr.rasp.Interpreter;
import org.edgeprune.tracr.rasp.LibraryProgram;
import org.edgeprune.tracr.rasp.Rasp;
import org.edgeprune.tracr.rasp.RaspProgram;
import org.edgeprune.tracr.rasp.SOp;
import org.edgeprune.tracr.rasp.Value;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TextProgramTest {
    /** A program as a user's Java class. */
    public static final class PlusOne implements RaspProgram {
        @Override
        public SOp build(List<Value> vocabulary, int maxLength) {
            return Rasp.tokens().plus(1);
        }
    }

    /** A user's class whose own code fails before there is a program. */
    public static final class Unready implements RaspProgram {
        private static final int LARGEST = Integer.parseInt("none");

        @Override
        public SOp build(List<Value> vocabulary, int maxLength) {
            return Rasp.tokens().plus(LARGEST);
        }
    }

    private static String run(String program, String input) {
        SOp sop = TextProgram.parse("test", program).build(List.of(), 5);
        return String.join(
                " ",
                new Interpreter(false)
                                .evaluate(
                                        sop,
                                        Arrays.stream(input.split(""))
                                                .map(Value::parse)
                                                .toList())
                                .stream()
                                .map(Value::toString)
                                .toList());
    }

    @Test
    void theTechReportsExampleReadsAsItIsPrinted() {
        String program = """
                opp_index = length - indices - 1;
                flip = select(indices, opp_index, ==);
                reverse = aggregate(flip, tokens);
                """;
        assertEquals("3 2 1", run(program, "123"));
        assertEquals(
                "reverse",
                TextProgram.parse("test", program).build(List.of(), 5).name());
    }

    @Test
    void operatorsBindAsUsual() {
        assertEquals("7", run("1 + 2 * 3 + tokens - tokens", "5"));
        assertEquals("-6 -4", run("-(tokens - 2) * 2 - 4 + indices * 2", "33"));
        assertEquals("8 2", run("12 / 3 * 2 / (tokens - 2)", "36"));
        assertEquals("true false", run("tokens == 1 or not tokens < 3 and indices > 5", "13"));
        assertEquals("1 0 2", run("tokens % 3", "135"));
        assertEquals("true", run("(tokens\n   + 1\n) == 2   # brackets hide the end of a line", "1"));
    }

    @Test
    void functionsOfValuesAreWrittenBehindAnArrow() {
        assertEquals("1 4 9", run("map(x -> x * x, tokens)", "123"));
        assertEquals("3 2 2", run("sequence_map((a, b) -> max(a, 2) + if(b == 0, 1, 0), tokens, indices)", "121"));
        assertEquals("none 1 2", run("aggregate(select(indices, indices, (k, q) -> k + 1 == q), tokens)", "123"));
        assertEquals("none 1 0.5", run("map(x -> 1 / x, indices)", "123"), "division by zero is undefined");
        assertEquals("2", run("map((x) -> abs(round(x - 2.6)), tokens)", "1"));
    }

    @Test
    void selectorsAreCombined() {
        assertEquals(
                "false false true",
                run("selector_width(select(tokens, tokens, ==) and select(indices, indices, <)) > 0", "121"));
        // keys below the query, or at position 0, or equal to the query
        assertEquals(
                "2 3 2",
                run(
                        "selector_width(not select(tokens, tokens, >=) or select(indices, 0, ==)"
                                + " or select(tokens, tokens, (k, q) -> k == q))",
                        "121"));
        assertEquals("0 0", run("selector_width(select(tokens, tokens, false))", "12"));
    }

    @Test
    void numbersAreAveragedAndCombinedLinearly() {
        assertEquals("0 -0.5 0", run("""
                is_open = numerical(tokens == "(")
                is_close = numerical(tokens == ')')
                before = select(indices, indices, <=)
                linear(aggregate(before, is_open, 0), aggregate(before, is_close, 0), 1, -1)
                """, "x)("));
    }

    /** Each library program, where the text form has it as a function, on all inputs. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "LENGTH | length",
                "REVERSE | reverse(tokens)",
                "HIST | hist(tokens)",
                "HAS_PREV | has_prev(tokens)",
                "REMOVE_DUPLICATES | remove_duplicates(tokens)",
                "SORT_UNIQUE | sort_unique(tokens, tokens)",
                "SORT | sort(tokens, tokens)",
                "SORT_FREQ | sort(tokens, -1 * hist(tokens))",
                "XPROPORTION | frac_prevs(tokens == \"x\")",
                "PAIR_BALANCE | pair_balance(tokens, \"(\", \")\")",
                "SHUFFLE_DYCK2 | shuffle_dyck(\"()\", \"{}\")",
                "SHIFT | shift(tokens, 1)",
                "DETECT_PATTERN | detect_pattern(tokens, \"a\", \"b\", \"a\")",
                "COUNT | count(tokens, \"a\")"
            })
    void theLibraryIsThereAsFunctions(LibraryProgram expected, String text) {
        SOp ours = TextProgram.parse("test", text).build(expected.vocabulary(), 4);
        SOp theirs = expected.build(expected.vocabulary(), 4);
        Interpreter interpreter = new Interpreter(false);
        for (List<Value> input : org.edgeprune.tracr.circuit.ProgramExample.inputs(expected.vocabulary(), 4, 256, 0)) {
            assertEquals(interpreter.evaluate(theirs, input), interpreter.evaluate(ours, input));
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "tokens +| p:1:9: expected an expression, but found the end of the line",
                "x = tokens ? 1| p:1:12: unexpected character '?'",
                "opp = lenght - 1| p:1:7: 'lenght' is not defined",
                "aggregate(tokens, tokens)| p:1:11: aggregate needs a selector here: use select(keys, queries, comparison)",
                "select(tokens, tokens, ==)| p:1:1: expected an s-op, but this is a selector: use aggregate or"
                        + " selector_width",
                "select(tokens, tokens)| p:1:1: select takes 3 arguments, but got 2",
                "tokens tokens| p:1:8: expected the end of the line, but found 'tokens'",
                "(tokens| p:1:8: expected ')', but found the end of the program",
                "tokens < 1 < 2| p:1:12: comparisons cannot be chained: use 'and'",
                "map(x -> y, tokens)| p:1:10: 'y' is not a parameter of this function",
                "map(x -> hist(x), tokens)| p:1:10: there is no function 'hist' of values",
                "map((x, y) -> x, tokens)| p:1:5: this function takes 2 parameters, but needs 1",
                "one = tokens + 1| p:1:1: 'one' cannot be redefined: choose another name",
                "and = tokens| p:1:1: 'and' is a reserved word: choose another name",
                "foo(tokens)| p:1:1: there is no function 'foo'",
                "shift(tokens, tokens)| p:1:15: shift needs a constant here",
                "shuffle_dyck(\"(\")| p:1:1: '(' is not a pair of brackets",
                "x -> x| p:1:3: expected the end of the line, but found '->'"
            })
    void errorsNameTheirPlace(String program, String message) {
        InputException error = assertThrows(
                InputException.class, () -> TextProgram.parse("p", program).build(List.of(), 5));
        assertEquals(message, error.getMessage());
    }

    @Test
    void errorsNameTheirLine() {
        InputException error =
                assertThrows(InputException.class, () -> TextProgram.parse("p", "# two\na = tokens\n\na = indices\n")
                        .build(List.of(), 5));
        assertEquals("p:4:1: 'a' is already defined in line 2", error.getMessage());
        error = assertThrows(InputException.class, () -> TextProgram.parse("p", "# nothing\n\n"));
        assertEquals("p:3:1: the program is empty: write at least one expression", error.getMessage());
    }

    @Test
    void programsAreFoundByLibraryNameFileOrClass(@TempDir Path directory) throws IOException {
        assertEquals(LibraryProgram.SORT_UNIQUE, find("sort_unique"));
        Path file = Files.writeString(directory.resolve("twice.rasp"), "twice = tokens * 2\n");
        assertEquals("twice", find(file.toString()).build(List.of(), 5).name());
        assertInstanceOf(PlusOne.class, find(PlusOne.class.getName()));
        String unknown =
                assertThrows(InputException.class, () -> find("no.such")).getMessage();
        assertTrue(unknown.contains("no.such") && unknown.contains("shuffle_dyck2"), unknown);
        assertThrows(InputException.class, () -> find("java.lang.String"));
        String unready = assertThrows(InputException.class, () -> find(Unready.class.getName()))
                .getMessage();
        assertTrue(unready.contains("Unready cannot be loaded: java.lang.NumberFormatException"), unready);
    }

    private static RaspProgram find(String name) {
        return Programs.find(name, TextProgramTest.class.getClassLoader());
    }
}
