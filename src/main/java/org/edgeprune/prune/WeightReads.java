package org.edgeprune.prune;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What offloaded weights cost that do not fit into the page cache: each pass over them reads the whole checkpoint from
 * the disk, beside the computation.
 *
 * @param bytes size of the checkpoint
 * @param bytesPerSecond what the disk reads
 */
record WeightReads(long bytes, double bytesPerSecond) {
    /** Passes of a step: the full model's two, the masked forward and the backward, which recomputes each block. */
    private static final int FULL = 4;

    private static final int CACHED = 2;
    private static final int EVALUATION = 3;

    private static final int BLOCK = 8 << 20;
    private static final int ALIGNMENT = 4096;
    private static final int BLOCKS = 32;

    /**
     * Measures the disk.
     *
     * @param directory of the model
     * @param bytes size of its checkpoint
     * @return empty where the disk cannot be read past the page cache
     */
    static Optional<WeightReads> of(Path directory, long bytes) {
        try (Stream<Path> files = Files.list(directory)) {
            Path largest = files.filter(file -> file.toString().endsWith(".safetensors"))
                    .max(Comparator.comparingLong(file -> file.toFile().length()))
                    .orElseThrow(() -> new IOException("no weights"));
            return Optional.of(new WeightReads(bytes, speed(largest)));
        } catch (IOException | UnsupportedOperationException e) {
            return Optional.empty();
        }
    }

    /** The end of a file, past the page cache. */
    private static double speed(Path file) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocateDirect(BLOCK + ALIGNMENT).alignedSlice(ALIGNMENT);
        buffer.limit(BLOCK);
        long read = 0;
        long began = System.nanoTime();
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, direct())) {
            long start = Math.max(0, channel.size() / BLOCK - BLOCKS) * BLOCK;
            for (int got = 0; got >= 0 && read < (long) BLOCKS * BLOCK; ) {
                got = channel.read(buffer.clear().limit(BLOCK), start + read);
                read += Math.max(0, got);
                if (got < BLOCK) {
                    break;
                }
            }
        }
        return read / ((System.nanoTime() - began) / 1e9);
    }

    /** An option of the JDK to which javac objects, as not every JDK need have it. */
    private static OpenOption direct() {
        try {
            return (OpenOption) Class.forName("com.sun.nio.file.ExtendedOpenOption")
                    .getField("DIRECT")
                    .get(null);
        } catch (ReflectiveOperationException e) {
            throw new UnsupportedOperationException("this Java reads through the page cache only", e);
        }
    }

    /**
     * The least time of a step.
     *
     * @param microBatches that each make these passes
     */
    StepTimes of(int microBatches) {
        double pass = microBatches * bytes / bytesPerSecond;
        return new StepTimes(FULL * pass, CACHED * pass, EVALUATION * pass);
    }
}
