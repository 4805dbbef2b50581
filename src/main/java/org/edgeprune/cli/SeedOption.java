package org.edgeprune.cli;

import picocli.CommandLine.Option;

/** {@code --seed}: of every random choice that a command makes. */
final class SeedOption {
    static final long DEFAULT = 42;

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "" + DEFAULT,
            description = "Seed of every random choice (default: ${DEFAULT-VALUE}).")
    private long seed;

    long value() {
        return seed;
    }
}
