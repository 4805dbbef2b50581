package org.edgeprune.tracr;

import java.util.ArrayList;
import java.util.List;
import org.edgeprune.tracr.rasp.Value;

/**
 * A compiled transformer with the meaning of its inputs, outputs and residual dimensions.
 *
 * @param config the shape
 * @param weights the weights, of that shape
 * @param vocabulary the tokens of its inputs
 * @param output the meaning of its outputs
 * @param residualLabels [model size]: the name of each residual dimension, such as {@code tokens:1} or
 *     {@code reverse:2}
 */
public record CompiledModel(
        TransformerConfig config,
        TransformerWeights weights,
        Vocabulary vocabulary,
        Output output,
        List<String> residualLabels) {

    /** Copies the labels. */
    public CompiledModel {
        residualLabels = List.copyOf(residualLabels);
    }

    /**
     * The forward pass of this model in double precision.
     *
     * @return a new instance, which analyses the weights
     */
    public ReferenceForward forward() {
        return new ReferenceForward(config, weights);
    }

    /**
     * Runs the model on one input.
     *
     * @param input the tokens, without BOS
     * @return the model's value at each position of {@code input}
     * @throws org.edgeprune.io.InputException if a token is not in the vocabulary or the input is too long
     */
    public List<Value> run(List<Value> input) {
        double[][] outputs = forward().run(vocabulary.encode(input));
        List<Value> values = new ArrayList<>();
        for (int i = 1; i < outputs.length; i++) {
            values.add(output.decode(outputs[i]));
        }
        return values;
    }
}
