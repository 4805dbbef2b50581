package org.edgeprune.tracr;

import java.util.List;
import org.edgeprune.tracr.rasp.Encoding;
import org.edgeprune.tracr.rasp.Value;

/**
 * What the unembedded outputs of a compiled model mean.
 *
 * @param values the value of each output of a categorical model, in order; empty for a numerical one
 */
public record Output(Encoding encoding, List<Value> values) {
    /** Below this no direction of a categorical output is taken to be on. */
    private static final double ON = 0.5;

    public Output {
        values = List.copyOf(values);
    }

    /** The value at one position: the number itself, or the value of the greatest output, none where all are off. */
    public Value decode(double[] outputs) {
        if (encoding == Encoding.NUMERICAL) {
            return Value.of(outputs[0]);
        }
        int best = 0;
        for (int i = 1; i < outputs.length; i++) {
            best = outputs[i] > outputs[best] ? i : best;
        }
        return outputs[best] < ON ? Value.NONE : values.get(best);
    }

    /** What {@code value} ideally looks like, [outputs]: one-hot, or the number; all zero for none. */
    public double[] ideal(Value value) {
        if (encoding == Encoding.NUMERICAL) {
            return new double[] {value.isDefined() ? value.number() : 0};
        }
        double[] outputs = new double[values.size()];
        if (value.isDefined()) {
            outputs[index(value)] = 1;
        }
        return outputs;
    }

    private int index(Value value) {
        for (int i = 0; i < values.size(); i++) {
            if (values.get(i).matches(value)) {
                return i;
            }
        }
        throw new IllegalArgumentException(value + " is not among the outputs " + values);
    }
}
