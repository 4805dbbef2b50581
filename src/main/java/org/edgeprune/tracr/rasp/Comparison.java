package org.edgeprune.tracr.rasp;

/**
 * The comparisons of a key with a query. Numbers and truth values compare by number, within {@link Value#TOLERANCE}.
 */
public enum Comparison implements Predicate {
    /** Key and query match: {@link Value#matches}. */
    EQ("=="),
    /** Key and query do not match. */
    NEQ("!="),
    /** The key is less than the query and does not match it. */
    LT("<"),
    /** The key is less than the query or matches it. */
    LEQ("<="),
    /** The key is greater than the query and does not match it. */
    GT(">"),
    /** The key is greater than the query or matches it. */
    GEQ(">="),
    /** Always true: every key is selected. */
    TRUE("true"),
    /** Always false: no key is selected. */
    FALSE("false");

    private final String symbol;

    Comparison(String symbol) {
        this.symbol = symbol;
    }

    @Override
    public boolean test(Value key, Value query) {
        return switch (this) {
            case EQ -> key.matches(query);
            case NEQ -> !key.matches(query);
            case LT -> !key.matches(query) && less(key, query);
            case LEQ -> key.matches(query) || less(key, query);
            case GT -> !key.matches(query) && less(query, key);
            case GEQ -> key.matches(query) || less(query, key);
            case TRUE -> true;
            case FALSE -> false;
        };
    }

    private boolean less(Value left, Value right) {
        if (left.isNumeric() && right.isNumeric()) {
            return left.number() < right.number();
        }
        if (left.getClass() != right.getClass()) {
            throw new IllegalArgumentException(
                    "'" + left + "' and '" + right + "' have no order: " + symbol + " needs two numbers or two texts");
        }
        return left.compareTo(right) < 0;
    }

    @Override
    public String toString() {
        return symbol;
    }
}
