package org.edgeprune.tracr.rasp;

import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.function.IntFunction;

/**
 * Evaluates RASP programs directly, as the ground truth for compiled models. A part that is shared by several
 * expressions is evaluated once.
 *
 * @param causal whether selectors ignore keys after the query's position
 */
public record Interpreter(boolean causal) {

    /**
     * The value of a program at each position of an input.
     *
     * @param program the output s-op
     * @param input the tokens, without BOS
     * @return one value for each position of {@code input}; numbers where the program is numerical
     * @throws IllegalArgumentException if a function of the program is applied to a value that it does not accept
     */
    public List<Value> evaluate(SOp program, List<Value> input) {
        return on(input).value(program);
    }

    /**
     * The attention pattern of a selector.
     *
     * @param selector the selector
     * @param input the tokens, without BOS
     * @return {@code [query][key]}, each as long as {@code input}: whether the query's position selects the key's
     * @throws IllegalArgumentException if a function or the predicate is applied to a value that it does not accept
     */
    public boolean[][] evaluate(Selector selector, List<Value> input) {
        return on(input).pattern(selector);
    }

    /**
     * Evaluates several expressions on one input.
     *
     * @param input the tokens, without BOS
     * @return the evaluation, which keeps the values of everything it computes
     */
    public Evaluation on(List<Value> input) {
        return new Evaluation(input);
    }

    /** Expressions on one input. Values computed for one expression are reused for the others. */
    public final class Evaluation {
        private final List<Value> input;
        private final IdentityHashMap<SOp, List<Value>> known = new IdentityHashMap<>();

        private Evaluation(List<Value> input) {
            this.input = List.copyOf(input);
        }

        /**
         * The expressions evaluated so far.
         *
         * @return a view: the expressions asked for and all expressions that they are computed from
         */
        public Set<SOp> evaluated() {
            return Collections.unmodifiableSet(known.keySet());
        }

        /**
         * The value of an expression at each position.
         *
         * @param sop the expression
         * @return one value for each position of the input; numbers where the expression is numerical
         * @throws IllegalArgumentException if a function is applied to a value that it does not accept; the message
         *     names the s-op
         */
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

        /**
         * The attention pattern of a selector.
         *
         * @param selector the selector
         * @return {@code [query][key]}: whether the query's position selects the key's; undefined keys and queries
         *     select nothing
         * @throws IllegalArgumentException if the predicate is applied to a value that it does not accept
         */
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
     * The mean of the selected values. Equal values of any kind are their own mean, as the average of equal one-hot
     * vectors is that one-hot vector.
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
