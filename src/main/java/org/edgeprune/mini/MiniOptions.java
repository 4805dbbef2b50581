package org.edgeprune.mini;

import org.edgeprune.io.InputException;
import org.edgeprune.model.architecture.Gpt2Config;

/**
 * Sizes and hyper-parameters of a training run. {@link #defaults()} are those of the bundled model.
 *
 * @param layers the number of layers, up to 1000
 * @param heads the number of attention heads in each layer
 * @param hiddenSize the width of the residual stream, a multiple of {@code heads}, up to 16384
 * @param steps the number of optimiser steps
 * @param batchSize the number of texts in a step, up to 16384
 * @param seed the seed of initial weights, training texts and evaluation prompts
 * @param learningRate the highest learning rate, above 0 and at most 1
 * @param warmupSteps the steps until that rate is reached; it then falls linearly to zero at the last step
 * @param weightDecay the weight decay of matrices and embeddings, from 0 to 1; norms and biases have none
 * @param contextWeight the weight in the loss of a token before the answer, from 0 to 1000; the answer and the tokens
 *     after it have weight one
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

    private static final int MOST_LAYERS = 1000;
    private static final int MOST_WIDTH = 1 << 14;
    private static final int MOST_TEXTS = 1 << 14;
    private static final long MOST_PARAMETERS = 1_000_000_000;

    /**
     * Checks the ranges.
     *
     * @throws InputException naming the option that is out of range
     */
    public MiniOptions {
        if (layers < 1 || heads < 1 || hiddenSize < 1 || steps < 1 || batchSize < 1) {
            throw new InputException("train-mini: layers, heads, width, steps and batch size must be at least 1");
        }
        if (layers > MOST_LAYERS || hiddenSize > MOST_WIDTH || batchSize > MOST_TEXTS) {
            throw new InputException("train-mini: at most " + MOST_LAYERS + " layers, a width of " + MOST_WIDTH
                    + " and " + MOST_TEXTS + " texts per step");
        }
        if (12L * layers * hiddenSize * hiddenSize > MOST_PARAMETERS) {
            throw new InputException("train-mini: " + layers + " layers of width " + hiddenSize
                    + " have more than 1,000,000,000 parameters: choose fewer layers or a smaller width");
        }
        require(learningRate > 0 && learningRate <= 1, "--learning-rate", learningRate, "above 0 and at most 1");
        require(weightDecay >= 0 && weightDecay <= 1, "--weight-decay", weightDecay, "from 0 to 1");
        require(contextWeight >= 0 && contextWeight <= 1000, "--context-weight", contextWeight, "from 0 to 1000");
        require(warmupSteps >= 0, "--warmup-steps", warmupSteps, "at least 0");
        if (hiddenSize % heads != 0) {
            throw new InputException("train-mini: " + heads + " heads do not divide the width " + hiddenSize);
        }
    }

    private static void require(boolean holds, String option, Object value, String range) {
        if (!holds) {
            throw new InputException("train-mini: " + option + " " + value + ": must be " + range);
        }
    }

    /**
     * The options that the bundled model was trained with.
     *
     * @return the options
     */
    public static MiniOptions defaults() {
        return new MiniOptions(6, 8, 128, 4000, 64, 42, 2e-3, 200, 0.1, 0.03);
    }

    Gpt2Config config(int vocabSize) {
        return Gpt2Config.ofSize(layers, heads, hiddenSize, 4 * hiddenSize, vocabSize, POSITIONS);
    }
}
