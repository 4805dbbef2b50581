package org.edgeprune.tracr;

import java.util.ArrayList;
import java.util.List;
import org.edgeprune.tracr.rasp.Value;

/**
 * A transformer with what its inputs, outputs and residual directions mean.
 *
 * @param residualLabels the name of each residual dimension, such as {@code tokens:1} or {@code reverse:2}
 */
public record CompiledModel(
        TransformerConfig config,
        TransformerWeights weights,
        Vocabulary vocabulary,
        Output output,
        List<String> residualLabels) {

    public CompiledModel {
        residualLabels = List.copyOf(residualLabels);
    }

    /** The forward of this model in double precision. */
    public ReferenceForward forward() {
        return new ReferenceForward(config, weights);
    }

    /** The model's value at each position of {@code input}, BOS left out on both sides. */
    public List<Value> run(List<Value> input) {
        double[][] outputs = forward().run(vocabulary.encode(input));
        List<Value> values = new ArrayList<>();
        for (int i = 1; i < outputs.length; i++) {
            values.add(output.decode(outputs[i]));
        }
        return values;
    }
}
