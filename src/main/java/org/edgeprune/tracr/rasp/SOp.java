package org.edgeprune.tracr.rasp;

import java.util.List;
import java.util.Objects;
import java.util.Set;

/**
 * A sequence operation: maps the input sequence to a sequence of the same length. Expressions are immutable values and
 * share their parts; {@link Rasp} has the factories, the methods here the fluent arithmetic.
 *
 * <p>Two simplifications are made while building, as in the published compiler: a map of a map is one map of the
 * composed function, and a combination with a constant is a map.
 */
public sealed interface SOp {

    /** Names that the compiler uses for its own directions of the residual stream. */
    Set<String> RESERVED_NAMES = Set.of("tokens", "indices", "one");

    /** The name that the program gave to this expression, or the name of its kind. */
    String name();

    Encoding encoding();

    /** The expressions that this one is computed from, in order. */
    List<SOp> inputs();

    /** The input tokens. */
    record Tokens(Encoding encoding) implements SOp {
        @Override
        public String name() {
            return "tokens";
        }

        @Override
        public List<SOp> inputs() {
            return List.of();
        }
    }

    /** The positions 0, 1, 2, ... */
    record Indices(Encoding encoding) implements SOp {
        @Override
        public String name() {
            return "indices";
        }

        @Override
        public List<SOp> inputs() {
            return List.of();
        }
    }

    /** The same value at every position. */
    record Full(Value fill, String name, Encoding encoding) implements SOp {
        @Override
        public List<SOp> inputs() {
            return List.of();
        }
    }

    /** {@code f} of each element. */
    record Map(Fn.Unary f, SOp inner, String name, Encoding encoding) implements SOp {
        @Override
        public List<SOp> inputs() {
            return List.of(inner);
        }
    }

    /** {@code f} of the elements of two s-ops at the same position. */
    record SequenceMap(Fn.Binary f, SOp first, SOp second, String name, Encoding encoding) implements SOp {
        @Override
        public List<SOp> inputs() {
            return List.of(first, second);
        }
    }

    /** {@code firstFactor * first + secondFactor * second} for two numerical s-ops. */
    record LinearSequenceMap(
            SOp first, SOp second, double firstFactor, double secondFactor, String name, Encoding encoding)
            implements SOp {
        @Override
        public List<SOp> inputs() {
            return List.of(first, second);
        }
    }

    /** For each query position, how many keys are selected. */
    record SelectorWidth(Selector selector, String name, Encoding encoding) implements SOp {
        @Override
        public List<SOp> inputs() {
            return List.of(selector.keys(), selector.queries());
        }
    }

    /** For each query position, the mean of {@code values} at the selected keys; {@code fallback} where none is. */
    record Aggregate(Selector selector, SOp values, Value fallback, String name, Encoding encoding) implements SOp {
        @Override
        public List<SOp> inputs() {
            return List.of(selector.keys(), selector.queries(), values);
        }
    }

    /**
     * The same expression under another name, which labels its directions in the residual stream.
     *
     * @throws IllegalArgumentException for an empty or reserved name, or where this is tokens or indices
     */
    default SOp named(String newName) {
        if (newName.isBlank() || RESERVED_NAMES.contains(newName)) {
            throw new IllegalArgumentException("'" + newName + "' cannot name an s-op: choose another name");
        }
        return switch (this) {
            case Tokens s -> throw new IllegalArgumentException("tokens cannot be renamed");
            case Indices s -> throw new IllegalArgumentException("indices cannot be renamed");
            case Full s -> new Full(s.fill, newName, s.encoding);
            case Map s -> new Map(s.f, s.inner, newName, s.encoding);
            case SequenceMap s -> new SequenceMap(s.f, s.first, s.second, newName, s.encoding);
            case LinearSequenceMap s ->
                new LinearSequenceMap(s.first, s.second, s.firstFactor, s.secondFactor, newName, s.encoding);
            case SelectorWidth s -> new SelectorWidth(s.selector, newName, s.encoding);
            case Aggregate s -> new Aggregate(s.selector, s.values, s.fallback, newName, s.encoding);
        };
    }

    /** The same expression, held as one number in the residual stream. */
    default SOp numerical() {
        return encoded(Encoding.NUMERICAL);
    }

    /** The same expression, held as one direction for each value. */
    default SOp categorical() {
        return encoded(Encoding.CATEGORICAL);
    }

    private SOp encoded(Encoding encoding) {
        return switch (this) {
            case Tokens s -> new Tokens(encoding);
            case Indices s -> new Indices(encoding);
            case Full s -> new Full(s.fill, s.name, encoding);
            case Map s -> new Map(s.f, s.inner, s.name, encoding);
            case SequenceMap s -> new SequenceMap(s.f, s.first, s.second, s.name, encoding);
            case LinearSequenceMap s ->
                new LinearSequenceMap(s.first, s.second, s.firstFactor, s.secondFactor, s.name, encoding);
            case SelectorWidth s -> new SelectorWidth(s.selector, s.name, encoding);
            case Aggregate s -> new Aggregate(s.selector, s.values, s.fallback, s.name, encoding);
        };
    }

    default boolean isNumerical() {
        return encoding() == Encoding.NUMERICAL;
    }

    default boolean isCategorical() {
        return encoding() == Encoding.CATEGORICAL;
    }

    /** {@code f} of each element: categorical, until said otherwise. */
    default SOp map(Fn.Unary f) {
        Objects.requireNonNull(f, "f");
        return switch (this) {
            case Map m -> new Map(new Fn.Composed(f, m.f), m.inner, "map", Encoding.CATEGORICAL);
            case Full c -> new Full(f.apply(c.fill), "full", Encoding.CATEGORICAL);
            default -> new Map(f, this, "map", Encoding.CATEGORICAL);
        };
    }

    /** {@code f} of this and another s-op: categorical. */
    default SOp combine(Fn.Binary f, SOp other) {
        Objects.requireNonNull(f, "f");
        if (other instanceof Full constant) {
            return map(new Fn.WithRight(f, constant.fill));
        }
        if (this instanceof Full constant) {
            return other.map(new Fn.WithLeft(f, constant.fill));
        }
        return new SequenceMap(f, this, other, "sequence_map", Encoding.CATEGORICAL);
    }

    default SOp plus(SOp other) {
        return combine(Fn.Operator.PLUS, other);
    }

    default SOp plus(double number) {
        return plus(Rasp.constant(number));
    }

    default SOp minus(SOp other) {
        return combine(Fn.Operator.MINUS, other);
    }

    default SOp minus(double number) {
        return minus(Rasp.constant(number));
    }

    default SOp times(SOp other) {
        return combine(Fn.Operator.TIMES, other);
    }

    default SOp times(double number) {
        return times(Rasp.constant(number));
    }

    default SOp dividedBy(SOp other) {
        return combine(Fn.Operator.DIVIDE, other);
    }

    default SOp dividedBy(double number) {
        return dividedBy(Rasp.constant(number));
    }

    default SOp and(SOp other) {
        return combine(Fn.Operator.AND, other);
    }

    default SOp or(SOp other) {
        return combine(Fn.Operator.OR, other);
    }

    default SOp not() {
        return map(Fn.Simple.NOT);
    }

    /** The comparison with another s-op as a truth value at each position. */
    default SOp is(Comparison comparison, SOp other) {
        return combine(new Fn.Compare(comparison), other);
    }

    default SOp is(Comparison comparison, double number) {
        return is(comparison, Rasp.constant(number));
    }

    default SOp is(Comparison comparison, String text) {
        return is(comparison, Rasp.constant(text));
    }
}
