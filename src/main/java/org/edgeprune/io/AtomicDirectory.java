package org.edgeprune.io;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;

/**
 * Writes a whole directory or nothing: into a hidden one beside it, flushed to the disk, then renamed. That one is
 * deleted if writing fails, and also if the process is asked to end meanwhile; killed outright, it leaves a
 * {@code .NAME.*.tmp} that may be deleted.
 */
public final class AtomicDirectory {
    /** Writes the files of a directory. */
    @FunctionalInterface
    public interface Body {
        /**
         * Writes the files.
         *
         * @param directory a new, empty directory
         * @throws IOException if they cannot be written
         */
        void writeTo(Path directory) throws IOException;
    }

    private AtomicDirectory() {}

    /**
     * Makes a directory.
     *
     * @param directory must not exist, or contain nothing but hidden files; missing ones above it are made
     * @param body writes the files into the directory that it is given
     * @throws InputException if it contains something, or cannot be written
     */
    public static void write(Path directory, Body body) {
        Complaint complaint = new Complaint(directory);
        requireNew(directory);
        Path target = directory.toAbsolutePath().normalize();
        Path part = part(target);
        try {
            make(target, part, body);
        } catch (IOException e) {
            String reason = Complaint.reason(e).replace(part.toString(), directory.toString());
            throw complaint.about(
                    "cannot be written (" + reason + ")", "free some space or write to another directory", e);
        } catch (InputException e) {
            throw new InputException(e.getMessage().replace(part.toString(), directory.toString()), e);
        }
    }

    /**
     * Makes a directory unless it exists: if several threads or processes do this at the same time, the first to finish
     * makes it, and the others find it made. For a caller that words failures itself.
     *
     * @param directory the directory; missing ones above it are made
     * @param body writes the files into the directory that it is given
     * @throws IOException if it cannot be written
     */
    public static void provide(Path directory, Body body) throws IOException {
        if (Files.isDirectory(directory)) {
            return;
        }
        Path target = directory.toAbsolutePath().normalize();
        try {
            make(target, part(target), body);
        } catch (IOException e) {
            if (!Files.isDirectory(target)) {
                throw e;
            }
        }
    }

    private static Path part(Path target) {
        return target.resolveSibling("." + target.getFileName() + "." + UUID.randomUUID() + ".tmp");
    }

    private static void make(Path target, Path part, Body body) throws IOException {
        Thread onExit = new Thread(() -> Folders.delete(part));
        Runtime.getRuntime().addShutdownHook(onExit);
        try {
            Folders.make(part);
            body.writeTo(part);
            Folders.syncTree(part);
            move(part, target);
            Folders.sync(target.getParent());
        } finally {
            Folders.delete(part);
            removeHook(onExit);
        }
    }

    /** Gives the folder its name; where that one holds hidden files, which are not ours, moves its files one by one. */
    private static void move(Path part, Path target) throws IOException {
        List<Path> files;
        try (Stream<Path> there = Files.isDirectory(target) ? Files.list(target) : Stream.empty()) {
            files = there.findAny().isPresent() ? Folders.visible(part) : List.of();
        }
        if (files.isEmpty()) {
            Files.move(part, target, StandardCopyOption.ATOMIC_MOVE);
            return;
        }
        for (Path file : files) {
            Files.move(file, target.resolve(file.getFileName()), StandardCopyOption.ATOMIC_MOVE);
        }
        Folders.sync(target);
    }

    /**
     * Checks that a directory may be written.
     *
     * @param directory the directory
     * @throws InputException if there is something else of this name, or it contains visible files
     */
    public static void requireNew(Path directory) {
        List<Path> files = Folders.visible(directory);
        if (!files.isEmpty()) {
            throw new Complaint(directory)
                    .about(
                            "holds files already, such as "
                                    + Complaint.quote(
                                            files.getFirst().getFileName().toString()),
                            "name another directory, or delete this one");
        }
    }

    private static void removeHook(Thread hook) {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // The process is ending, and the hook does its work.
        }
    }
}
