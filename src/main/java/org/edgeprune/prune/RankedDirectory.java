package org.edgeprune.prune;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.edgeprune.engine.Ranks;
import org.edgeprune.io.Complaint;
import org.edgeprune.io.FolderLock;
import org.edgeprune.io.Folders;
import org.edgeprune.io.InputException;

/**
 * The directory of what several ranks make together, such as a run. Rank 0 has the directory itself, and its lock.
 * Every other rank has a temporary folder on its own host with a copy of what is read from the directory: the other
 * ranks need not see it, and what they write is removed with the folder.
 */
public final class RankedDirectory implements AutoCloseable {
    private static final List<String> OF_RUN =
            List.of("run.json", "ranking.safetensors", "start.safetensors", "checkpoints", "data");

    private final FolderLock lock;
    private final boolean temporary;

    /** Removes a temporary folder also where the process is stopped, as all ranks are when one of them fails. */
    private final Thread hook = new Thread(this::remove);

    private RankedDirectory(FolderLock lock, boolean temporary) {
        this.lock = lock;
        this.temporary = temporary;
        if (temporary) {
            Runtime.getRuntime().addShutdownHook(hook);
        }
    }

    /**
     * Locks the directory of a run on rank 0, and copies it on the others. All ranks call it.
     *
     * @param path the run directory; the other ranks do not look at it
     * @param ranks the processes that make the run
     * @return this rank's directory, to be closed
     * @throws InputException if the directory is another process's, holds other files than a run's, or if a temporary
     *     folder cannot be made
     */
    public static RankedDirectory of(Path path, Ranks ranks) {
        return of(path, ranks, OF_RUN, folder -> new RunDirectory(folder).requireRunOrEmpty());
    }

    /**
     * Locks a directory on rank 0, and copies it on the others. All ranks call it.
     *
     * @param path the directory; the other ranks do not look at it
     * @param ranks the processes that work on it
     * @param read the names of the files and folders that are copied, where they are there
     * @param check called on rank 0 before anything is copied; refuses a directory by an exception
     * @return this rank's directory, to be closed
     * @throws InputException if the directory is another process's, or if a temporary folder cannot be made
     */
    public static RankedDirectory of(Path path, Ranks ranks, List<String> read, Consumer<Path> check) {
        RankedDirectory made = ranks.isFirst()
                ? new RankedDirectory(FolderLock.of(path), false)
                : new RankedDirectory(FolderLock.of(temporary()), true);
        try {
            if (ranks.isFirst()) {
                check.accept(made.folder());
            }
            made.share(ranks, read);
            return made;
        } catch (Throwable e) {
            made.close();
            throw e;
        }
    }

    /**
     * This rank's directory.
     *
     * @return on rank 0 the path that was given, on the others a temporary one
     */
    public Path folder() {
        return lock.folder();
    }

    /**
     * The lock of this rank's directory.
     *
     * @return what {@link PruneSession#run(FolderLock, boolean, Pruner.Listener, Ranks)} asks for
     */
    public FolderLock lock() {
        return lock;
    }

    private static Path temporary() {
        try {
            return Files.createTempDirectory("edgeprune-rank-");
        } catch (IOException e) {
            throw new InputException(
                    "no temporary folder can be made: " + Complaint.reason(e) + ": name another place in TMPDIR, and"
                            + " that in EDGEPRUNE_JAVA_OPTIONS=-Djava.io.tmpdir=$TMPDIR",
                    e);
        }
    }

    /** One file after the other: its name, then its bytes; an empty name is the end. */
    private void share(Ranks ranks, List<String> read) {
        Path root = folder();
        if (ranks.size() == 1) {
            return;
        }
        List<Path> files = new ArrayList<>();
        if (ranks.isFirst()) {
            files.addAll(read.stream()
                    .flatMap(name -> files(root.resolve(name)).stream())
                    .toList());
        }
        byte[] none = new byte[0];
        for (int i = 0; ; i++) {
            byte[] name =
                    i < files.size() ? root.relativize(files.get(i)).toString().getBytes(StandardCharsets.UTF_8) : none;
            name = ranks.gather(name).getFirst();
            if (name.length == 0) {
                return;
            }
            byte[] content =
                    ranks.gather(i < files.size() ? read(files.get(i)) : none).getFirst();
            if (temporary) {
                write(root.resolve(new String(name, StandardCharsets.UTF_8)), content);
            }
        }
    }

    private static List<Path> files(Path path) {
        if (!Files.exists(path)) {
            return List.of();
        }
        try (Stream<Path> files = Files.walk(path)) {
            return files.filter(file -> Files.isRegularFile(file)
                            && !file.getFileName().toString().startsWith("."))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new InputException(path + ": cannot be read: " + Complaint.reason(e) + ": check its permissions", e);
        }
    }

    private static byte[] read(Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new InputException(file + ": cannot be read: " + Complaint.reason(e) + ": check its permissions", e);
        }
    }

    private static void write(Path file, byte[] content) {
        try {
            Files.createDirectories(file.getParent());
            Files.write(file, content);
        } catch (IOException e) {
            throw new InputException(file + ": cannot be written: " + Complaint.reason(e) + ": free some space", e);
        }
    }

    /** Unlocks the directory; a temporary one is removed. */
    @Override
    public void close() {
        lock.close();
        if (temporary) {
            remove();
            try {
                Runtime.getRuntime().removeShutdownHook(hook);
            } catch (IllegalStateException e) {
                // It is running.
            }
        }
    }

    private void remove() {
        Folders.delete(lock.folder());
    }
}
