package org.edgeprune.convert;

import java.io.IOException;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.CRC32;
import org.edgeprune.io.Complaint;
import org.edgeprune.io.InputException;

/** A file to convert, with random access. Reading beyond its end is an input error, never a partial result. */
final class SourceFile implements AutoCloseable {
    private static final int CHUNK = 1 << 20;

    private final Path path;
    private final RandomAccessFile file;
    private final long length;

    private SourceFile(Path path, RandomAccessFile file) throws IOException {
        this.path = path;
        this.file = file;
        this.length = file.length();
    }

    /**
     * Opens a file.
     *
     * @throws InputException if it is not a regular file or cannot be read
     */
    static SourceFile open(Path path) {
        Complaint complaint = new Complaint(path);
        if (!Files.isRegularFile(path)) {
            throw complaint.about(Files.exists(path) ? "is not a regular file" : "no such file", "check the path");
        }
        try {
            RandomAccessFile file = new RandomAccessFile(path.toFile(), "r");
            return new SourceFile(path, file);
        } catch (IOException e) {
            throw complaint.about("cannot be read (" + e.getMessage() + ")", "check the file and its permissions", e);
        }
    }

    Path path() {
        return path;
    }

    long length() {
        return length;
    }

    Complaint complaint() {
        return new Complaint(path);
    }

    /** Reads {@code count} bytes at {@code at} into {@code target}, from {@code offset} on. */
    void read(long at, byte[] target, int offset, int count) {
        if (at < 0 || at > length - count) {
            throw complaint()
                    .damaged("ends at byte " + length + ", but bytes " + at + " to " + (at + count)
                            + " are needed (truncated file?)");
        }
        try {
            file.seek(at);
            file.readFully(target, offset, count);
        } catch (IOException e) {
            throw complaint().about("cannot be read (" + Complaint.reason(e) + ")", "check the file system", e);
        }
    }

    byte[] read(long at, int count) {
        byte[] bytes = new byte[count];
        read(at, bytes, 0, count);
        return bytes;
    }

    void copy(long at, long count, OutputStream out) throws IOException {
        byte[] chunk = new byte[(int) Math.min(CHUNK, count)];
        for (long done = 0; done < count; done += chunk.length) {
            int part = (int) Math.min(chunk.length, count - done);
            read(at + done, chunk, 0, part);
            out.write(chunk, 0, part);
        }
    }

    long crc32(long at, long count) {
        CRC32 crc = new CRC32();
        byte[] chunk = new byte[(int) Math.min(CHUNK, count)];
        for (long done = 0; done < count; done += chunk.length) {
            int part = (int) Math.min(chunk.length, count - done);
            read(at + done, chunk, 0, part);
            crc.update(chunk, 0, part);
        }
        return crc.getValue();
    }

    @Override
    public void close() {
        try {
            file.close();
        } catch (IOException e) {
            throw complaint().about("cannot be closed (" + e.getMessage() + ")", "check the file system", e);
        }
    }
}
