package org.edgeprune.tracr.compile;

import static org.edgeprune.tracr.rasp.Comparison.EQ;
import static org.edgeprune.tracr.rasp.Comparison.LEQ;
import static org.edgeprune.tracr.rasp.Comparison.LT;
import static org.edgeprune.tracr.rasp.Comparison.TRUE;
import static org.edgeprune.tracr.rasp.Rasp.aggregate;
import static org.edgeprune.tracr.rasp.Rasp.constant;
import static org.edgeprune.tracr.rasp.Rasp.indices;
import static org.edgeprune.tracr.rasp.Rasp.linearSequenceMap;
import static org.edgeprune.tracr.rasp.Rasp.select;
import static org.edgeprune.tracr.rasp.Rasp.selectorWidth;
import static org.edgeprune.tracr.rasp.Rasp.tokens;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.edgeprune.io.InputException;
import org.edgeprune.tracr.CompiledModel;
import org.edgeprune.tracr.circuit.ProgramExample;
import org.edgeprune.tracr.rasp.Fn;
import org.edgeprune.tracr.rasp.Interpreter;
import org.edgeprune.tracr.rasp.Library;
import org.edgeprune.tracr.rasp.LibraryProgram;
import org.edgeprune.tracr.rasp.SOp;
import org.edgeprune.tracr.rasp.Value;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class CompilerTest {
    private static final List<Value> NUMBERS = List.of(Value.of(1), Value.of(2), Value.of(3));

    /** All inputs of 1 to {@code maxLength} tokens, or up to 2,000 of each length. */
    private static List<List<Value>> inputs(List<Value> vocabulary, int maxLength) {
        List<List<Value>> inputs = new ArrayList<>();
        for (int length = 1; length <= maxLength; length++) {
            inputs.addAll(ProgramExample.inputs(vocabulary, length, 2000, length));
        }
        return inputs;
    }

    /** Runs a compiled program beside the interpreter; the greatest difference of an output from the ideal one. */
    static double error(SOp program, CompiledModel model, List<List<Value>> inputs) {
        Interpreter interpreter = new Interpreter(model.config().causal());
        var forward = model.forward();
        double error = 0;
        for (List<Value> input : inputs) {
            List<Value> expected = interpreter.evaluate(program, input);
            double[][] outputs = forward.run(model.vocabulary().encode(input));
            for (int i = 0; i < input.size(); i++) {
                double[] ideal = model.output().ideal(expected.get(i));
                for (int j = 0; j < ideal.length; j++) {
                    error = Math.max(error, Math.abs(ideal[j] - outputs[i + 1][j]));
                }
            }
        }
        return error;
    }

    @ParameterizedTest
    @EnumSource
    void everyLibraryProgramGivesWhatTheInterpreterGives(LibraryProgram program) {
        List<Value> vocabulary = program.vocabulary();
        SOp sop = program.build(vocabulary, 5);
        for (boolean causal : new boolean[] {false, true}) {
            CompiledModel model = new Compiler(CompilerOptions.DEFAULT.withCausal(causal)).compile(sop, vocabulary, 5);
            List<List<Value>> inputs = inputs(vocabulary, 5);
            assertEquals(List.of(), Validator.check(sop, causal, inputs));
            double error = error(sop, model, inputs);
            assertTrue(error < 1e-4, program.programName() + (causal ? " causal" : "") + ": error " + error);
        }
    }

    @Test
    void longerInputsWhereFractionsLieCloseTogetherAreExactToo() {
        List<Value> brackets = LibraryProgram.SHUFFLE_DYCK.vocabulary();
        for (SOp program : List.of(
                Library.length(),
                Library.length().numerical(),
                Library.shuffleDyck(List.of("()")),
                Library.pairBalance(tokens(), "(", ")"),
                Library.histWithoutBos(tokens()))) {
            CompiledModel model = new Compiler().compile(program, brackets, 12);
            double error = error(program, model, ProgramExample.inputs(brackets, 12, 150, 1));
            error = Math.max(error, error(program, model, ProgramExample.inputs(brackets, 11, 150, 2)));
            assertTrue(error < 1e-3, program.name() + ": error " + error);
        }
    }

    @Test
    void numericalMapsOfEveryKindAreExact() {
        SOp number = tokens().minus(2).numerical().named("number"); // -1, 0, 1
        SOp isTwo = tokens().is(EQ, 2).numerical();
        SOp fraction = aggregate(select(indices(), indices(), LEQ), isTwo, 0);
        for (SOp program : List.of(
                number,
                linearSequenceMap(number, fraction, 2, -3),
                fraction.map(x -> Value.of(x.number() * x.number() - 1)).numerical(),
                fraction.map(x -> Value.of(Math.rint(10 * x.number()))),
                linearSequenceMap(number, number, 1, 1).is(LT, 0),
                // the value at BOS must not leak into a later mean: 1 - x is 1 at x = 0
                aggregate(
                        select(tokens(), constant(7), EQ),
                        constant(1).minus(fraction).is(LT, 0.1).numerical(),
                        0),
                aggregate(
                        select(tokens(), constant(7), EQ), fraction.is(LT, 0.1).numerical(), 0),
                fraction.not(),
                constant(3).plus(0).numerical(),
                tokens(),
                indices(),
                constant("c"))) {
            CompiledModel model = new Compiler().compile(program, NUMBERS, 4);
            double error = error(program, model, inputs(NUMBERS, 4));
            assertTrue(error < 1e-4, program + ": error " + error);
        }
    }

    @Test
    void wideHeadsDoNotLeak() {
        // 60 keys: with the published coldness the scores of selected keys would be only 6.4 above BOS
        List<Value> vocabulary = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            vocabulary.add(Value.of(i));
        }
        SOp program = Library.sortUnique(tokens(), tokens());
        CompiledModel model = new Compiler().compile(program, vocabulary, 5);
        assertEquals(62, model.config().keySize());
        assertTrue(error(program, model, ProgramExample.inputs(vocabulary, 5, 500, 1)) < 1e-4);
    }

    @Test
    void paddingAfterTheInputChangesNothingForProgramsThatLookAtTokensOnly() {
        Value pad = CompilerOptions.DEFAULT.pad();
        for (SOp program : List.of(Library.length(), Library.length().numerical(), Library.reverse(tokens()))) {
            CompiledModel model = new Compiler().compile(program, NUMBERS, 5);
            for (List<Value> input : inputs(NUMBERS, 4)) {
                List<Value> padded = new ArrayList<>(input);
                while (padded.size() < 5) {
                    padded.add(pad);
                }
                assertEquals(model.run(input), model.run(padded).subList(0, input.size()));
            }
        }
    }

    @Test
    void equalExpressionsAreCompiledOnce() {
        SOp program = Library.hist(tokens())
                .plus(1)
                .plus(0)
                .plus(selectorWidth(select(tokens(), tokens(), EQ)).named("again"));
        ProgramGraph graph = new ProgramGraph(program);
        assertEquals(
                List.of("tokens", "hist", "map", "sequence_map"),
                graph.nodes().stream().map(ProgramGraph.Node::label).toList());
        SOp twice = tokens().plus(1)
                .named("x")
                .plus(tokens().plus(1).numerical().named("x").map(Fn.Simple.IDENTITY));
        assertEquals(
                List.of("tokens", "x", "map", "sequence_map"),
                new ProgramGraph(twice)
                        .nodes().stream().map(ProgramGraph.Node::label).toList());
    }

    @Test
    void residualDimensionsAreLabelled() {
        CompiledModel model =
                new Compiler().compile(LibraryProgram.XPROPORTION, List.of(Value.of("a"), Value.of("x")), 2);
        assertEquals(
                List.of(
                        "frac_prevs",
                        "indices:0",
                        "indices:1",
                        "map",
                        "one",
                        "tokens:BOS",
                        "tokens:a",
                        "tokens:compiler_pad",
                        "tokens:x"),
                model.residualLabels());
        List<Value> outputs = model.run(List.of(Value.of("a"), Value.of("x")));
        assertEquals(0, outputs.get(0).number(), 1e-9);
        assertEquals(0.5, outputs.get(1).number(), 1e-9);
    }

    /** The unsupported constructs of the published compiler's tests. */
    @Test
    void whatCannotBeCompiledIsNamed() {
        SOp number = tokens().map(Fn.Simple.IDENTITY).numerical().named("number");
        Map<SOp, String> unsupported = Map.of(
                aggregate(select(tokens(), tokens(), TRUE), number)
                        .categorical()
                        .named("mean"),
                "mean: an aggregate's output encoding (categorical) must be that of its input (numerical)",
                aggregate(select(tokens(), tokens(), TRUE), number, 0).named("mean"),
                "s-op mean: a numerical aggregate supports only the inputs 0 and 1, but may get 2",
                aggregate(select(tokens(), tokens(), TRUE), tokens().is(EQ, 1).numerical())
                        .named("mean"),
                "mean: a numerical aggregate supports only the default 0, but has none",
                aggregate(select(indices(), indices(), EQ), tokens(), 1).named("mean"),
                "mean: a categorical aggregate supports no default, but has 1",
                selectorWidth(select(number, tokens(), LT)).named("width"),
                "width: selector keys must be categorical",
                selectorWidth(select(tokens(), number, LT)).named("width"),
                "width: selector queries must be categorical",
                number.plus(tokens()).named("sum"),
                "sum: a sequence map supports only categorical inputs and outputs: use a linear sequence map",
                linearSequenceMap(indices(), tokens(), 1, 1).named("sum"),
                "sum: a linear sequence map supports only numerical inputs and outputs",
                tokens().numerical(),
                "tokens: tokens are always categorical: make a numerical map of them",
                indices().numerical(),
                "indices: indices are always categorical: make a numerical map of them");
        unsupported.forEach((program, message) -> {
            String actual = assertThrows(InputException.class, () -> new Compiler().compile(program, NUMBERS, 5))
                    .getMessage();
            assertEquals(message, actual.replace("program cannot be compiled: ", ""));
        });
    }

    @Test
    void everyUnsupportedExpressionIsNamedAtOnce() {
        SOp program = selectorWidth(select(tokens().numerical(), indices().numerical(), EQ))
                .named("width");
        String message = assertThrows(InputException.class, () -> new Compiler().compile(program, NUMBERS, 5))
                .getMessage();
        assertTrue(
                message.contains("tokens: ") && message.contains("indices: ") && message.contains("width: "), message);
    }

    @Test
    void whatShowsOnlyOnInputsIsFoundThere() {
        SOp mean = aggregate(select(tokens(), tokens(), TRUE), tokens()).named("mean");
        assertEquals(List.of(), Validator.check(mean));
        assertEquals(
                "[mean: a categorical aggregate cannot average different values]",
                Validator.check(mean, false, List.of(NUMBERS.subList(0, 2))).toString());
        SOp shifted = Library.shift(tokens(), 1).is(EQ, 1).numerical().named("number");
        assertEquals(
                "[number: a number cannot be undefined: the compiled model has 0 there]",
                Validator.check(shifted, false, List.of(NUMBERS)).toString());
        assertEquals(
                "[on the input [a]: s-op map: 'a' is not a number]",
                Validator.check(tokens().plus(1), false, List.of(List.of(Value.of("a"))))
                        .toString());
    }

    @Test
    void vocabulariesThatDoNotFitAreRejected() {
        SOp program = tokens().plus(1).named("next");
        assertMessage("vocabulary is empty: give at least one token", program, List.of(), 5);
        assertMessage("maximum length 0: it must be at least 1", program, NUMBERS, 0);
        assertMessage(
                "vocabulary [1, 1] holds a token twice: give each once", program, List.of(Value.of(1), Value.of(1)), 5);
        assertMessage(
                "vocabulary holds BOS, which the compiler adds itself: rename that token or choose another BOS or"
                        + " padding",
                program,
                List.of(Value.of("BOS")),
                5);
        assertMessage("s-op next: 'a' is not a number", program, List.of(Value.of("a")), 5);
        assertMessage("s-op map: it is undefined on every input", constant(1).dividedBy(tokens().times(0)), NUMBERS, 5);
        CompiledModel model = new Compiler().compile(program, NUMBERS, 2);
        assertThrows(InputException.class, () -> model.run(List.of(Value.of(4))));
        assertThrows(InputException.class, () -> model.run(NUMBERS));
    }

    private static void assertMessage(String message, SOp program, List<Value> vocabulary, int length) {
        assertEquals(
                message,
                assertThrows(InputException.class, () -> new Compiler().compile(program, vocabulary, length))
                        .getMessage());
    }

    @Test
    void layersAreFilledByDepth() {
        // two heads of one depth, then MLPs only, share a layer; the MLP after them needs the next
        SOp same = Library.hist(tokens());
        CompiledModel model = new Compiler().compile(same.plus(Library.length()).is(LT, 4), NUMBERS, 4);
        assertEquals(3, model.config().numLayers());
        assertEquals(2, model.config().numHeads());
        CompiledModel shift = new Compiler().compile(Library.shift(tokens(), 1).is(EQ, 1), NUMBERS, 4);
        assertEquals(1, shift.config().numLayers());
        assertFalse(shift.config().causal());
    }
}
