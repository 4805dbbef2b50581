package org.edgeprune.tracr.rasp;

import java.util.stream.Stream;

/**
 * The functions that maps apply to values. They see defined values only and return {@link Value#NONE} where they are
 * undefined themselves. The ready-made ones are records and enums: equal expressions of a program are recognised as
 * one, and they print readably. A lambda is equal only to itself.
 */
public interface Fn {

    /** A function of one value. */
    @FunctionalInterface
    interface Unary {
        Value apply(Value x);
    }

    /** A function of two values. */
    @FunctionalInterface
    interface Binary {
        Value apply(Value x, Value y);
    }

    /** The operators of s-op arithmetic and logic. Division by zero is undefined. */
    enum Operator implements Binary {
        PLUS("+"),
        MINUS("-"),
        TIMES("*"),
        DIVIDE("/"),
        MODULO("%"),
        MIN("min"),
        MAX("max"),
        AND("and"),
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

    /** The ready-made functions of one value. */
    enum Simple implements Unary {
        IDENTITY("identity"),
        NOT("not"),
        NEGATE("negate"),
        ABS("abs"),
        ROUND("round"),
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

    /** A comparison of two values as a truth value. */
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

    /** The function {@code x -> f(x, right)}. */
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

    /** The function {@code x -> f(left, x)}. */
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

    /** The function {@code x -> outer(inner(x))}, undefined where the inner one is. */
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

    /** The function {@code x -> f(x, x)}. */
    record Diagonal(Binary f) implements Unary {
        @Override
        public Value apply(Value x) {
            return f.apply(x, x);
        }
    }

    /** A constant. */
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

    /** {@code a x + b y}. */
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
