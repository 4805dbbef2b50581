package org.edgeprune.io;

import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.UUID;
import java.util.regex.Pattern;

/**
 * Writes a whole file or nothing: into a temporary file beside it, flushed to the disk, then renamed over it. A reader
 * sees the old file or the new one, also after a crash or a power cut. Killed half-way, it leaves the old file, and a
 * hidden {@code .NAME.*.tmp} that may be deleted.
 */
public final class AtomicFile {
    /** Writes a file's contents. */
    @FunctionalInterface
    public interface Body {
        /**
         * Writes the contents.
         *
         * @param out the file, unbuffered
         * @throws IOException if they cannot be written
         */
        void writeTo(OutputStream out) throws IOException;
    }

    private static final Pattern TEMPORARY = Pattern.compile("\\..+\\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\\.tmp");

    private static final List<Path> SYSTEM = List.of(Path.of("/dev"), Path.of("/proc"));
    private static final int MOST_LINKS = 40;

    private AtomicFile() {}

    /**
     * Writes or replaces a file; of a symbolic link, the file that it leads to. The stream is unbuffered, and an
     * interruption of the thread does not break the writing.
     *
     * @param named in a directory that exists
     * @param body writes the contents
     * @throws InputException if it cannot be written: no such directory, no permission, a full disk, or a pipe or
     *     device of this name, which would be replaced. The old file is then unchanged, and no temporary file is left
     */
    public static void write(Path named, Body body) {
        Complaint complaint = new Complaint(named);
        if (Files.isDirectory(named)) {
            throw complaint.about("is a directory", "name a file to write");
        }
        if (Files.exists(named) && !Files.isRegularFile(named)) {
            throw complaint.about("is a pipe, socket or device", "name a regular file, or a new one");
        }
        Path file = followed(named, complaint);
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

    /** The file that a link leads to, whether it is there already or not. */
    private static Path followed(Path file, Complaint complaint) {
        Path at = file;
        try {
            for (int links = 0; Files.isSymbolicLink(at); links++) {
                Path absolute = at.toAbsolutePath();
                if (SYSTEM.stream().anyMatch(absolute::startsWith)) { // what a shell opened, such as /dev/stdout
                    throw complaint.about("leads to an open file, which would be replaced", "name the file itself");
                }
                if (links == MOST_LINKS) {
                    throw complaint.about("leads to too many links", "name the file itself");
                }
                at = absolute.resolveSibling(Files.readSymbolicLink(at)).normalize();
            }
            return at;
        } catch (IOException e) {
            throw complaint.about("cannot be followed (" + Complaint.reason(e) + ")", "name the file itself", e);
        }
    }

    /**
     * Writes or replaces a text file, in UTF-8.
     *
     * @param file in a directory that exists
     * @param text its contents
     * @throws InputException as {@link #write}
     */
    public static void writeText(Path file, String text) {
        write(file, out -> out.write(text.getBytes(StandardCharsets.UTF_8)));
    }

    /**
     * Writes or replaces a file, for a caller that words failures itself.
     *
     * @param file in a directory that exists
     * @param body writes the contents
     * @throws IOException if it cannot be written; the old file is then unchanged
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

    /**
     * Gives a complete file, which is on the disk, its final name, replacing a file of that name.
     *
     * @param whole the file
     * @param name its new name, in the same file system
     * @throws IOException if it cannot be renamed
     */
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
     *
     * @param file a path, of which only the name is looked at
     * @return whether it has the form of a temporary name
     */
    public static boolean isTemporary(Path file) {
        return TEMPORARY.matcher(file.getFileName().toString()).matches();
    }
}
