package org.edgeprune.io;

import java.io.File;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.UUID;

/**
 * Writes a whole file or nothing: into a temporary file beside it, flushed to the disk, then renamed over it. A reader
 * sees the old file or the new one, also after a crash or a power cut. Killed half-way, it leaves the old file, and a
 * hidden {@code .NAME.*.tmp} that may be deleted.
 */
public final class AtomicFile {
    /** Writes the file's contents. */
    @FunctionalInterface
    public interface Body {
        void writeTo(OutputStream out) throws IOException;
    }

    private AtomicFile() {}

    /**
     * Writes or replaces a file. The stream is unbuffered, and a thread's interruption does not break the writing.
     *
     * @throws InputException if it cannot be written: no such directory, no permission, a full disk. The old file is
     *     then as it was, and no temporary file is left
     */
    public static void write(Path file, Body body) {
        Complaint complaint = new Complaint(file);
        if (Files.isDirectory(file)) {
            throw complaint.about("is a directory", "name a file to write");
        }
        Path directory = file.toAbsolutePath().getParent();
        if (directory == null || !Files.isDirectory(directory)) {
            throw complaint.about(
                    "cannot be written, " + directory + " is not a directory", "make the directory first");
        }
        Path temporary = directory.resolve("." + file.getFileName() + "." + UUID.randomUUID() + ".tmp");
        try {
            try {
                // not a channel, which an interrupt would close
                try (FileOutputStream out = new FileOutputStream(temporary.toFile())) {
                    body.writeTo(out);
                    out.getFD().sync();
                }
                Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            } finally {
                Files.deleteIfExists(temporary);
            }
            syncDirectory(directory);
        } catch (IOException e) {
            String reason = String.valueOf(e.getMessage()).replace(temporary.toString(), directory.toString());
            throw complaint.about(
                    "cannot be written (" + reason + ")", "free some space or write to another directory", e);
        }
    }

    /** Makes the rename itself last. Windows has no such operation, and does not need it. */
    private static void syncDirectory(Path directory) throws IOException {
        if (File.separatorChar == '/') {
            Uninterrupted.run(() -> {
                try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
                    channel.force(true);
                    return null;
                }
            });
        }
    }
}
