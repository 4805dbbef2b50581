package org.edgeprune.cli;

import org.edgeprune.model.Execution;
import picocli.CommandLine.Option;

/** {@code --recompute}, for commands that differentiate. */
final class RecomputeOption {
    @Option(
            names = "--recompute",
            description =
                    "Compute each block a second time in the backward instead of keeping what it computed: less memory, about a"
                            + " third more time. The same numbers.")
    private boolean recompute;

    Execution over(Execution execution) {
        return recompute ? execution.recomputing() : execution;
    }
}
