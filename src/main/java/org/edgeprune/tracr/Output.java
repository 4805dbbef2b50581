package org.edgeprune.tracr;

import java.util.List;
import org.edgeprune.tracr.rasp.Encoding;
import org.edgeprune.tracr.rasp.Value;

/**
 * The meaning of a compiled model's outputs.
 *
 * @param encoding categorical (one output for each value) or numerical (one output, the number)
 * @param values the value of each output of a categorical model, in order; empty for a numerical one
 */
public record Output(Encoding encoding, List<Value> values) {
    /** An output of a categorical model below this counts as 0. */
    private static final double ON = 0.5;

    /** Copies the values. */
    public Output {
        values = List.copyOf(values);
    }

    /**
     * The value at one position.
     *
     * @param outputs the outputs at that position, [outputs]
     * @return the number itself, or the value of the greatest output, {@link Value#NONE} where no output reaches 0.5
     */
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

    /**
     * The exact outputs for a value.
     *
     * @param value a value that the model can have
     * @return [outputs]: one-hot, or the number; all zero for an undefined value
     * @throws IllegalArgumentException if the model cannot have the value
     */
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
