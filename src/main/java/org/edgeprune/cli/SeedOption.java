package org.edgeprune.cli;

import picocli.CommandLine.Option;

/** {@code --seed}: of every random choice that a command makes. */
final class SeedOption {
    @Option(names = "--seed", paramLabel = "N", defaultValue = "42", description = "Seed of every random choice (default: ${DEFAULT-VALUE}).")
    private long seed;

    long value() {
        return seed;
    }
}
