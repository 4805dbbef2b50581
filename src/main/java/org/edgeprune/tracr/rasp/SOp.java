package org.edgeprune.tracr.rasp;

import java.util.List;
import java.util.Objects;
import java.util.Set;

/**
 * A sequence operation: maps the input sequence to a sequence of the same length. Expressions are immutable values and
 * share their parts. {@link Rasp} has the factories; the methods of this interface are the arithmetic in fluent style.
 *
 * <p>Two simplifications are made on construction, as in the published compiler: a map of a map becomes one map of the
 * composed function, and a combination with a constant becomes a map.
 */
public sealed interface SOp {

    /** Names that the compiler uses for its own directions of the residual stream. */
    Set<String> RESERVED_NAMES = Set.of("tokens", "indices", "one");

    /**
     * The label of this expression in the residual stream.
     *
     * @return the name that the program gave to it, or the name of its kind
     */
    String name();

    /**
     * How this expression is represented in the residual stream.
     *
     * @return categorical or numerical
     */
    Encoding encoding();

    /**
     * The expressions that this one is computed from.
     *
     * @return in order; the keys and queries of a selector count as inputs
     */
    List<SOp> inputs();

    /**
     * The input tokens.
     *
     * @param encoding the representation in the residual stream
     */
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

    /**
     * The positions 0, 1, 2, ..., BOS not counted.
     *
     * @param encoding the representation in the residual stream
     */
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

    /**
     * The same value at every position.
     *
     * @param fill the value
     * @param name the label
     * @param encoding the representation in the residual stream
     */
    record Full(Value fill, String name, Encoding encoding) implements SOp {
        @Override
        public List<SOp> inputs() {
            return List.of();
        }
    }

    /**
     * {@code f} of each element.
     *
     * @param f the function
     * @param inner the elements
     * @param name the label
     * @param encoding the representation in the residual stream
     */
    record Map(Fn.Unary f, SOp inner, String name, Encoding encoding) implements SOp {
        @Override
        public List<SOp> inputs() {
            return List.of(inner);
        }
    }

    /**
     * {@code f} of the elements of two s-ops at the same position.
     *
     * @param f the function
     * @param first its first argument
     * @param second its second argument
     * @param name the label
     * @param encoding the representation in the residual stream
     */
    record SequenceMap(Fn.Binary f, SOp first, SOp second, String name, Encoding encoding) implements SOp {
        @Override
        public List<SOp> inputs() {
            return List.of(first, second);
        }
    }

    /**
     * {@code firstFactor * first + secondFactor * second} for two numerical s-ops.
     *
     * @param first a numerical s-op
     * @param second a numerical s-op
     * @param firstFactor the factor of {@code first}
     * @param secondFactor the factor of {@code second}
     * @param name the label
     * @param encoding the representation in the residual stream
     */
    record LinearSequenceMap(
            SOp first, SOp second, double firstFactor, double secondFactor, String name, Encoding encoding)
            implements SOp {
        @Override
        public List<SOp> inputs() {
            return List.of(first, second);
        }
    }

    /**
     * For each query position, the number of selected keys.
     *
     * @param selector which keys are counted
     * @param name the label
     * @param encoding the representation in the residual stream
     */
    record SelectorWidth(Selector selector, String name, Encoding encoding) implements SOp {
        @Override
        public List<SOp> inputs() {
            return List.of(selector.keys(), selector.queries());
        }
    }

    /**
     * For each query position, the mean of {@code values} at the selected keys.
     *
     * @param selector which positions are averaged
     * @param values the values
     * @param fallback the value where no key is selected
     * @param name the label
     * @param encoding the representation in the residual stream
     */
    record Aggregate(Selector selector, SOp values, Value fallback, String name, Encoding encoding) implements SOp {
        @Override
        public List<SOp> inputs() {
            return List.of(selector.keys(), selector.queries(), values);
        }
    }

    /**
     * The same expression under another name, which labels its directions in the residual stream.
     *
     * @param newName not empty and not one of {@link #RESERVED_NAMES}
     * @return the renamed expression
     * @throws IllegalArgumentException for an empty or reserved name, or if this is {@link Tokens} or {@link Indices}
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

    /**
     * The same expression, represented as one number in the residual stream.
     *
     * @return the expression with numerical encoding
     */
    default SOp numerical() {
        return encoded(Encoding.NUMERICAL);
    }

