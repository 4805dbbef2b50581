package org.edgeprune.tracr.rasp;

import java.util.List;
import java.util.stream.Collectors;

/**
 * One element of a sequence: a number, a truth value, a text, a tuple, or {@link #NONE} for "undefined".
 *
 * <p>Values are totally ordered (numbers, truth values, texts, tuples, undefined), which fixes the order of the one-hot
 * directions of a compiled model. As in RASP, a truth value is also the number 0 or 1.
 */
@SuppressWarnings("ClassInitializationDeadlock") // NONE is the only None that is made
public sealed interface Value extends Comparable<Value> {

    /** The undefined value, such as an average over no positions. */
    Value NONE = new None();

    /** Two numbers closer than this are equal for {@link Comparison} and for outputs of the interpreter. */
    double TOLERANCE = 1e-9;

    /**
     * A number.
     *
     * @param value finite; -0.0 is stored as 0.0
     */
    record Num(double value) implements Value {
        /** Stores -0.0 as 0.0: both are the same direction. */
        public Num {
            value = value == 0 ? 0.0 : value; // -0.0 and 0.0 are the same direction
        }

        @Override
        public String toString() {
            boolean whole = value == Math.rint(value) && Math.abs(value) < 1e15;
            return whole ? Long.toString((long) value) : Double.toString(value);
        }
    }

    /**
     * A truth value.
     *
     * @param value true or false
     */
    record Bool(boolean value) implements Value {
        @Override
        public String toString() {
            return Boolean.toString(value);
        }
    }

    /**
     * A text, such as a token that is not a number.
     *
     * @param value the characters
     */
    record Text(String value) implements Value {
        @Override
        public String toString() {
            return value;
        }
    }

    /**
     * Several values, which may be tuples themselves. A tuple has at most {@value #MAX_SIZE} values at any depth: a
     * program that pairs pairs doubles their size at every step, and comparisons visit all values.
     *
     * @param values the members, all defined
     */
    record Tuple(List<Value> values) implements Value {
        /** The most values in a tuple, at any depth. */
        public static final int MAX_SIZE = 1024;

        /**
         * Copies the list.
         *
         * @throws IllegalArgumentException if there are more than {@value #MAX_SIZE} values
         */
        public Tuple {
            values = List.copyOf(values);
            if (size(values) > MAX_SIZE) {
                throw new IllegalArgumentException("a tuple of more than " + MAX_SIZE
                        + " values: combine fewer selectors that read different keys or queries");
            }
        }

        /** Each part has at most {@value #MAX_SIZE} values, which bounds the time that this takes. */
        private static int size(List<Value> values) {
            int size = 0;
            for (Value value : values) {
                size += value instanceof Tuple tuple ? size(tuple.values) : 1;
            }
            return size;
        }

        @Override
        public String toString() {
            return values.stream().map(Value::toString).collect(Collectors.joining(",", "(", ")"));
        }
    }

    /** The type of {@link #NONE}. */
    record None() implements Value {
        @Override
        public String toString() {
            return "none";
        }
    }

    /**
     * A number.
     *
     * @param number the number
     * @return its value
     */
    static Value of(double number) {
        return new Num(number);
    }

    /**
     * A truth value.
     *
     * @param truth true or false
     * @return its value
     */
    static Value of(boolean truth) {
        return new Bool(truth);
    }

    /**
     * A text.
     *
     * @param text the characters, not interpreted; see {@link #parse}
     * @return its value
     */
    static Value of(String text) {
        return new Text(text);
    }

    /**
     * A tuple.
     *
     * @param values the members
     * @return the tuple, or {@link #NONE} if a member is undefined
     */
    static Value tuple(Value... values) {
        for (Value value : values) {
            if (!value.isDefined()) {
                return NONE;
            }
        }
        return new Tuple(List.of(values));
    }

    /**
     * Reads a token as a user writes it.
     *
     * @param token such as {@code 3}, {@code -0.5} or {@code abc}
     * @return a number for a decimal without exponent, a text for everything else
     */
    static Value parse(String token) {
        return token.matches("[+-]?\\d+(\\.\\d+)?") ? of(Double.parseDouble(token)) : of(token);
    }

    /**
     * Whether there is a value.
     *
     * @return false for {@link #NONE} only
     */
    default boolean isDefined() {
        return !(this instanceof None);
    }

    /**
     * Whether {@link #number()} has a result.
     *
     * @return true for numbers and truth values
     */
    default boolean isNumeric() {
        return this instanceof Num || this instanceof Bool;
    }

    /**
     * The number that this value represents.
     *
     * @return the number; 1 for true and 0 for false
     * @throws IllegalArgumentException if this is neither a number nor a truth value
     */
    default double number() {
        return switch (this) {
            case Num n -> n.value();
            case Bool b -> b.value() ? 1 : 0;
            case Text t -> throw new IllegalArgumentException("'" + t + "' is not a number");
            case Tuple t -> throw new IllegalArgumentException(t + " is not a number");
            case None n -> throw new IllegalArgumentException("an undefined value is not a number");
        };
    }

    /**
     * The truth value that this value represents.
     *
     * @return false for false, 0, the empty text, the empty tuple and {@link #NONE}, true for everything else
     */
    default boolean truth() {
        return switch (this) {
            case Num n -> n.value() != 0;
            case Bool b -> b.value();
            case Text t -> !t.value().isEmpty();
            case Tuple t -> !t.values().isEmpty();
            case None n -> false;
        };
    }

    /**
     * Equality as programs see it.
     *
     * @param other the value compared with
     * @return whether both are numeric and differ by at most {@link #TOLERANCE}, or are equal
     */
    default boolean matches(Value other) {
        return (isNumeric() && other.isNumeric()) ? Math.abs(number() - other.number()) <= TOLERANCE : equals(other);
    }

    @Override
    default int compareTo(Value other) {
        int byKind = Integer.compare(rank(this), rank(other));
        if (byKind != 0) {
            return byKind;
        }
        return switch (this) {
            case Num n -> Double.compare(n.value(), ((Num) other).value());
            case Bool b -> Boolean.compare(b.value(), ((Bool) other).value());
            case Text t -> t.value().compareTo(((Text) other).value());
            case Tuple t -> compare(t.values(), ((Tuple) other).values());
            case None n -> 0;
        };
    }

    private static int compare(List<Value> left, List<Value> right) {
        for (int i = 0; i < Math.min(left.size(), right.size()); i++) {
            int order = left.get(i).compareTo(right.get(i));
            if (order != 0) {
                return order;
            }
        }
        return Integer.compare(left.size(), right.size());
    }

    private static int rank(Value value) {
        return switch (value) {
            case Num n -> 0;
            case Bool b -> 1;
            case Text t -> 2;
            case Tuple t -> 3;
            case None n -> 4;
        };
    }
}
