package org.edgeprune.cli;

import org.edgeprune.model.Execution;
import picocli.CommandLine.Option;

/** {@code --recompute}, for commands with a backward pass. */
final class RecomputeOption {
    @Option(
            names = "--recompute",
            description =
                    "Recompute each block in the backward pass instead of storing its activations: less memory, about a"
                            + " third more time, the same results.")
    private boolean recompute;

    Execution over(Execution execution) {
        return recompute ? execution.recomputing() : execution;
    }
}
