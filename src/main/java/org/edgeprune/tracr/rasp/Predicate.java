package org.edgeprune.tracr.rasp;

/**
 * The condition of a selector on a key and a query. Both are always defined: an undefined key or query selects nothing.
 *
 * <p>Combinations are records, so that equal selectors of a program are recognised as equal.
 */
@FunctionalInterface
public interface Predicate {

    /**
     * Whether the query's position selects the key's.
     *
     * @param key the value at the key's position
     * @param query the value at the query's position
     * @return whether the key is selected
     * @throws IllegalArgumentException if values of these kinds cannot be compared
     */
    boolean test(Value key, Value query);

    /**
     * The negation.
     *
     * @param inner the predicate that is negated
     */
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

    /**
     * Whether both predicates hold; the second is not tested where the first does not hold.
     *
     * @param first tested first
     * @param second tested second
     */
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

    /**
     * Whether at least one predicate holds; the second is not tested where the first holds.
     *
     * @param first tested first
     * @param second tested second
     */
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

    /**
     * The predicate with a constant in place of its key.
     *
     * @param inner the predicate
     * @param key the constant
     */
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

    /**
     * The predicate with a constant in place of its query.
     *
     * @param inner the predicate
     * @param query the constant
     */
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

    /**
     * Applies a predicate to members of tuples.
     *
     * @param inner the predicate
     * @param keyMember index of the key's member from 0, or -1 if the key is used as it is
     * @param queryMember index of the query's member from 0, or -1 if the query is used as it is
     */
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

    /**
     * Compares a function of the key with a function of the query. False where one of them is undefined.
     *
     * @param ofKey the function of the key
     * @param inner the predicate on both results
     * @param ofQuery the function of the query
     */
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
