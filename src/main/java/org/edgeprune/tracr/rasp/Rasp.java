package org.edgeprune.tracr.rasp;

/**
 * The language as static factories, for {@code import static}. The reversal of a sequence reads
 *
 * <pre>{@code
 * SOp length = selectorWidth(select(tokens(), tokens(), TRUE));
 * SOp opposite = length.minus(indices()).minus(1);
 * SOp reverse = aggregate(select(indices(), opposite, EQ), tokens());
 * }</pre>
 */
public final class Rasp {
    private Rasp() {}

    public static SOp tokens() {
        return new SOp.Tokens(Encoding.CATEGORICAL);
    }

    public static SOp indices() {
        return new SOp.Indices(Encoding.CATEGORICAL);
    }

    public static SOp constant(Value value) {
        return new SOp.Full(value, "full", Encoding.CATEGORICAL);
    }

    public static SOp constant(double number) {
        return constant(Value.of(number));
    }

    public static SOp constant(String text) {
        return constant(Value.of(text));
    }

    public static SOp map(Fn.Unary f, SOp inner) {
        return inner.map(f);
    }

    /** {@code f} of two categorical s-ops at each position. */
    public static SOp sequenceMap(Fn.Binary f, SOp first, SOp second) {
        return first.combine(f, second);
    }

    /** {@code firstFactor * first + secondFactor * second}: numerical, of two numerical s-ops. */
    public static SOp linearSequenceMap(SOp first, SOp second, double firstFactor, double secondFactor) {
        return new SOp.LinearSequenceMap(
                first, second, firstFactor, secondFactor, "linear_sequence_map", Encoding.NUMERICAL);
    }

    public static Selector select(SOp keys, SOp queries, Predicate predicate) {
        return new Selector(keys, queries, predicate);
    }

    public static SOp selectorWidth(Selector selector) {
        return new SOp.SelectorWidth(selector, "selector_width", Encoding.CATEGORICAL);
    }

    /** The mean of {@code values} at the selected positions, undefined where nothing is selected. */
    public static SOp aggregate(Selector selector, SOp values) {
        return aggregate(selector, values, Value.NONE);
    }

    /** The mean of {@code values} at the selected positions, in the encoding of {@code values}. */
    public static SOp aggregate(Selector selector, SOp values, Value fallback) {
        return new SOp.Aggregate(selector, values, fallback, "aggregate", values.encoding());
    }

    public static SOp aggregate(Selector selector, SOp values, double fallback) {
        return aggregate(selector, values, Value.of(fallback));
    }
}
