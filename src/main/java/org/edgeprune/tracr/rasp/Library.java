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
 * RASP programs as functions of s-ops, to be combined: those of the published Tracr library, and programs of the RASP
 * paper that need composed selectors. {@link LibraryProgram} lists complete programs with their vocabularies.
 */
public final class Library {
    private Library() {}

    /**
     * The length of the input, at every position.
     *
     * @return a categorical s-op of numbers
     */
    public static SOp length() {
        return selectorWidth(select(tokens(), tokens(), TRUE)).named("length");
    }

    /**
     * The elements in reversed order.
     *
     * @param sop the sequence
     * @return element {@code length - 1 - i} of {@code sop} at position {@code i}, in the encoding of {@code sop}
     */
    public static SOp reverse(SOp sop) {
        SOp opposite = length().minus(indices()).named("opp_idx").minus(1).named("opp_idx-1");
        return aggregate(select(indices(), opposite, EQ), sop).named("reverse");
    }

    /**
     * How often each element occurs in the sequence. Needs BOS, as every {@link SOp.SelectorWidth} does.
     *
     * @param sop the sequence
     * @return a categorical s-op of counts, at least 1
     */
    public static SOp hist(SOp sop) {
        return selectorWidth(select(sop, sop, EQ)).named("hist");
    }

    /**
     * How often each element occurs in the sequence, computed without a BOS position: the RASP paper's selector width
     * by aggregation only. Position 0 is the marker; a second head finds whether it was itself selected.
     *
     * @param sop the sequence
     * @return a categorical s-op of counts, at least 1
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

    /**
     * For each element, how many different elements occur as often as it does.
     *
     * @param sop the sequence
     * @return a categorical s-op of counts, at least 1
     */
    public static SOp doubleHist(SOp sop) {
        SOp hist = hist(sop);
        Selector sameCount = select(hist, hist, EQ);
        Selector firstOccurrence = select(hasPrevious(sop), constant(Value.of(false)), EQ);
        return selectorWidth(sameCount.and(firstOccurrence)).named("double_hist");
    }

    /**
     * Whether the element occurred at an earlier position.
     *
     * @param sop the sequence
     * @return a categorical s-op of truth values
     */
    public static SOp hasPrevious(SOp sop) {
        Selector earlierSame = select(sop, sop, EQ).and(select(indices(), indices(), LT));
        return selectorWidth(earlierSame).named("num_prev").is(Comparison.GT, 0).named("has_prev");
    }

    /**
     * The first occurrence of each element, moved to the front in order.
     *
     * @param sop the sequence
     * @return {@code sop} without repetitions; undefined at the positions after the last
     */
    public static SOp removeDuplicates(SOp sop) {
        SOp repeated = hasPrevious(sop);
        Selector first = select(repeated, constant(Value.of(false)), EQ);
        SOp target = selectorWidth(first.and(select(indices(), indices(), LT))).named("target");
        return aggregate(select(target, indices(), EQ).and(first), sop).named("remove_duplicates");
    }

    /**
     * Elements in the ascending order of keys that all differ.
     *
     * @param values the elements
     * @param keys their keys, without repetitions
     * @return {@code values} sorted by {@code keys}
     */
    public static SOp sortUnique(SOp values, SOp keys) {
        SOp target = selectorWidth(select(keys, keys, LT)).named("target_pos");
        return aggregate(select(target, indices(), EQ), values).named("sort");
    }

    /**
     * Elements in the ascending order of their keys. The sort is stable: elements with equal keys keep their order.
     *
     * @param values the elements
     * @param keys their keys, which are numbers
     * @param maxLength the longest input, BOS not counted
     * @param minKeyStep a positive number no larger than the smallest difference of two different keys
     * @return {@code values} sorted by {@code keys}
     */
    public static SOp sort(SOp values, SOp keys, int maxLength, double minKeyStep) {
        Fn.Binary distinct = new Fn.Linear(1, minKeyStep / maxLength);
        return sortUnique(values, sequenceMap(distinct, keys, indices()).named("keys"));
    }

