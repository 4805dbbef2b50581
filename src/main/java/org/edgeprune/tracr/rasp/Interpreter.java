package org.edgeprune.tracr.rasp;

import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.function.IntFunction;

/**
 * Evaluates programs directly: the ground truth for compiled models. Every shared part is evaluated once.
 *
 * @param causal whether a selector selects no key after its query
 */
public record Interpreter(boolean causal) {

    /**
     * The value of {@code program} at each position of {@code input}.
     *
     * @throws IllegalArgumentException where a function of the program meets a value that it cannot take
     */
    public List<Value> evaluate(SOp program, List<Value> input) {
        return on(input).value(program);
    }

    /** Which keys each query position selects: {@code [query][key]}. */
    public boolean[][] evaluate(Selector selector, List<Value> input) {
        return on(input).pattern(selector);
    }

    /** Evaluates any number of expressions on one input. */
    public Evaluation on(List<Value> input) {
        return new Evaluation(input);
    }

    /** Expressions on one input. What was computed for one of them is kept for the others. */
    public final class Evaluation {
        private final List<Value> input;
        private final IdentityHashMap<SOp, List<Value>> known = new IdentityHashMap<>();

        private Evaluation(List<Value> input) {
            this.input = List.copyOf(input);
        }

        /** All expressions evaluated so far: those asked for and what they are computed from. */
        public Set<SOp> evaluated() {
            return Collections.unmodifiableSet(known.keySet());
        }

        /** The value of an expression at each position. */
        public List<Value> value(SOp sop) {
            List<Value> value = known.get(sop);
            if (value == null) {
                try {
                    List<Value> computed = compute(sop);
                    value = sop.isNumerical()
                            ? computed.stream().map(Evaluation::asNumber).toList()
                            : computed;
                } catch (IllegalArgumentException e) {
                    throw e.getMessage().startsWith("s-op ")
                            ? e
                            : new IllegalArgumentException("s-op " + sop.name() + ": " + e.getMessage(), e);
                }
                known.put(sop, value);
            }
            return value;
        }

        private static Value asNumber(Value value) {
            return value.isDefined() ? Value.of(value.number()) : value;
        }

        private List<Value> compute(SOp sop) {
            return switch (sop) {
                case SOp.Tokens s -> input;
                case SOp.Indices s -> positions(Value::of);
                case SOp.Full s -> Collections.nCopies(input.size(), s.fill());
                case SOp.Map s -> {
                    List<Value> inner = value(s.inner());
                    yield positions(i -> inner.get(i).isDefined() ? s.f().apply(inner.get(i)) : Value.NONE);
                }
                case SOp.SequenceMap s -> combined(s.f(), s.first(), s.second());
                case SOp.LinearSequenceMap s ->
                    combined(new Fn.Linear(s.firstFactor(), s.secondFactor()), s.first(), s.second());
                case SOp.SelectorWidth s -> {
                    boolean[][] pattern = pattern(s.selector());
                    yield positions(i -> Value.of(count(pattern[i])));
                }
                case SOp.Aggregate s -> {
                    boolean[][] pattern = pattern(s.selector());
                    List<Value> values = value(s.values());
                    yield positions(i -> mean(pattern[i], values, s.fallback()));
                }
            };
        }

        private List<Value> combined(Fn.Binary f, SOp first, SOp second) {
            List<Value> xs = value(first);
            List<Value> ys = value(second);
            return positions(
                    i -> xs.get(i).isDefined() && ys.get(i).isDefined() ? f.apply(xs.get(i), ys.get(i)) : Value.NONE);
        }

        /** Which keys each query position selects: {@code [query][key]}. */
        public boolean[][] pattern(Selector selector) {
            List<Value> keys = value(selector.keys());
            List<Value> queries = value(selector.queries());
            Predicate predicate = SharedPredicate.of(selector.predicate());
            boolean[][] pattern = new boolean[input.size()][input.size()];
            for (int q = 0; q < pattern.length; q++) {
                int end = causal ? q + 1 : pattern.length;
                for (int k = 0; k < end; k++) {
                    pattern[q][k] = keys.get(k).isDefined()
                            && queries.get(q).isDefined()
                            && predicate.test(keys.get(k), queries.get(q));
                }
            }
            return pattern;
        }

        private List<Value> positions(IntFunction<Value> element) {
            List<Value> values = new ArrayList<>(input.size());
            for (int i = 0; i < input.size(); i++) {
                values.add(element.apply(i));
            }
            return values;
        }
    }

    private static int count(boolean[] row) {
        int count = 0;
        for (boolean selected : row) {
            count += selected ? 1 : 0;
        }
        return count;
    }

    /**
     * The mean of the selected values. Equal values have themselves as their mean, whatever they are, which is what a
     * head makes of equal one-hot vectors.
     */
    private static Value mean(boolean[] row, List<Value> values, Value fallback) {
        List<Value> selected = new ArrayList<>();
        for (int i = 0; i < row.length; i++) {
            if (row[i]) {
                selected.add(values.get(i));
            }
        }
        if (selected.isEmpty()) {
            return fallback;
        }
        if (selected.stream().allMatch(selected.getFirst()::equals)) {
            return selected.getFirst();
        }
        if (!selected.stream().allMatch(Value::isNumeric)) {
            throw new IllegalArgumentException("there is no mean of " + selected + ": only numbers are averaged");
        }
        return Value.of(selected.stream().mapToDouble(Value::number).average().orElseThrow());
    }
}
