package org.edgeprune.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The most memory that this process had from a moment on, by looking now and then. Anonymous memory is what it took for
 * itself: tensors, the Java heap. Pages of mapped files, like a checkpoint's, are counted apart: the system takes them
 * back whenever it needs room.
 */
final class PeakMemory implements AutoCloseable {
    private static final Path STATUS = Path.of("/proc/self/status");
    private static final long MILLISECONDS = 20;

    /**
     * Resident memory, in bytes.
     *
     * @param anonymous the process's own
     * @param file pages of mapped files
     * @param highest the most of both together, by the system's own account (VmHWM)
     */
    record Resident(long anonymous, long file, long highest) {
        /** This process's, now. */
        static Resident now() {
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

    /** Looks from now on. */
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

    /** The most of each since this was opened. */
    synchronized Resident peak() {
        peak = peak.or(Resident.now());
        return peak;
    }

    @Override
    public void close() {
        sampler.interrupt();
    }
}
