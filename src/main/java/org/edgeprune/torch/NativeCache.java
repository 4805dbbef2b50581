package org.edgeprune.torch;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.edgeprune.io.AtomicFile;
import org.edgeprune.io.CacheDirectory;
import org.edgeprune.io.Complaint;
import org.edgeprune.io.Digest;
import org.edgeprune.io.InputException;
import org.edgeprune.io.TextReader;

/**
 * The user's directory of unpacked native libraries, normally {@link CacheDirectory#ofUser}.
 *
 * <p>Every file has a record beside it ({@code NAME.record}: SHA-256, size and time of modification), written after the
 * file is whole. A file whose size and time are as recorded is used as it is; on any doubt its digest decides, and a
 * wrong file is unpacked again. Files are written under another name, flushed and renamed, so that a killed process
 * leaves nothing half-written behind and the next one goes on from the files that are done. One process at a time
 * unpacks; others wait for it, and say so on standard error after {@value #SILENT_SECONDS} seconds.
 */
final class NativeCache {
    /** A file to be unpacked, with its size as stored; gzip-compressed content is decompressed. */
    record Source(String name, long size, Content content) {
        /** Opens the content, from its beginning. */
        interface Content {
            InputStream open() throws IOException;
        }
    }

    private static final int SILENT_SECONDS = 2;
    private static final long POLL_MILLIS = 20;
    private static final String RECORD = ".record";

    private final Path root;

    NativeCache(Path root) {
        this.root = root.toAbsolutePath();
    }

    static NativeCache ofUser() {
        return new NativeCache(CacheDirectory.ofUser());
    }

    /** A short name for some content, to make a key of. */
    static String keyOf(byte[] content) {
        return Digest.sha256(content).substring(0, 12);
    }

    /**
     * The directory that holds all of {@code sources}, unpacked where necessary.
     *
     * @param key names the directory; it must change whenever a source's content does
     * @throws InputException if the cache cannot be written
     */
    Path provide(String key, List<Source> sources) {
        Path directory = root.resolve(key);
        try {
            if (sources.stream().allMatch(s -> looksIntact(directory.resolve(s.name())))) {
                return directory;
            }
            Files.createDirectories(directory);
            // FileChannel.lock keeps processes apart, the monitor this process's threads.
            synchronized (NativeCache.class) {
                try (FileChannel file = FileChannel.open(
                                directory.resolve(".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                        FileLock _ = lock(file, directory)) {
                    unpackMissing(directory, sources);
                }
            }
            return directory;
        } catch (IOException e) {
            throw new InputException(
                    "cannot unpack native libraries into " + directory + ": " + Complaint.reason(e)
                            + "; make room there or name another directory in EDGEPRUNE_CACHE",
                    e);
        }
    }

    /** Reads every file of {@code key} and compares its digest with the record: the names of those that differ. */
    List<String> damaged(String key, List<Source> sources) {
        Path directory = root.resolve(key);
        return sources.stream()
                .map(Source::name)
                .filter(name -> !isIntact(directory.resolve(name)))
                .toList();
    }

    /** Waits for the process that unpacks now; the lock of a process that dies is free. */
    private static FileLock lock(FileChannel file, Path directory) throws IOException {
        long began = System.nanoTime();
        boolean silent = true;
        FileLock lock;
        while ((lock = file.tryLock()) == null) {
            if (silent && System.nanoTime() - began > TimeUnit.SECONDS.toNanos(SILENT_SECONDS)) {
                System.err.println(
                        "edgeprune: waiting for another process that is unpacking native libraries into " + directory);
                silent = false;
            }
            try {
                Thread.sleep(POLL_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new InterruptedIOException("interrupted while another process was unpacking");
            }
        }
        return lock;
    }

    private static void unpackMissing(Path directory, List<Source> sources) throws IOException {
        try (DirectoryStream<Path> left = Files.newDirectoryStream(directory, AtomicFile::isTemporary)) {
            for (Path part : left) {
                Files.delete(part);
            }
        }
        long needed = 0;
        for (Source source : sources) {
            needed += looksIntact(directory.resolve(source.name())) ? 0 : source.size();
        }
        long free = Files.getFileStore(directory).getUsableSpace();
        if (free < needed) {
            throw new IOException("%d MB are needed there and %d MB are free".formatted(needed >> 20, free >> 20));
        }
        for (Source source : sources) {
            Path target = directory.resolve(source.name());
            if (looksIntact(target)) {
                continue;
            }
            if (isIntact(target)) {
                record(target, Unpacked.of(target).sha256());
            } else {
                unpack(source, target);
            }
        }
    }

    private static void unpack(Source source, Path target) throws IOException {
        Digest digest = Digest.sha256();
        Files.deleteIfExists(beside(target, RECORD));
        AtomicFile.replace(target, out -> {
            try (InputStream in = TextReader.decompressed(source.content().open())) {
                digest.through(in).transferTo(out);
            }
        });
        record(target, digest.hex());
    }

    /** What is known about a file that was unpacked whole. */
    private record Unpacked(String sha256, long size, long modifiedNanos) {
        static Unpacked of(Path file) throws IOException {
            String[] fields = Files.readString(beside(file, RECORD)).strip().split(" ", -1);
            if (fields.length != 3) {
                throw new IOException("malformed record of " + file);
            }
            try {
                return new Unpacked(fields[0], Long.parseLong(fields[1]), Long.parseLong(fields[2]));
            } catch (NumberFormatException e) {
                throw new IOException("malformed record of " + file, e);
            }
        }

        @Override
        public String toString() {
            return sha256 + " " + size + " " + modifiedNanos + "\n";
        }
    }

    private static void record(Path file, String sha256) throws IOException {
        String text = new Unpacked(sha256, Files.size(file), modifiedNanos(file)).toString();
        AtomicFile.replace(beside(file, RECORD), out -> out.write(text.getBytes(StandardCharsets.US_ASCII)));
    }

    /** Size and time of modification are as recorded. */
    private static boolean looksIntact(Path file) {
        try {
            Unpacked record = Unpacked.of(file);
            return Files.size(file) == record.size() && modifiedNanos(file) == record.modifiedNanos();
        } catch (IOException e) {
            return false;
        }
    }

    /** The content is as recorded. */
    private static boolean isIntact(Path file) {
        Digest digest = Digest.sha256();
        try (InputStream in = digest.through(Files.newInputStream(file))) {
            Unpacked record = Unpacked.of(file);
            in.transferTo(OutputStream.nullOutputStream());
            return record.sha256().equals(digest.hex());
        } catch (IOException e) {
            return false;
        }
    }

    private static long modifiedNanos(Path file) throws IOException {
        return Files.getLastModifiedTime(file).to(TimeUnit.NANOSECONDS);
    }

    private static Path beside(Path file, String suffix) {
        return file.resolveSibling(file.getFileName() + suffix);
    }
}
