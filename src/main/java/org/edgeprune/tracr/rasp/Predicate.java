package org.edgeprune.tracr.rasp;

/**
 * What a selector asks of a key and a query. Both are always defined: an undefined key or query selects nothing.
 *
 * <p>The combinations are records, so that equal selectors of a program are recognised as one.
 */
@FunctionalInterface
public interface Predicate {

    boolean test(Value key, Value query);

    record Not(Predicate inner) implements Predicate {
        @Override
        public boolean test(Value key, Value query) {
            return !inner.test(key, query);
        }

        @Override
        public String toString() {
            return "not " + inner;
        }
    }

    record And(Predicate first, Predicate second) implements Predicate {
        @Override
        public boolean test(Value key, Value query) {
            return first.test(key, query) && second.test(key, query);
        }

        @Override
        public String toString() {
            return "(" + first + " and " + second + ")";
        }
    }

    record Or(Predicate first, Predicate second) implements Predicate {
        @Override
        public boolean test(Value key, Value query) {
            return first.test(key, query) || second.test(key, query);
        }

        @Override
        public String toString() {
            return "(" + first + " or " + second + ")";
        }
    }

    /** The predicate with its key fixed to a constant. */
    record WithKey(Predicate inner, Value key) implements Predicate {
        @Override
        public boolean test(Value ignored, Value query) {
            return inner.test(key, query);
        }

        @Override
        public String toString() {
            return "(" + key + " " + inner + " query)";
        }
    }

    /** The predicate with its query fixed to a constant. */
    record WithQuery(Predicate inner, Value query) implements Predicate {
        @Override
        public boolean test(Value key, Value ignored) {
            return inner.test(key, query);
        }

        @Override
        public String toString() {
            return "(key " + inner + " " + query + ")";
        }
    }

    /** Applies a predicate to one member of tuples: {@code -1} takes a key or query as it is. */
    record OfMember(Predicate inner, int keyMember, int queryMember) implements Predicate {
        @Override
        public boolean test(Value key, Value query) {
            return inner.test(member(key, keyMember), member(query, queryMember));
        }

        static Value member(Value value, int index) {
            return index < 0 ? value : ((Value.Tuple) value).values().get(index);
        }

        @Override
        public String toString() {
            return inner.toString();
        }
    }

    /** Compares a function of the key with a function of the query. False where one of them is undefined. */
    record OfFunctions(Fn.Unary ofKey, Predicate inner, Fn.Unary ofQuery) implements Predicate {
        @Override
        public boolean test(Value key, Value query) {
            Value left = ofKey.apply(key);
            Value right = ofQuery.apply(query);
            return left.isDefined() && right.isDefined() && inner.test(left, right);
        }

        @Override
        public String toString() {
            return ofKey + " " + inner + " " + ofQuery;
        }
    }
}
