package org.edgeprune.cli;

import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Option;

/** {@code --max-samples}: only the first examples of a part are used. */
final class SamplesOption {
    @Option(names = "--max-samples", paramLabel = "N", description = "Use the first N examples only.")
    private Optional<Integer> maxSamples = Optional.empty();

    /** Refuses a number below 1. */
    void check() {
        Bounds.atLeast(1, "--max-samples", maxSamples);
    }

    /** The first of some examples, all of them if no number was given. */
    <T> List<T> first(List<T> all) {
        return maxSamples.isPresent() && maxSamples.get() < all.size() ? all.subList(0, maxSamples.get()) : all;
    }
}
