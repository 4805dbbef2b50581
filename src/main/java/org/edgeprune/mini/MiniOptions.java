package org.edgeprune.mini;

import org.edgeprune.io.InputException;
import org.edgeprune.model.architecture.Gpt2Config;

/**
 * Sizes and hyper-parameters of a training run. {@link #defaults()} are those of the bundled model.
 *
 * @param layers number of layers
 * @param heads attention heads a layer
 * @param hiddenSize width of the residual stream, a multiple of {@code heads}
 * @param steps optimiser steps
 * @param batchSize texts a step
 * @param seed of initial weights, training texts and held-out prompts
 * @param learningRate at its highest
 * @param warmupSteps until it is reached; it then falls linearly to zero at the last step
 * @param weightDecay of matrices and embeddings; norms and biases have none
 * @param contextWeight what a token before the answer counts in the loss, where the answer and what follows count one
 */
public record MiniOptions(
        int layers,
        int heads,
        int hiddenSize,
        int steps,
        int batchSize,
        long seed,
        double learningRate,
        int warmupSteps,
        double weightDecay,
        double contextWeight) {
    /** The longest text that the model can take, in tokens. */
    static final int POSITIONS = 64;

    public MiniOptions {
        if (layers < 1 || heads < 1 || hiddenSize < 1 || steps < 1 || batchSize < 1) {
            throw new InputException("train-mini: layers, heads, width, steps and batch size must be at least 1");
        }
        if (hiddenSize % heads != 0) {
            throw new InputException("train-mini: " + heads + " heads do not divide the width " + hiddenSize);
        }
    }

    /** What the bundled model was trained with. */
    public static MiniOptions defaults() {
        return new MiniOptions(6, 8, 128, 4000, 64, 42, 2e-3, 200, 0.1, 0.03);
    }

    Gpt2Config config(int vocabSize) {
        return Gpt2Config.ofSize(layers, heads, hiddenSize, 4 * hiddenSize, vocabSize, POSITIONS);
    }
}
