package org.edgeprune.tracr.rasp;

import static org.edgeprune.tracr.rasp.Comparison.EQ;
import static org.edgeprune.tracr.rasp.Comparison.LEQ;
import static org.edgeprune.tracr.rasp.Comparison.LT;
import static org.edgeprune.tracr.rasp.Comparison.TRUE;
import static org.edgeprune.tracr.rasp.Rasp.aggregate;
import static org.edgeprune.tracr.rasp.Rasp.constant;
import static org.edgeprune.tracr.rasp.Rasp.indices;
import static org.edgeprune.tracr.rasp.Rasp.linearSequenceMap;
import static org.edgeprune.tracr.rasp.Rasp.select;
import static org.edgeprune.tracr.rasp.Rasp.selectorWidth;
import static org.edgeprune.tracr.rasp.Rasp.sequenceMap;
import static org.edgeprune.tracr.rasp.Rasp.tokens;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * Programs as functions of s-ops, to be combined: those of the published Tracr library, and some of the RASP paper that
 * need composed selectors. {@link LibraryProgram} lists ready ones with their vocabularies.
 */
public final class Library {
    private Library() {}

    /** The length of the input, at every position. */
    public static SOp length() {
        return selectorWidth(select(tokens(), tokens(), TRUE)).named("length");
    }

    /** {@code sop} in reversed order. */
    public static SOp reverse(SOp sop) {
        SOp opposite = length().minus(indices()).named("opp_idx").minus(1).named("opp_idx-1");
        return aggregate(select(indices(), opposite, EQ), sop).named("reverse");
    }

    /** How often each element occurs. */
    public static SOp hist(SOp sop) {
        return selectorWidth(select(sop, sop, EQ)).named("hist");
    }

    /**
     * How often each element occurs, without the help of a BOS position: the RASP paper's width of a selector that may
     * only average. Position 0 serves as the marker; whether it was really selected is found by a second head.
     */
    public static SOp histWithoutBos(SOp sop) {
        Selector same = select(sop, sop, EQ);
        Selector first = select(indices(), constant(0), EQ);
        SOp marker = indices().is(EQ, 0).numerical().named("marker");
        SOp orFraction = aggregate(same.or(first), marker, 0).named("or_fraction");
        SOp others = orFraction
                .map(new Fn.WithLeft(Fn.Operator.DIVIDE, Value.of(1)))
                .minus(1)
                .numerical()
                .named("others");
        SOp andFraction = aggregate(same.and(first), marker, 0).named("and_fraction");
        SOp firstSelected = andFraction.is(Comparison.GT, 0).numerical().named("first_selected");
        return linearSequenceMap(others, firstSelected, 1, 1)
                .map(Fn.Simple.ROUND)
                .named("hist_no_bos");
    }

    /** For each element, how many different elements occur as often as it does. */
    public static SOp doubleHist(SOp sop) {
        SOp hist = hist(sop);
        Selector sameCount = select(hist, hist, EQ);
        Selector firstOccurrence = select(hasPrevious(sop), constant(Value.of(false)), EQ);
        return selectorWidth(sameCount.and(firstOccurrence)).named("double_hist");
    }

    /** Whether the element occurred before. */
    public static SOp hasPrevious(SOp sop) {
        Selector earlierSame = select(sop, sop, EQ).and(select(indices(), indices(), LT));
        return selectorWidth(earlierSame).named("num_prev").is(Comparison.GT, 0).named("has_prev");
    }

    /** The first occurrence of each element, moved to the front in order; undefined after the last. */
    public static SOp removeDuplicates(SOp sop) {
        SOp repeated = hasPrevious(sop);
        Selector first = select(repeated, constant(Value.of(false)), EQ);
        SOp target = selectorWidth(first.and(select(indices(), indices(), LT))).named("target");
        return aggregate(select(target, indices(), EQ).and(first), sop).named("remove_duplicates");
    }

    /** {@code values} ordered by {@code keys}, which must differ from each other. */
    public static SOp sortUnique(SOp values, SOp keys) {
        SOp target = selectorWidth(select(keys, keys, LT)).named("target_pos");
        return aggregate(select(target, indices(), EQ), values).named("sort");
    }

    /**
     * {@code values} ordered by {@code keys}; equal keys stay in order.
     *
     * @param minKeyStep a number that is at most the least difference of two keys
     */
    public static SOp sort(SOp values, SOp keys, int maxLength, double minKeyStep) {
        Fn.Binary distinct = new Fn.Linear(1, minKeyStep / maxLength);
        return sortUnique(values, sequenceMap(distinct, keys, indices()).named("keys"));
    }

