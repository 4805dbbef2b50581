package org.edgeprune.cli;

import org.edgeprune.io.InputException;
import picocli.CommandLine.Option;

/** {@code --batch-size} and {@code --tokens}: the prompts of a pruning step whose time or memory is of interest. */
final class StepOptions {
    @Option(names = "--batch-size", paramLabel = "N", description = "Prompts per step (default: ${DEFAULT-VALUE}).")
    private int batchSize;

    @Option(
            names = "--tokens",
            paramLabel = "N",
            defaultValue = "20",
            description = "Tokens per prompt (default: ${DEFAULT-VALUE}).")
    private int tokens;

    /** @param batchSize the command's default */
    StepOptions(int batchSize) {
        this.batchSize = batchSize;
    }

    int batchSize() {
        return batchSize;
    }

    int tokens() {
        return tokens;
    }

    /** @throws InputException if one of both is less than 1 */
    void requirePositive() {
        if (batchSize < 1 || tokens < 1) {
            throw new InputException("--batch-size " + batchSize + " --tokens " + tokens + ": both must be at least 1");
        }
    }
}
