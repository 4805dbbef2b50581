package org.edgeprune.tracr.compile;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.edgeprune.tracr.rasp.Interpreter;
import org.edgeprune.tracr.rasp.SOp;
import org.edgeprune.tracr.rasp.Value;

/** Finds the expressions of a program that cannot be compiled. */
public final class Validator {
    private Validator() {}

    /**
     * An expression that cannot be compiled.
     *
     * @param expression its label in the program
     * @param reason why it cannot be compiled
     */
    public record Unsupported(String expression, String reason) {
        @Override
        public String toString() {
            return expression + ": " + reason;
        }
    }

    /**
     * Checks what can be seen from the program alone. {@link Compiler} refuses such programs.
     *
     * @param program the output s-op
     * @return the expressions that cannot be compiled; empty if there are none
     */
    public static List<Unsupported> check(SOp program) {
        return check(new ProgramGraph(program));
    }

    static List<Unsupported> check(ProgramGraph graph) {
        List<Unsupported> found = new ArrayList<>();
        for (ProgramGraph.Node node : graph.nodes()) {
            String reason = reason(node.sop());
            if (reason != null) {
                found.add(new Unsupported(node.label(), reason));
            }
        }
        return found;
    }

    /**
     * Checks what depends on inputs: a categorical mean of different values, a numerical mean of other numbers than 0
     * and 1, an undefined number, and whatever the interpreter cannot evaluate. The compiled model's output would be
     * wrong there, without an error.
     *
     * @param program the output s-op
     * @param causal whether the model is causal
     * @param inputs the inputs to check, without BOS
     * @return the expressions that cannot be compiled, each once; empty if there are none
     */
    public static List<Unsupported> check(SOp program, boolean causal, List<List<Value>> inputs) {
        Interpreter interpreter = new Interpreter(causal);
        Set<Unsupported> found = new LinkedHashSet<>();
        for (List<Value> input : inputs) {
            Interpreter.Evaluation evaluation = interpreter.on(input);
            try {
                evaluation.value(program);
            } catch (IllegalArgumentException e) {
                found.add(new Unsupported("on the input " + input, e.getMessage()));
                continue;
            }
            for (SOp sop : evaluation.evaluated()) {
                String reason = reason(sop, evaluation);
                if (reason != null) {
                    found.add(new Unsupported(sop.name(), reason));
                }
            }
        }
        return List.copyOf(found);
    }

    private static String reason(SOp sop, Interpreter.Evaluation evaluation) {
        if (sop.isNumerical() && evaluation.value(sop).stream().anyMatch(v -> !v.isDefined())) {
            return "a number cannot be undefined: the compiled model has 0 there";
        }
        if (!(sop instanceof SOp.Aggregate aggregate)) {
            return null;
        }
        List<Value> values = evaluation.value(aggregate.values());
        if (aggregate.isNumerical()) {
            return values.stream().allMatch(Validator::isBinary)
                    ? null
                    : "a numerical aggregate supports only the inputs 0 and 1";
        }
        for (boolean[] selected : evaluation.pattern(aggregate.selector())) {
            if (IntStream.range(0, selected.length)
                            .filter(k -> selected[k])
                            .mapToObj(values::get)
                            .distinct()
                            .count()
                    > 1) {
                return "a categorical aggregate cannot average different values";
            }
        }
        return null;
    }

    static boolean isBinary(Value value) {
        return value.isNumeric() && (value.matches(Value.of(0)) || value.matches(Value.of(1)));
    }

    private static String reason(SOp sop) {
        return switch (sop) {
            case SOp.Tokens s when s.isNumerical() -> "tokens are always categorical: make a numerical map of them";
            case SOp.Indices s when s.isNumerical() -> "indices are always categorical: make a numerical map of them";
            case SOp.SequenceMap s
            when s.isNumerical() || s.first().isNumerical() || s.second().isNumerical() ->
                "a sequence map supports only categorical inputs and outputs: use a linear sequence map";
            case SOp.LinearSequenceMap s
            when s.isCategorical() || s.first().isCategorical() || s.second().isCategorical() ->
                "a linear sequence map supports only numerical inputs and outputs";
            case SOp.SelectorWidth s -> reason(s.selector().keys(), s.selector().queries());
            case SOp.Aggregate s -> reason(s);
            default -> null;
        };
    }

    private static String reason(SOp keys, SOp queries) {
        if (keys.isNumerical()) {
            return "selector keys must be categorical";
        }
        return queries.isNumerical() ? "selector queries must be categorical" : null;
    }

    private static String reason(SOp.Aggregate aggregate) {
        if (aggregate.encoding() != aggregate.values().encoding()) {
            return "an aggregate's output encoding (" + aggregate.encoding() + ") must be that of its input ("
                    + aggregate.values().encoding() + ")";
        }
        if (aggregate.isCategorical() && aggregate.fallback().isDefined()) {
            return "a categorical aggregate supports no default, but has " + aggregate.fallback();
        }
        if (aggregate.isNumerical() && !aggregate.fallback().equals(Value.of(0))) {
            return "a numerical aggregate supports only the default 0, but has " + aggregate.fallback();
        }
        return reason(aggregate.selector().keys(), aggregate.selector().queries());
    }
}
