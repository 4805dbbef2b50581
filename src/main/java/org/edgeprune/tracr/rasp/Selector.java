package org.edgeprune.tracr.rasp;

/**
 * Selects, for each query position, the key positions for which {@code predicate(key, query)} holds: the pattern of an
 * attention head. An undefined key or query selects nothing. In a causal model no key after the query is selected.
 *
 * <p>{@code and} and {@code or} give one selector again. Where both sides read the same s-op, or one side reads a
 * constant, only the predicate grows; otherwise keys or queries become tuples, made by one sequence map. (The published
 * compiler rejects that last case.)
 *
 * @param keys the value of each key's position
 * @param queries the value of each query's position
 * @param predicate which keys a query selects
 */
public record Selector(SOp keys, SOp queries, Predicate predicate) {

    /**
     * The complement.
     *
     * @return selects the defined keys that this selector does not select
     */
    public Selector not() {
        return new Selector(keys, queries, new Predicate.Not(predicate));
    }

    /**
     * The intersection.
     *
     * @param other the second operand
     * @return selects the keys that both select
     */
    public Selector and(Selector other) {
        return combined(other, true);
    }

    /**
     * The union.
     *
     * @param other the second operand
     * @return selects the keys that at least one selects
     */
    public Selector or(Selector other) {
        return combined(other, false);
    }

    private Selector combined(Selector other, boolean conjunction) {
        Side key = Side.of(keys, other.keys);
        Side query = Side.of(queries, other.queries);
        Predicate left = key.bind(query.bind(predicate, queries, false), keys, true);
        Predicate right = key.bind(query.bind(other.predicate, other.queries, false), other.keys, true);
        left = member(left, key.tuple() ? 0 : -1, query.tuple() ? 0 : -1);
        right = member(right, key.tuple() ? 1 : -1, query.tuple() ? 1 : -1);
        return new Selector(
                key.joined(),
                query.joined(),
                conjunction ? new Predicate.And(left, right) : new Predicate.Or(left, right));
    }

    private static Predicate member(Predicate predicate, int keyMember, int queryMember) {
        return keyMember < 0 && queryMember < 0 ? predicate : new Predicate.OfMember(predicate, keyMember, queryMember);
    }

    /** What both selectors read on one side (keys or queries): one s-op, or a tuple of two. */
    private record Side(SOp joined, boolean tuple) {

        static Side of(SOp left, SOp right) {
            if (Expressions.equal(left, right) || right instanceof SOp.Full) {
                return new Side(left, false);
            }
            if (left instanceof SOp.Full) {
                return new Side(right, false);
            }
            return new Side(left.combine(Fn.Pair.NEST, right).named("pair"), true);
        }

        /** Moves a constant that is not read any more into the predicate. */
        Predicate bind(Predicate predicate, SOp operand, boolean key) {
            if (!(operand instanceof SOp.Full constant) || constant.equals(joined)) {
                return predicate;
            }
            return key
                    ? new Predicate.WithKey(predicate, constant.fill())
                    : new Predicate.WithQuery(predicate, constant.fill());
        }
    }
}
