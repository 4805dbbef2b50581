package org.edgeprune.task;

import java.util.Random;

/** A Boolean expression as a tree. Its text has parentheses around every operand that is not a literal. */
sealed interface BooleanExpression {
    boolean value();

    /** Number of literals. */
    int literals();

    /** The largest number of operators on a path to a literal. */
    int depth();

    /** The number of consecutive nots at the beginning of the expression. */
    default int nots() {
        return 0;
    }

    /** An expression of the same shape with new random literals and new random choices between "and" and "or". */
    BooleanExpression redraw(Random random);

    record Literal(boolean value) implements BooleanExpression {
        @Override
        public int literals() {
            return 1;
        }

        @Override
        public int depth() {
            return 0;
        }

        @Override
        public BooleanExpression redraw(Random random) {
            return new Literal(random.nextBoolean());
        }

        @Override
        public String toString() {
            return value ? "True" : "False";
        }
    }

    record Not(BooleanExpression operand) implements BooleanExpression {
        @Override
        public boolean value() {
            return !operand.value();
        }

        @Override
        public int literals() {
            return operand.literals();
        }

        @Override
        public int depth() {
            return operand.depth() + 1;
        }

        @Override
        public int nots() {
            return operand.nots() + 1;
        }

        @Override
        public BooleanExpression redraw(Random random) {
            return new Not(operand.redraw(random));
        }

        @Override
        public String toString() {
            return "not " + text(operand);
        }
    }

    record Pair(boolean and, BooleanExpression left, BooleanExpression right) implements BooleanExpression {
        @Override
        public boolean value() {
            return and ? left.value() && right.value() : left.value() || right.value();
        }

        @Override
        public int literals() {
            return left.literals() + right.literals();
        }

        @Override
        public int depth() {
            return Math.max(left.depth(), right.depth()) + 1;
        }

        @Override
        public BooleanExpression redraw(Random random) {
            return new Pair(random.nextBoolean(), left.redraw(random), right.redraw(random));
        }

        @Override
        public String toString() {
            return text(left) + (and ? " and " : " or ") + text(right);
        }
    }

    private static String text(BooleanExpression operand) {
        return operand instanceof Literal ? operand.toString() : "(" + operand + ")";
    }

    /**
     * A random expression.
     *
     * @param literals the number of literals, at most 2 to the power of {@code depth}
     * @param depth the greatest depth
     * @param nots the most consecutive nots
     */
    static BooleanExpression random(Random random, int literals, int depth, int nots) {
        return random(random, literals, depth, nots, nots);
    }

    private static BooleanExpression random(Random random, int literals, int depth, int nots, int notsLeft) {
        boolean room = depth > 0 && literals <= 1 << (depth - 1);
        if (room && notsLeft > 0 && random.nextInt(4) == 0) {
            return new Not(random(random, literals, depth - 1, nots, notsLeft - 1));
        }
        if (literals == 1) {
            return new Literal(random.nextBoolean());
        }
        int most = 1 << (depth - 1);
        int least = Math.max(1, literals - most);
        int left = least + random.nextInt(Math.min(literals - 1, most) - least + 1);
        return new Pair(
                random.nextBoolean(),
                random(random, left, depth - 1, nots, nots),
                random(random, literals - left, depth - 1, nots, nots));
    }
}