    /** The tokens, the more frequent first. */
    public static SOp sortByFrequency(int maxLength) {
        return sort(tokens(), hist(tokens()).times(-1), maxLength, 1).named("sort_freq");
    }

    /** The fraction of positions up to this one where {@code truths} holds. */
    public static SOp fractionOfPrevious(SOp truths) {
        return aggregate(select(indices(), indices(), LEQ), truths.numerical(), 0)
                .named("frac_prevs");
    }

    /** The fraction of {@code open} up to this position minus the fraction of {@code close}. */
    public static SOp pairBalance(SOp sop, String open, String close) {
        SOp opens = fractionOfPrevious(sop.is(EQ, open).named("bools_open")).named("opens");
        SOp closes = fractionOfPrevious(sop.is(EQ, close).named("bools_close")).named("closes");
        return linearSequenceMap(opens, closes, 1, -1).named("pair_balance");
    }

    /**
     * Whether the brackets of each kind are balanced, each kind by itself.
     *
     * @param pairs an opening and a closing character each, such as {@code "()"}
     */
    public static SOp shuffleDyck(List<String> pairs) {
        List<SOp> balances = new ArrayList<>();
        for (String pair : pairs) {
            if (pair.length() != 2) {
                throw new IllegalArgumentException("'" + pair + "' is not a pair of brackets");
            }
            balances.add(pairBalance(tokens(), pair.substring(0, 1), pair.substring(1))
                    .named("balance_" + pair));
        }
        SOp anyNegative = balances.getFirst().is(LT, 0);
        SOp allZero = balances.getFirst().is(EQ, 0);
        for (SOp balance : balances.subList(1, balances.size())) {
            anyNegative = anyNegative.or(balance.is(LT, 0));
            allZero = allZero.and(balance.is(EQ, 0));
        }
        SOp negative = anyNegative.map(Fn.Simple.IDENTITY).numerical().named("any_negative");
        SOp hasNegative =
                aggregate(select(indices(), indices(), TRUE), negative, 0).named("has_neg");
        Selector last = select(indices(), length().minus(1), EQ);
        SOp lastZero = aggregate(last, allZero).named("last_zero");
        return lastZero.and(hasNegative.not().named("not_has_neg")).named("shuffle_dyck");
    }

    /** {@code sop} moved to the right by {@code offset}; undefined at the first positions. */
    public static SOp shift(SOp sop, int offset) {
        Predicate atOffset = new Predicate.OfFunctions(
                Fn.Simple.IDENTITY, EQ, new Fn.WithRight(Fn.Operator.MINUS, Value.of(offset)));
        return aggregate(select(indices(), indices(), atOffset), sop).named("shift_by(" + offset + ")");
    }

    /** Whether the pattern ends here; undefined at the first positions. */
    public static SOp detectPattern(SOp sop, List<Value> pattern) {
        if (pattern.isEmpty()) {
            throw new IllegalArgumentException("the pattern is empty");
        }
        SOp detected = null;
        for (int i = 0; i < pattern.size(); i++) {
            int offset = pattern.size() - 1 - i;
            SOp here = sop.is(EQ, constant(pattern.get(i)));
            SOp element = offset == 0 ? here : shift(here, offset);
            detected = detected == null ? element : detected.and(element);
        }
        return detected.named("detect_pattern");
    }

    /** How many elements of the input occur at most {@code n} times. */
    public static SOp countLessFrequent(int n) {
        SOp hist = hist(tokens());
        Predicate rare = new Predicate.WithQuery(LEQ, Value.of(n));
        return selectorWidth(select(hist, hist, rare)).named("count_less_freq");
    }

    /** How often {@code element} occurs in the whole input. */
    public static SOp count(SOp sop, Value element) {
        return selectorWidth(select(sop, sop, new Predicate.WithQuery(EQ, element)))
                .named("count_" + element);
    }

    /** {@code f} of any number of s-ops at each position; tuples in between may need many directions. */
    public static SOp combine(Function<List<Value>, Value> f, SOp... sops) {
        SOp tuple = sops[0];
        for (int i = 1; i < sops.length; i++) {
            tuple = sequenceMap(Fn.Pair.APPEND, tuple, sops[i]).named("tuple_" + (i + 1));
        }
        return tuple.map(x -> f.apply(x instanceof Value.Tuple t ? t.values() : List.of(x)));
    }
}
