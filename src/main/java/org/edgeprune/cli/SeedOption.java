package org.edgeprune.cli;

import picocli.CommandLine.Option;

/** {@code --seed}, of all random choices of a command. */
final class SeedOption {
    static final long DEFAULT = 42;

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "" + DEFAULT,
            description = "Seed of all random choices (default: ${DEFAULT-VALUE}).")
    private long seed;

    long value() {
        return seed;
    }
}
