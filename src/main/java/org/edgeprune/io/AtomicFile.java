package org.edgeprune.io;

import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.UUID;
import java.util.regex.Pattern;

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

    private static final Pattern TEMPORARY = Pattern.compile("\\..+\\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\\.tmp");

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
        Path temporary = temporary(directory, file);
        try {
            replace(file, temporary, body);
        } catch (IOException e) {
            String reason = Complaint.reason(e).replace(temporary.toString(), directory.toString());
            throw complaint.about(
                    "cannot be written (" + reason + ")", "free some space or write to another directory", e);
        }
    }

    /** The same for a text, in UTF-8. */
    public static void writeText(Path file, String text) {
        write(file, out -> out.write(text.getBytes(StandardCharsets.UTF_8)));
    }

    /**
     * The same for a caller that words failures itself.
     *
     * @param file in a directory that exists
     */
    public static void replace(Path file, Body body) throws IOException {
        replace(file, temporary(file.toAbsolutePath().getParent(), file), body);
    }

    private static void replace(Path file, Path temporary, Body body) throws IOException {
        try {
            // not a channel, which an interrupt would close
            try (FileOutputStream out = new FileOutputStream(temporary.toFile())) {
                body.writeTo(out);
                out.getFD().sync();
            }
            move(temporary, file);
        } finally {
            Files.deleteIfExists(temporary);
        }
    }

    /** Gives a file that is whole and on the disk its name, which may be another's until then. */
    public static void move(Path whole, Path name) throws IOException {
        Files.move(whole, name, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        Folders.sync(name.toAbsolutePath().getParent());
    }

    private static Path temporary(Path directory, Path file) {
        return directory.resolve("." + file.getFileName() + "." + UUID.randomUUID() + ".tmp");
    }

    /**
     * Whether a file, or a folder of {@link AtomicDirectory}'s, is one that a process left half-written when it was
     * killed, or is about to rename.
     */
    public static boolean isTemporary(Path file) {
        return TEMPORARY.matcher(file.getFileName().toString()).matches();
    }
}
