package org.edgeprune.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.edgeprune.AvailableMemory;

/**
 * The peak memory of this process from a moment on, by sampling. Anonymous memory is allocated by the process: tensors,
 * the Java heap. Pages of mapped files, such as a checkpoint's, are counted separately: the system reclaims them when
 * it needs memory. Where there is no {@code /proc}, as on macOS, all resident memory counts as anonymous, and it is
 * looked at less often, because each look starts a process.
 */
final class PeakMemory implements AutoCloseable {
    private static final Path STATUS = Path.of("/proc/self/status");
    private static final boolean PROC = Files.exists(STATUS);
    private static final long MILLISECONDS = PROC ? 20 : 200;

    /**
     * Resident memory, in bytes.
     *
     * @param anonymous memory allocated by the process
     * @param file pages of mapped files
     * @param highest the peak of both together according to the system (VmHWM)
     */
    record Resident(long anonymous, long file, long highest) {
        /** The current memory of this process. */
        static Resident now() {
            if (!PROC) {
                long all = AvailableMemory.resident()
                        .orElseThrow(() -> new IllegalStateException("ps does not tell the memory of this process"));
                return new Resident(all, 0, all);
            }
            try {
                return parse(Files.readString(STATUS));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        static Resident parse(String status) {
            return new Resident(bytes(status, "RssAnon:"), bytes(status, "RssFile:"), bytes(status, "VmHWM:"));
        }

        /** A line such as {@code RssAnon: 1234 kB}. */
        private static long bytes(String status, String field) {
            int line = status.indexOf("\n" + field);
            if (line < 0) {
                throw new IllegalStateException(STATUS + " has no " + field);
            }
            int start = line + 1 + field.length();
            return 1024
                    * Long.parseLong(
                            status.substring(start, status.indexOf("kB", start)).strip());
        }

        Resident or(Resident other) {
            return new Resident(
                    Math.max(anonymous, other.anonymous), Math.max(file, other.file), Math.max(highest, other.highest));
        }
    }

    private final Thread sampler;
    private Resident peak = Resident.now();

    private PeakMemory() {
        sampler = Thread.ofPlatform().daemon().name("peak-memory").unstarted(this::watch);
    }

    /** Starts sampling. */
    static PeakMemory watching() {
        PeakMemory memory = new PeakMemory();
        memory.sampler.start();
        return memory;
    }

    private void watch() {
        try {
            while (true) {
                peak();
                Thread.sleep(MILLISECONDS);
            }
        } catch (InterruptedException e) {
            // closed
        }
    }

    /** The peak of each value since this was opened. */
    synchronized Resident peak() {
        peak = peak.or(Resident.now());
        return peak;
    }

    @Override
    public void close() {
        sampler.interrupt();
    }
}
