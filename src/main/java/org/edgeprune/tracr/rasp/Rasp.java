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

    /**
     * The input tokens.
     *
     * @return a categorical s-op
     */
    public static SOp tokens() {
        return new SOp.Tokens(Encoding.CATEGORICAL);
    }

    /**
     * The positions 0, 1, 2, ..., BOS not counted.
     *
     * @return a categorical s-op
     */
    public static SOp indices() {
        return new SOp.Indices(Encoding.CATEGORICAL);
    }

    /**
     * The same value at every position.
     *
     * @param value the value
     * @return a categorical s-op
     */
    public static SOp constant(Value value) {
        return new SOp.Full(value, "full", Encoding.CATEGORICAL);
    }

    /**
     * The same number at every position.
     *
     * @param number the number
     * @return a categorical s-op
     */
    public static SOp constant(double number) {
        return constant(Value.of(number));
    }

    /**
     * The same text at every position.
     *
     * @param text the text
     * @return a categorical s-op
     */
    public static SOp constant(String text) {
        return constant(Value.of(text));
    }

    /**
     * A function of each element: {@link SOp#map}.
     *
     * @param f the function
     * @param inner the elements
     * @return a categorical s-op
     */
    public static SOp map(Fn.Unary f, SOp inner) {
        return inner.map(f);
    }

    /**
     * A function of the elements of two categorical s-ops at the same position: {@link SOp#combine}.
     *
     * @param f the function
     * @param first its first argument
     * @param second its second argument
     * @return a categorical s-op
     */
    public static SOp sequenceMap(Fn.Binary f, SOp first, SOp second) {
        return first.combine(f, second);
    }

    /**
     * {@code firstFactor * first + secondFactor * second} at each position.
     *
     * @param first a numerical s-op
     * @param second a numerical s-op
     * @param firstFactor the factor of {@code first}
     * @param secondFactor the factor of {@code second}
     * @return a numerical s-op
     */
    public static SOp linearSequenceMap(SOp first, SOp second, double firstFactor, double secondFactor) {
        return new SOp.LinearSequenceMap(
                first, second, firstFactor, secondFactor, "linear_sequence_map", Encoding.NUMERICAL);
    }

    /**
     * The selector of a predicate.
     *
     * @param keys the value of each key's position
     * @param queries the value of each query's position
     * @param predicate which keys a query selects
     * @return the selector
     */
    public static Selector select(SOp keys, SOp queries, Predicate predicate) {
        return new Selector(keys, queries, predicate);
    }

    /**
     * For each query position, the number of selected keys.
     *
     * @param selector which keys are counted
     * @return a categorical s-op of counts
     */
    public static SOp selectorWidth(Selector selector) {
        return new SOp.SelectorWidth(selector, "selector_width", Encoding.CATEGORICAL);
    }

    /**
     * The mean of the values at the selected positions, undefined where no position is selected.
     *
     * @param selector which positions are averaged
     * @param values the values; numbers, or texts of which only equal ones are averaged
     * @return an s-op in the encoding of {@code values}
     */
    public static SOp aggregate(Selector selector, SOp values) {
        return aggregate(selector, values, Value.NONE);
    }

    /**
     * The mean of the values at the selected positions.
     *
     * @param selector which positions are averaged
     * @param values the values; numbers, or texts of which only equal ones are averaged
     * @param fallback the value where no position is selected
     * @return an s-op in the encoding of {@code values}
     */
    public static SOp aggregate(Selector selector, SOp values, Value fallback) {
        return new SOp.Aggregate(selector, values, fallback, "aggregate", values.encoding());
    }

    /**
     * The mean of the values at the selected positions.
     *
     * @param selector which positions are averaged
     * @param values the numbers
     * @param fallback the number where no position is selected
     * @return an s-op in the encoding of {@code values}
     */
    public static SOp aggregate(Selector selector, SOp values, double fallback) {
        return aggregate(selector, values, Value.of(fallback));
    }
}
