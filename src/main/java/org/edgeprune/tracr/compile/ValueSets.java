package org.edgeprune.tracr.compile;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.Supplier;
import org.edgeprune.io.InputException;
import org.edgeprune.tracr.rasp.Fn;
import org.edgeprune.tracr.rasp.SOp;
import org.edgeprune.tracr.rasp.Value;

/**
 * Basis inference: the values that each s-op can take on any input, and its directions of the residual stream. A
 * superset only costs directions; a missing value would make the model wrong.
 */
final class ValueSets {
    /** The most values of one s-op. A sequence map needs a hidden unit for each pair of values. */
    static final int MAX_VALUES = 200_000;

    /** The most values that are computed for all s-ops together, duplicates included. */
    private static final long MAX_COMPUTED = 4_000_000;

    private final Map<ProgramGraph.Node, SortedSet<Value>> values = new HashMap<>();
    private final List<Value> vocabulary;
    private final int maxLength;
    private long computed;

    ValueSets(ProgramGraph graph, List<Value> vocabulary, int maxLength) {
        this.vocabulary = vocabulary;
        this.maxLength = maxLength;
        for (ProgramGraph.Node node : graph.nodes()) {
            SortedSet<Value> inferred = named(node, () -> infer(node));
            inferred.remove(Value.NONE);
            if (inferred.isEmpty()) {
                throw new InputException("s-op " + node.label() + ": it is undefined on every input");
            }
            values.put(node, node.sop().isNumerical() ? numbers(node, inferred) : inferred);
        }
    }

    /** The values of an s-op, without {@link Value#NONE}. */
    SortedSet<Value> of(ProgramGraph.Node node) {
        return values.get(node);
    }

    /** One direction for each value of a categorical s-op, a single direction for a numerical one. */
    Space space(ProgramGraph.Node node) {
        return node.sop().isCategorical()
                ? Space.ofValues(node.label(), values.get(node))
                : Space.of(new Direction(node.label()));
    }

    /** Runs functions of the program, so that an error in one of them names its s-op. */
    static <T> T named(ProgramGraph.Node node, Supplier<T> action) {
        try {
            return action.get();
        } catch (IllegalArgumentException e) {
            throw new InputException("s-op " + node.label() + ": " + e.getMessage(), e);
        }
    }

    private SortedSet<Value> infer(ProgramGraph.Node node) {
        SortedSet<Value> set = new TreeSet<>();
        count(node);
        switch (node.sop()) {
            case SOp.Tokens s -> set.addAll(vocabulary);
            case SOp.Indices s -> addRange(set, maxLength - 1);
            case SOp.SelectorWidth s -> addRange(set, maxLength);
            case SOp.Full s -> set.add(s.fill());
            case SOp.Map s -> of(node.input(0)).forEach(x -> set.add(s.f().apply(x)));
            case SOp.SequenceMap s -> addPairs(set, node, s.f());
            case SOp.LinearSequenceMap s -> addPairs(set, node, new Fn.Linear(s.firstFactor(), s.secondFactor()));
            case SOp.Aggregate s when s.isCategorical() -> set.addAll(of(node.input(2)));
            case SOp.Aggregate s -> addMeans(set, of(node.input(2)));
        }
        return set;
    }

    /** Refuses an s-op with too many values before they are computed. */
    private void count(ProgramGraph.Node node) {
        long count =
                switch (node.sop()) {
                    case SOp.Tokens s -> vocabulary.size();
                    case SOp.Indices s -> maxLength;
                    case SOp.SelectorWidth s -> maxLength + 1L;
                    case SOp.Full s -> 1;
                    case SOp.Map s -> of(node.input(0)).size();
                    case SOp.SequenceMap s -> pairs(node);
                    case SOp.LinearSequenceMap s -> pairs(node);
                    case SOp.Aggregate s
                    when s.isCategorical() -> of(node.input(2)).size();
                    // every fraction of at most maxLength positions
                    case SOp.Aggregate s -> maxLength * (maxLength + 3L) / 2;
                };
        computed += count;
        if (count > MAX_VALUES || computed > MAX_COMPUTED) {
            throw new IllegalArgumentException((node.sop().inputs().size() == 2
                            ? "it combines " + of(node.input(0)).size() + " with "
                                    + of(node.input(1)).size() + " values"
                            : "it has " + count + " values, and all s-ops so far " + computed)
                    + ": use a smaller vocabulary or a shorter length");
        }
    }

    private long pairs(ProgramGraph.Node node) {
        return (long) of(node.input(0)).size() * of(node.input(1)).size();
    }

    private static void addRange(SortedSet<Value> set, int last) {
        for (int i = 0; i <= last; i++) {
            set.add(Value.of(i));
        }
    }

    private void addPairs(SortedSet<Value> set, ProgramGraph.Node node, Fn.Binary f) {
        SortedSet<Value> first = of(node.input(0));
        SortedSet<Value> second = of(node.input(1));
        for (Value x : first) {
            second.forEach(y -> set.add(f.apply(x, y)));
        }
    }

    private void addMeans(SortedSet<Value> set, SortedSet<Value> binary) {
        for (Value value : binary) {
            if (!Validator.isBinary(value)) {
                throw new IllegalArgumentException(
                        "a numerical aggregate supports only the inputs 0 and 1, but may get " + value);
            }
        }
        for (int selected = 1; selected <= maxLength; selected++) {
            for (int ones = 0; ones <= selected; ones++) {
                set.add(Value.of((double) ones / selected));
            }
        }
    }

    /** As numbers. Values that differ only by rounding are merged, since no MLP could tell them apart. */
    private static SortedSet<Value> numbers(ProgramGraph.Node node, SortedSet<Value> values) {
        SortedSet<Value> sorted = new TreeSet<>();
        named(node, () -> {
            values.forEach(v -> sorted.add(Value.of(v.number())));
            return null;
        });
        SortedSet<Value> distinct = new TreeSet<>();
        for (Value value : sorted) {
            if (distinct.isEmpty() || !distinct.last().matches(value)) {
                distinct.add(value);
            }
        }
        return distinct;
    }
}