    /**
     * The tokens in descending order of their frequency.
     *
     * @param maxLength the longest input, BOS not counted
     * @return the tokens; those that are equally frequent keep their order
     */
    public static SOp sortByFrequency(int maxLength) {
        return sort(tokens(), hist(tokens()).times(-1), maxLength, 1).named("sort_freq");
    }

    /**
     * The fraction of positions up to and including this one where a truth value holds.
     *
     * @param truths the truth values
     * @return a numerical s-op in [0, 1]
     */
    public static SOp fractionOfPrevious(SOp truths) {
        return aggregate(select(indices(), indices(), LEQ), truths.numerical(), 0)
                .named("frac_prevs");
    }

    /**
     * The fraction of opening brackets up to and including this position minus the fraction of closing ones.
     *
     * @param sop the sequence
     * @param open the opening bracket
     * @param close the closing bracket
     * @return a numerical s-op in [-1, 1]
     */
    public static SOp pairBalance(SOp sop, String open, String close) {
        SOp opens = fractionOfPrevious(sop.is(EQ, open).named("bools_open")).named("opens");
        SOp closes = fractionOfPrevious(sop.is(EQ, close).named("bools_close")).named("closes");
        return linearSequenceMap(opens, closes, 1, -1).named("pair_balance");
    }

    /**
     * Whether the brackets of each kind are balanced in the whole input, each kind considered by itself (Shuffle-Dyck).
     *
     * @param pairs one opening and one closing character each, such as {@code "()"}
     * @return a categorical s-op of truth values, the same at every position
     * @throws IllegalArgumentException if an element does not have two characters
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

    /**
     * The elements moved to later positions.
     *
     * @param sop the sequence
     * @param offset by how many positions
     * @return element {@code i - offset} of {@code sop} at position {@code i}; undefined where there is no such element
     */
    public static SOp shift(SOp sop, int offset) {
        Predicate atOffset = new Predicate.OfFunctions(
                Fn.Simple.IDENTITY, EQ, new Fn.WithRight(Fn.Operator.MINUS, Value.of(offset)));
        return aggregate(select(indices(), indices(), atOffset), sop).named("shift_by(" + offset + ")");
    }

    /**
     * Whether the last elements up to and including this position are those of a pattern.
     *
     * @param sop the sequence
     * @param pattern the elements looked for, at least one
     * @return a categorical s-op of truth values; undefined at the first {@code pattern.size() - 1} positions
     * @throws IllegalArgumentException if the pattern is empty
     */
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

    /**
     * How many tokens of the input occur at most {@code n} times.
     *
     * @param n the largest frequency that is counted
     * @return a categorical s-op of counts, the same at every position
     */
    public static SOp countLessFrequent(int n) {
        SOp hist = hist(tokens());
        Predicate rare = new Predicate.WithQuery(LEQ, Value.of(n));
        return selectorWidth(select(hist, hist, rare)).named("count_less_freq");
    }

    /**
     * How often an element occurs in the whole sequence.
     *
     * @param sop the sequence
     * @param element the element
     * @return a categorical s-op of counts, the same at every position
     */
    public static SOp count(SOp sop, Value element) {
        return selectorWidth(select(sop, sop, new Predicate.WithQuery(EQ, element)))
                .named("count_" + element);
    }

    /**
     * A function of any number of s-ops at each position. The intermediate tuples are categorical: they need one
     * direction for each combination of values that can occur.
     *
     * @param f the function; its list has one value for each s-op, in order
     * @param sops at least one
     * @return a categorical s-op
     */
    public static SOp combine(Function<List<Value>, Value> f, SOp... sops) {
        SOp tuple = sops[0];
        for (int i = 1; i < sops.length; i++) {
            tuple = sequenceMap(Fn.Pair.APPEND, tuple, sops[i]).named("tuple_" + (i + 1));
        }
        return tuple.map(x -> f.apply(x instanceof Value.Tuple t ? t.values() : List.of(x)));
    }
}
