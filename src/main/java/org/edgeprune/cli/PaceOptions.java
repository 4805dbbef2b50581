package org.edgeprune.cli;

import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.edgeprune.io.InputException;
import org.edgeprune.prune.Pruner;
import picocli.CommandLine.Option;

/** The amount of training data, and the intervals of evaluations and checkpoints. */
final class PaceOptions {
    /** One pebibyte. */
    private static final long MOST_MEGABYTES = 1L << 30;

    @Option(names = "--max-train-samples", paramLabel = "N", description = "Train on the first N examples only.")
    private Integer maxTrainSamples;

    @Option(
            names = "--evaluate-every",
            paramLabel = "N",
            defaultValue = "64",
            description = "Steps between evaluations on the validation split; 0 for none (default: ${DEFAULT-VALUE}).")
    private int evaluateEvery;

    @Option(
            names = "--save-every",
            paramLabel = "N",
            defaultValue = "64",
            description = "Steps between checkpoints; 0 for none (default: ${DEFAULT-VALUE}).")
    private int saveEvery;

    @Option(
            names = "--cache-mb",
            paramLabel = "N",
            description = "Memory in MB for caching the full model's states (default: 4096, or the resumed run's).")
    private Long cacheMegabytes;

    /** The number that was given, else {@code otherwise}; empty for all. */
    OptionalInt maxTrainSamples(Optional<Integer> otherwise) {
        if (maxTrainSamples != null && maxTrainSamples < 1) {
            throw new InputException("--max-train-samples " + maxTrainSamples + ": must be at least 1");
        }
        return Stream.concat(Stream.ofNullable(maxTrainSamples), otherwise.stream())
                .mapToInt(Integer::intValue)
                .findFirst();
    }

    private static void requireNotNegative(String option, int value) {
        if (value < 0) {
            throw new InputException(option + " " + value + ": must not be negative; 0 is for none");
        }
    }

    /** What was given; {@code cacheBytes} otherwise, null for the usual. */
    Pruner.Pace pace(Long cacheBytes) {
        if (cacheMegabytes != null && (cacheMegabytes < 0 || cacheMegabytes > MOST_MEGABYTES)) {
            throw new InputException("--cache-mb " + cacheMegabytes + ": must be from 0 to " + MOST_MEGABYTES);
        }
        requireNotNegative("--evaluate-every", evaluateEvery);
        requireNotNegative("--save-every", saveEvery);
        long otherwise = cacheBytes == null ? Pruner.Pace.REFERENCE.cacheBytes() : cacheBytes;
        return new Pruner.Pace(evaluateEvery, saveEvery, cacheMegabytes == null ? otherwise : cacheMegabytes << 20);
    }
}
