package org.edgeprune.tracr.rasp;

import java.util.stream.Stream;

/**
 * The functions that {@link SOp.Map} and {@link SOp.SequenceMap} apply to values. They are called with defined values
 * only, and return {@link Value#NONE} where they are undefined. The predefined functions are records and enums, so that
 * equal expressions of a program are recognised as equal and can be printed. A lambda equals only itself.
 */
public interface Fn {

    /** A function of one value. */
    @FunctionalInterface
    interface Unary {
        /**
         * Applies the function.
         *
         * @param x a defined value
         * @return the result, {@link Value#NONE} where the function is undefined
         * @throws IllegalArgumentException if the function does not accept this kind of value
         */
        Value apply(Value x);
    }

    /** A function of two values. */
    @FunctionalInterface
    interface Binary {
        /**
         * Applies the function.
         *
         * @param x a defined value
         * @param y a defined value
         * @return the result, {@link Value#NONE} where the function is undefined
         * @throws IllegalArgumentException if the function does not accept values of these kinds
         */
        Value apply(Value x, Value y);
    }

    /** The operators of s-op arithmetic and logic. They take numbers and truth values ({@link Value#number()}). */
    enum Operator implements Binary {
        /** {@code x + y}. */
        PLUS("+"),
        /** {@code x - y}. */
        MINUS("-"),
        /** {@code x * y}. */
        TIMES("*"),
        /** {@code x / y}, undefined where {@code y} is 0. */
        DIVIDE("/"),
        /** {@code x - y * floor(x / y)}: the sign of {@code y}, as in Python; undefined where {@code y} is 0. */
        MODULO("%"),
        /** The smaller number. */
        MIN("min"),
        /** The larger number. */
        MAX("max"),
        /** Whether both values are true ({@link Value#truth()}). */
        AND("and"),
        /** Whether at least one value is true ({@link Value#truth()}). */
        OR("or");

        private final String symbol;

        Operator(String symbol) {
            this.symbol = symbol;
        }

        @Override
        public Value apply(Value x, Value y) {
            return switch (this) {
                case PLUS -> Value.of(x.number() + y.number());
                case MINUS -> Value.of(x.number() - y.number());
                case TIMES -> Value.of(x.number() * y.number());
                case DIVIDE -> y.number() == 0 ? Value.NONE : Value.of(x.number() / y.number());
                case MODULO ->
                    y.number() == 0
                            ? Value.NONE
                            : Value.of(x.number() - y.number() * Math.floor(x.number() / y.number()));
                case MIN -> Value.of(Math.min(x.number(), y.number()));
                case MAX -> Value.of(Math.max(x.number(), y.number()));
                case AND -> Value.of(x.truth() && y.truth());
                case OR -> Value.of(x.truth() || y.truth());
            };
        }

        @Override
        public String toString() {
            return symbol;
        }
    }

    /** The predefined functions of one value. */
    enum Simple implements Unary {
        /** The value itself. */
        IDENTITY("identity"),
        /** Whether the value is false ({@link Value#truth()}). */
        NOT("not"),
        /** {@code -x}. */
        NEGATE("negate"),
        /** {@code |x|}. */
        ABS("abs"),
        /** The nearest integer, of two equally near the even one ({@link Math#rint}). */
        ROUND("round"),
        /** The largest integer that is at most {@code x} + {@link Value#TOLERANCE}. */
        FLOOR("floor");

        private final String symbol;

        Simple(String symbol) {
            this.symbol = symbol;
        }

        @Override
        public Value apply(Value x) {
            return switch (this) {
                case IDENTITY -> x;
                case NOT -> Value.of(!x.truth());
                case NEGATE -> Value.of(-x.number());
                case ABS -> Value.of(Math.abs(x.number()));
                case ROUND -> Value.of(Math.rint(x.number()));
                case FLOOR -> Value.of(Math.floor(x.number() + Value.TOLERANCE));
            };
        }

        @Override
        public String toString() {
            return symbol;
        }
    }

    /**
     * The result of a comparison as a truth value.
     *
     * @param comparison compares the first value (as key) with the second (as query)
     */
    record Compare(Comparison comparison) implements Binary {
        @Override
        public Value apply(Value x, Value y) {
            return Value.of(comparison.test(x, y));
        }

        @Override
        public String toString() {
            return comparison.toString();
        }
    }

    /**
     * The function {@code x -> f(x, right)}.
     *
     * @param f the function of two values
     * @param right its constant second argument
     */
    record WithRight(Binary f, Value right) implements Unary {
        @Override
        public Value apply(Value x) {
            return f.apply(x, right);
        }

        @Override
        public String toString() {
            return "x " + f + " " + right;
        }
    }

    /**
     * The function {@code x -> f(left, x)}.
     *
     * @param f the function of two values
     * @param left its constant first argument
     */
    record WithLeft(Binary f, Value left) implements Unary {
        @Override
        public Value apply(Value x) {
            return f.apply(left, x);
        }

        @Override
        public String toString() {
            return left + " " + f + " x";
        }
    }

    /**
     * The function {@code x -> outer(inner(x))}, undefined where the inner one is.
     *
     * @param outer applied second
     * @param inner applied first
     */
    record Composed(Unary outer, Unary inner) implements Unary {
        @Override
        public Value apply(Value x) {
            Value y = inner.apply(x);
            return y.isDefined() ? outer.apply(y) : Value.NONE;
        }

        @Override
        public String toString() {
            return outer + " of " + inner;
        }
    }

    /**
     * The function {@code x -> f(x, x)}.
     *
     * @param f the function of two values
     */
    record Diagonal(Binary f) implements Unary {
        @Override
        public Value apply(Value x) {
            return f.apply(x, x);
        }
    }

    /**
     * The function that returns the same value for every argument.
     *
     * @param value the result
     */
    record Constant(Value value) implements Unary {
        @Override
        public Value apply(Value x) {
            return value;
        }

        @Override
        public String toString() {
            return value.toString();
        }
    }

    /** The pair of both values. A tuple on the left is extended, so that a chain of pairs is one flat tuple. */
    enum Pair implements Binary {
        /** {@code (x, y)}. */
        NEST,
        /** {@code (x1, .., xn, y)} for a tuple {@code (x1, .., xn)} on the left. */
        APPEND;

        @Override
        public Value apply(Value x, Value y) {
            if (this == APPEND && x instanceof Value.Tuple tuple) {
                Value[] values =
                        Stream.concat(tuple.values().stream(), Stream.of(y)).toArray(Value[]::new);
                return Value.tuple(values);
            }
            return Value.tuple(x, y);
        }

        @Override
        public String toString() {
            return "pair";
        }
    }

    /**
     * {@code a x + b y} for two numbers.
     *
     * @param a the factor of the first argument
     * @param b the factor of the second argument
     */
    record Linear(double a, double b) implements Binary {
        @Override
        public Value apply(Value x, Value y) {
            return Value.of(a * x.number() + b * y.number());
        }

        @Override
        public String toString() {
            return a + " x + " + b + " y";
        }
    }
}
