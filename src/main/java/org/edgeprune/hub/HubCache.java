package org.edgeprune.hub;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.edgeprune.io.AtomicFile;
import org.edgeprune.io.Complaint;
import org.edgeprune.io.InputException;
import org.edgeprune.io.TextReader;

/**
 * One repository in the cache that HuggingFace libraries share.
 *
 * <pre>
 * models--org--name/blobs/CHECKSUM                    contents, CHECKSUM.incomplete while they arrive
 * models--org--name/refs/REVISION                     the commit that a branch or tag was at
 * models--org--name/snapshots/COMMIT/config.json      a link to its blob
 * .locks/models--org--name/CHECKSUM.lock              held while a blob arrives
 * </pre>
 *
 * @param root the cache
 * @param folder the repository's folder name
 */
record HubCache(Path root, String folder) {
    private static final int MAX_REF_BYTES = 1 << 12;

    static HubCache of(Path root, String repository) {
        return new HubCache(root, "models--" + repository.replace("/", "--"));
    }

    /** The snapshot of the branch main, if a directory is a repository's directory in a cache. */
    static Optional<Path> snapshotIn(Path directory) {
        Path name = directory.toAbsolutePath().normalize().getFileName();
        if (name == null || !name.toString().startsWith("models--") || Files.exists(directory.resolve("config.json"))) {
            return Optional.empty();
        }
        HubCache cache = new HubCache(directory.toAbsolutePath().normalize().getParent(), name.toString());
        return cache.commit(Hub.MAIN)
                .filter(commit -> commit.matches("[0-9a-f]{40}"))
                .map(cache::snapshot)
                .filter(Files::isDirectory);
    }

    Path directory() {
        return root.resolve(folder);
    }

    Path blob(HubFile file) {
        return directory().resolve("blobs").resolve(file.checksum());
    }

    Path incomplete(HubFile file) {
        return directory().resolve("blobs").resolve(file.checksum() + ".incomplete");
    }

    Path snapshot(String commit) {
        return directory().resolve("snapshots").resolve(commit);
    }

    /** The commit that a revision stood for when it was last downloaded. */
    Optional<String> commit(String revision) {
        if (Files.isDirectory(snapshot(revision))) {
            return Optional.of(revision);
        }
        Path ref = directory().resolve("refs").resolve(revision);
        return Files.isRegularFile(ref)
                ? Optional.of(
                        TextReader.upTo(MAX_REF_BYTES).read(ref, "remove it").strip())
                : Optional.empty();
    }

    /** Stores which commit a revision stands for. */
    void remember(String revision, String commit) {
        if (!revision.equals(commit)) {
            Path ref = directory().resolve("refs").resolve(revision);
            makeDirectories(ref.getParent());
            AtomicFile.writeText(ref, commit);
        }
    }

    /** The files of a snapshot whose contents are in the cache. */
    List<String> files(String commit) {
        Path snapshot = snapshot(commit);
        if (!Files.isDirectory(snapshot)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(snapshot)) {
            // a link whose blob was deleted is no regular file
            return files.filter(Files::isRegularFile)
                    .map(f -> f.getFileName().toString())
                    .toList();
        } catch (IOException e) {
            throw unusable(snapshot, e);
        }
    }

    /** Links a downloaded blob into its snapshot. */
    void link(HubFile file) {
        Path link = snapshot(file.commit()).resolve(file.name());
        makeDirectories(link.getParent());
        try {
            Files.createSymbolicLink(link, link.getParent().relativize(blob(file)));
        } catch (FileAlreadyExistsException e) {
            // made by another process, or left when its blob was deleted: the same commit, so the same contents
        } catch (IOException e) {
            throw unusable(link, e);
        }
    }

    /** Creates the directories and waits until no other process or thread downloads this file. */
    Lock lock(HubFile file) {
        Path path = root.resolve(".locks").resolve(folder).resolve(file.checksum() + ".lock");
        makeDirectories(path.getParent());
        makeDirectories(blob(file).getParent());
        FileChannel channel = null;
        try {
            channel = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            while (true) {
                try {
                    return new Lock(channel, channel.lock());
                } catch (OverlappingFileLockException e) {
                    // held by a thread of this process: the operating system does not queue threads of one process
                    Thread.sleep(20);
                }
            }
        } catch (IOException e) {
            throw unusable(path, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InputException(path + ": interrupted while another download of this file is under way", e);
        }
    }

    record Lock(FileChannel channel, FileLock lock) implements AutoCloseable {
        @Override
        public void close() {
            try (channel) {
                lock.release();
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        }
    }

    private static void makeDirectories(Path path) {
        try {
            Files.createDirectories(path);
        } catch (IOException e) {
            throw unusable(path, e);
        }
    }

    private static InputException unusable(Path path, IOException e) {
        return new InputException(
                path + ": the cache cannot be used: " + Complaint.reason(e)
                        + ": name another place in HF_HOME or HF_HUB_CACHE",
                e);
    }
}
