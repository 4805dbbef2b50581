package org.edgeprune.tracr.compile;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.edgeprune.tracr.CompiledModel;
import org.edgeprune.tracr.circuit.ProgramExample;
import org.edgeprune.tracr.rasp.Comparison;
import org.edgeprune.tracr.rasp.Fn;
import org.edgeprune.tracr.rasp.Rasp;
import org.edgeprune.tracr.rasp.SOp;
import org.edgeprune.tracr.rasp.Selector;
import org.edgeprune.tracr.rasp.Value;
import org.junit.jupiter.api.Test;

/** Programs that nobody wrote: random expressions, compiled and run beside the interpreter on all their inputs. */
class RandomProgramTest {
    private static final List<Value> VOCABULARY = List.of(Value.of(0), Value.of(1), Value.of(2));
    private static final int LENGTH = 4;

    @Test
    void compiledRandomProgramsGiveWhatTheInterpreterGives() {
        Random random = new Random(7);
        List<List<Value>> inputs = new ArrayList<>();
        for (int length = 1; length <= LENGTH; length++) {
            inputs.addAll(ProgramExample.inputs(VOCABULARY, length, 1000, 0));
        }
        int compared = 0;
        for (int i = 0; i < 150; i++) {
            SOp program = program(random);
            boolean causal = random.nextBoolean();
            List<List<Value>> valid = inputs.stream()
                    .filter(input ->
                            Validator.check(program, causal, List.of(input)).isEmpty())
                    .toList();
            CompiledModel model =
                    new Compiler(CompilerOptions.DEFAULT.withCausal(causal)).compile(program, VOCABULARY, LENGTH);
            double error = CompilerTest.error(program, model, valid);
            assertTrue(
                    error < 1e-3, "program " + i + (causal ? " (causal)" : "") + ": error " + error + ": " + program);
            compared += valid.isEmpty() ? 0 : 1;
        }
        assertTrue(compared > 100, "only " + compared + " programs had an input that they are valid on");
    }

    /** Each new expression draws on those before; the last one is the program. */
    private static SOp program(Random random) {
        List<SOp> categorical = new ArrayList<>(List.of(Rasp.tokens(), Rasp.indices()));
        List<SOp> numerical = new ArrayList<>();
        int size = 3 + random.nextInt(6);
        for (int i = 0; i < size; i++) {
            SOp x = any(categorical, random);
            SOp y = any(categorical, random);
            switch (random.nextInt(numerical.isEmpty() ? 6 : 9)) {
                case 0 -> categorical.add(small(x.combine(operator(random), y)));
                case 1 -> categorical.add(small(x.plus(random.nextInt(3))).map(Fn.Simple.ABS));
                case 2 -> categorical.add(small(Rasp.selectorWidth(selector(categorical, random))));
                case 3 -> categorical.add(Rasp.aggregate(selector(categorical, random), x));
                case 4 -> categorical.add(x.is(comparison(random), y));
                case 5 ->
                    numerical.add(x.is(comparison(random), random.nextInt(3)).numerical());
                case 6 ->
                    numerical.add(Rasp.aggregate(
                            selector(categorical, random),
                            x.is(comparison(random), random.nextInt(3)).numerical(),
                            0));
                case 7 ->
                    numerical.add(Rasp.linearSequenceMap(
                            any(numerical, random), any(numerical, random), 1, random.nextInt(4) - 2));
                default -> categorical.add(any(numerical, random).is(comparison(random), random.nextInt(3) / 2.0));
            }
        }
        return numerical.isEmpty() || random.nextInt(3) > 0 ? categorical.getLast() : numerical.getLast();
    }

    /** Keeps values few, so that models stay small. */
    private static SOp small(SOp sop) {
        return sop.combine(Fn.Operator.MODULO, Rasp.constant(4));
    }

    private static Selector selector(List<SOp> sops, Random random) {
        Selector selector = Rasp.select(any(sops, random), any(sops, random), comparison(random));
        return switch (random.nextInt(5)) {
            case 0 -> selector.not();
            case 1 -> selector.and(Rasp.select(Rasp.indices(), Rasp.indices(), comparison(random)));
            case 2 -> selector.or(Rasp.select(Rasp.tokens(), Rasp.constant(1), comparison(random)));
            default -> selector;
        };
    }

    private static Comparison comparison(Random random) {
        return Comparison.values()[random.nextInt(Comparison.values().length)];
    }

    private static Fn.Binary operator(Random random) {
        return List.of(
                        Fn.Operator.PLUS,
                        Fn.Operator.MINUS,
                        Fn.Operator.MIN,
                        Fn.Operator.MAX,
                        Fn.Operator.AND,
                        Fn.Operator.DIVIDE)
                .get(random.nextInt(6));
    }

    private static SOp any(List<SOp> sops, Random random) {
        return sops.get(random.nextInt(sops.size()));
    }
}