    /**
     * The same expression, represented as one direction for each value.
     *
     * @return the expression with categorical encoding
     */
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

    /**
     * Whether the encoding is numerical.
     *
     * @return whether one direction represents the number
     */
    default boolean isNumerical() {
        return encoding() == Encoding.NUMERICAL;
    }

    /**
     * Whether the encoding is categorical.
     *
     * @return whether each value has its own direction
     */
    default boolean isCategorical() {
        return encoding() == Encoding.CATEGORICAL;
    }

    /**
     * A function of each element.
     *
     * @param f the function
     * @return a categorical s-op; see {@link #numerical}
     */
    default SOp map(Fn.Unary f) {
        Objects.requireNonNull(f, "f");
        return switch (this) {
            case Map m -> new Map(new Fn.Composed(f, m.f), m.inner, "map", Encoding.CATEGORICAL);
            case Full c -> new Full(f.apply(c.fill), "full", Encoding.CATEGORICAL);
            default -> new Map(f, this, "map", Encoding.CATEGORICAL);
        };
    }

    /**
     * A function of this and another s-op at each position.
     *
     * @param f the function
     * @param other its second argument; this s-op is the first
     * @return a categorical s-op; a {@link Map} where one of both is constant
     */
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

    /**
     * The sum.
     *
     * @param other the second summand
     * @return {@code this + other} at each position
     */
    default SOp plus(SOp other) {
        return combine(Fn.Operator.PLUS, other);
    }

    /**
     * The sum with a constant.
     *
     * @param number the second summand
     * @return {@code this + number} at each position
     */
    default SOp plus(double number) {
        return plus(Rasp.constant(number));
    }

    /**
     * The difference.
     *
     * @param other the subtrahend
     * @return {@code this - other} at each position
     */
    default SOp minus(SOp other) {
        return combine(Fn.Operator.MINUS, other);
    }

    /**
     * The difference to a constant.
     *
     * @param number the subtrahend
     * @return {@code this - number} at each position
     */
    default SOp minus(double number) {
        return minus(Rasp.constant(number));
    }

    /**
     * The product.
     *
     * @param other the second factor
     * @return {@code this * other} at each position
     */
    default SOp times(SOp other) {
        return combine(Fn.Operator.TIMES, other);
    }

    /**
     * The product with a constant.
     *
     * @param number the second factor
     * @return {@code this * number} at each position
     */
    default SOp times(double number) {
        return times(Rasp.constant(number));
    }

    /**
     * The quotient.
     *
     * @param other the divisor
     * @return {@code this / other} at each position, undefined where {@code other} is 0
     */
    default SOp dividedBy(SOp other) {
        return combine(Fn.Operator.DIVIDE, other);
    }

    /**
     * The quotient by a constant.
     *
     * @param number the divisor
     * @return {@code this / number} at each position, undefined everywhere if {@code number} is 0
     */
    default SOp dividedBy(double number) {
        return dividedBy(Rasp.constant(number));
    }

    /**
     * The conjunction.
     *
     * @param other the second operand
     * @return whether both are true ({@link Value#truth()}), at each position
     */
    default SOp and(SOp other) {
        return combine(Fn.Operator.AND, other);
    }

    /**
     * The disjunction.
     *
     * @param other the second operand
     * @return whether at least one is true ({@link Value#truth()}), at each position
     */
    default SOp or(SOp other) {
        return combine(Fn.Operator.OR, other);
    }

    /**
     * The negation.
     *
     * @return whether this is false ({@link Value#truth()}), at each position
     */
    default SOp not() {
        return map(Fn.Simple.NOT);
    }

    /**
     * The result of a comparison as a truth value at each position.
     *
     * @param comparison compares this (as key) with the other (as query)
     * @param other the right side
     * @return a categorical s-op of truth values
     */
    default SOp is(Comparison comparison, SOp other) {
        return combine(new Fn.Compare(comparison), other);
    }

    /**
     * The result of a comparison with a number.
     *
     * @param comparison the comparison
     * @param number the right side
     * @return a categorical s-op of truth values
     */
    default SOp is(Comparison comparison, double number) {
        return is(comparison, Rasp.constant(number));
    }

    /**
     * The result of a comparison with a text.
     *
     * @param comparison the comparison
     * @param text the right side
     * @return a categorical s-op of truth values
     */
    default SOp is(Comparison comparison, String text) {
        return is(comparison, Rasp.constant(text));
    }
}
