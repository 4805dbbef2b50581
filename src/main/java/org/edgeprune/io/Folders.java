package org.edgeprune.io;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** Durable operations on folders: what they make is on the disk when they return, even if the power is cut then. */
public final class Folders {
    private Folders() {}

    /**
     * Makes a folder and those above it that are missing.
     *
     * @param folder the folder
     * @return the folders that were made, the outermost first; empty if the folder existed
     * @throws IOException if one cannot be made
     */
    public static List<Path> make(Path folder) throws IOException {
        List<Path> missing = new ArrayList<>();
        for (Path at = folder.toAbsolutePath().normalize(); at != null && Files.notExists(at); at = at.getParent()) {
            missing.addFirst(at);
        }
        Files.createDirectories(folder);
        for (Path made : missing) {
            sync(made.getParent());
        }
        return missing;
    }

    /** Makes the names of a folder's files last. Windows has no such operation, and does not need it. */
    static void sync(Path folder) throws IOException {
        if (File.separatorChar == '/') {
            force(folder, StandardOpenOption.READ);
        }
    }

    /**
     * Makes the contents of a file durable that another writer closed.
     *
     * @param file the file
     * @throws IOException if it cannot be written to the disk
     */
    public static void syncFile(Path file) throws IOException {
        force(file, StandardOpenOption.WRITE);
    }

    private static void force(Path file, StandardOpenOption mode) throws IOException {
        Uninterrupted.run(() -> {
            try (FileChannel channel = FileChannel.open(file, mode)) {
                channel.force(true);
                return null;
            }
        });
    }

    /** The same for everything in a folder, and for the folder. */
    static void syncTree(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                if (Files.isDirectory(file)) {
                    sync(file);
                } else {
                    syncFile(file);
                }
            }
        }
    }

    /**
     * The files and folders in a folder that are not hidden. Hidden ones, such as {@code .DS_Store}, are put into
     * folders by file managers.
     *
     * @param folder the folder
     * @return by name; empty if there is no such folder
     * @throws InputException if it is a file or cannot be listed
     */
    public static List<Path> visible(Path folder) {
        Complaint complaint = new Complaint(folder);
        if (Files.exists(folder) && !Files.isDirectory(folder)) {
            throw complaint.about("is a file", "name another directory");
        }
        try (Stream<Path> files = Files.isDirectory(folder) ? Files.list(folder) : Stream.empty()) {
            return files.filter(file -> !file.getFileName().toString().startsWith("."))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw complaint.about(
                    "cannot be listed (" + Complaint.reason(e) + ")", "check its permissions, or name another", e);
        }
    }

    /**
     * Removes what {@link AtomicFile} and {@link AtomicDirectory} left half-written in a folder when their process was
     * killed. Only for the one process that writes there, see {@link FolderLock}.
     *
     * @param folder the folder, which need not exist
     */
    public static void removeTemporary(Path folder) {
        if (!Files.isDirectory(folder)) {
            return;
        }
        try (Stream<Path> files = Files.list(folder)) {
            files.filter(AtomicFile::isTemporary).forEach(Folders::delete);
        } catch (IOException e) {
            // What is left is hidden and has a temporary name, so it does no harm.
        }
    }

    /**
     * Deletes a file, or a folder with all that is in it, as far as that is possible. Only for temporary ones.
     *
     * @param file the file or folder, which need not exist
     */
    public static void delete(Path file) {
        if (!Files.isDirectory(file)) {
            file.toFile().delete();
            return;
        }
        try (Stream<Path> files = Files.walk(file)) {
            for (Path inner : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(inner);
            }
        } catch (IOException | UncheckedIOException e) {
            // What stays is temporary by its name or its place; the failure that led here matters more.
        }
    }
}
