package org.edgeprune.tracr.rasp;

import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/**
 * Tests a predicate that contains the same part many times, such as {@code s and s} of selectors that are built
 * repeatedly: every part is tested once for the same key and query.
 */
public final class SharedPredicate implements Predicate {
    /** Smaller predicates are tested faster as they are. */
    private static final int SMALL = 64;

    private final Predicate predicate;

    private SharedPredicate(Predicate predicate) {
        this.predicate = predicate;
    }

    /**
     * An equivalent predicate whose test takes time linear in the number of its different parts.
     *
     * @param predicate the predicate
     * @return {@code predicate} itself if it is small
     */
    public static Predicate of(Predicate predicate) {
        return rest(predicate, SMALL) >= 0 ? predicate : new SharedPredicate(predicate);
    }

    /** What is left of a number after one is taken for each part, written out; stops below 0. */
    private static int rest(Predicate predicate, int budget) {
        if (budget < 0) {
            return budget;
        }
        return switch (predicate) {
            case Not p -> rest(p.inner(), budget - 1);
            case And p -> rest(p.second(), rest(p.first(), budget - 1));
            case Or p -> rest(p.second(), rest(p.first(), budget - 1));
            case WithKey p -> rest(p.inner(), budget - 1);
            case WithQuery p -> rest(p.inner(), budget - 1);
            case OfMember p -> rest(p.inner(), budget - 1);
            case OfFunctions p -> rest(p.inner(), budget - 1);
            default -> budget - 1;
        };
    }

    @Override
    public boolean test(Value key, Value query) {
        return new Answers().of(predicate, key, query);
    }

    private static final class Answers {
        private final IdentityHashMap<Predicate, Map<List<Value>, Boolean>> known = new IdentityHashMap<>();

        boolean of(Predicate predicate, Value key, Value query) {
            return switch (predicate) {
                case Not p -> !of(p.inner(), key, query);
                case And p -> remembered(p, p.first(), p.second(), true, key, query);
                case Or p -> remembered(p, p.first(), p.second(), false, key, query);
                case WithKey p -> of(p.inner(), p.key(), query);
                case WithQuery p -> of(p.inner(), key, p.query());
                case OfMember p ->
                    of(p.inner(), OfMember.member(key, p.keyMember()), OfMember.member(query, p.queryMember()));
                case OfFunctions p -> {
                    Value left = p.ofKey().apply(key);
                    Value right = p.ofQuery().apply(query);
                    yield left.isDefined() && right.isDefined() && of(p.inner(), left, right);
                }
                default -> predicate.test(key, query);
            };
        }

        private boolean remembered(
                Predicate whole, Predicate first, Predicate second, boolean conjunction, Value key, Value query) {
            Map<List<Value>, Boolean> answers = known.computeIfAbsent(whole, p -> new HashMap<>());
            List<Value> asked = List.of(key, query);
            Boolean answer = answers.get(asked);
            if (answer == null) {
                boolean one = of(first, key, query);
                answer = one == conjunction ? of(second, key, query) : one;
                answers.put(asked, answer);
            }
            return answer;
        }
    }
}
