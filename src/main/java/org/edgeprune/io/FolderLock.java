package org.edgeprune.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A lock on a folder that only one user at a time may write to, of all processes and of all threads of this one. It is
 * a lock of the operating system on the file {@value #FILE} in the folder, which ends with the process however that
 * ends: a kill leaves the file, but not the lock, and nothing has to be cleaned up. The file names the holder's
 * process.
 *
 * <p>Some network file systems have no locks. Then {@link #note} says so, and other processes are not kept away.
 */
public final class FolderLock implements AutoCloseable {
    /** The name of the file that is locked. */
    public static final String FILE = ".lock";

    /**
     * The folders that this process holds. Static, as the operating system's locks are: they belong to the process, and
     * to close a second channel to a locked file would release the lock of the first.
     */
    private static final Set<Path> HELD = ConcurrentHashMap.newKeySet();

    private final Path folder;
    private final Path real;
    private final List<Path> made;
    private FileChannel channel;
    private boolean locked;
    private boolean closed;
    private String note;

    private FolderLock(Path folder, List<Path> made) throws IOException {
        this.folder = folder;
        this.made = made;
        this.real = folder.toRealPath();
    }

    /**
     * Locks a folder, which is made if it is missing. Does not wait.
     *
     * @param folder the folder
     * @return the lock, to be closed
     * @throws InputException naming the holder's process if it is locked, or if the folder cannot be made or written
     */
    public static FolderLock of(Path folder) {
        Complaint complaint = new Complaint(folder);
        if (Files.exists(folder) && !Files.isDirectory(folder)) {
            throw complaint.about("is a file", "name another folder");
        }
        FolderLock lock;
        try {
            lock = new FolderLock(folder, Folders.make(folder));
        } catch (IOException e) {
            throw complaint.about("cannot be made (" + Complaint.reason(e) + ")", "name another folder", e);
        }
        if (!HELD.add(lock.real)) {
            throw lock.refusal("this process (PID " + pid() + ")");
        }
        try {
            Uninterrupted.run(() -> {
                lock.acquire();
                return null;
            });
            return lock;
        } catch (IOException e) {
            lock.close();
            throw complaint.about(
                    "cannot be written (" + Complaint.reason(e) + ")", "name a folder that can be written", e);
        } catch (RuntimeException e) {
            lock.close();
            throw e;
        }
    }

    private void acquire() throws IOException {
        Path file = real.resolve(FILE);
        while (channel == null) {
            channel = FileChannel.open(
                    file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
            Object before = identity(file);
            try {
                if (channel.tryLock() == null) {
                    throw refusal(holder());
                }
            } catch (IOException e) {
                note = folder + ": this file system has no locks (" + Complaint.reason(e)
                        + "); let no other process write to this folder meanwhile";
                return;
            }
            if (!Objects.equals(before, identity(file))) {
                // Its last holder removed the file between our opening it and our locking it.
                channel.close();
                channel = null;
            }
        }
        locked = true;
        channel.truncate(0);
        channel.write(ByteBuffer.wrap((pid() + "\n").getBytes(StandardCharsets.UTF_8)), 0);
    }

    /** Which file has a name; a channel's own file cannot be asked. Null where the system does not say, or for none. */
    private static Object identity(Path file) throws IOException {
        try {
            return Files.readAttributes(file, BasicFileAttributes.class).fileKey();
        } catch (NoSuchFileException e) {
            return file;
        }
    }

    private String holder() throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(20);
        channel.read(bytes, 0);
        String text = new String(bytes.array(), 0, bytes.position(), StandardCharsets.UTF_8).strip();
        return "another process" + (text.matches("\\d+") ? " (PID " + text + ")" : "");
    }

    private static long pid() {
        return ProcessHandle.current().pid();
    }

    private InputException refusal(String holder) {
        return new Complaint(folder).about(holder + " works on it", "wait until that ends, or name another folder");
    }

    /**
     * The folder.
     *
     * @return as it was named
     */
    public Path folder() {
        return folder;
    }

    /**
     * What to tell the user.
     *
     * @return that this file system has no locks; normally empty
     */
    public Optional<String> note() {
        return Optional.ofNullable(note);
    }

    /** Unlocks the folder. One that was made for the lock and is still empty is removed. May be called twice. */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        try {
            release();
        } catch (IOException e) {
            // The lock ends with the process at the latest; what was written under it is whole.
        } finally {
            HELD.remove(real);
        }
    }

    private void release() throws IOException {
        if (channel == null) {
            return;
        }
        try (FileChannel _ = channel) {
            // Deleted while it is locked, so that no other process can lock a file that is about to be deleted; see
            // acquire.
            if (locked) {
                Files.deleteIfExists(real.resolve(FILE));
            }
        }
        for (Path folder : made.reversed()) {
            Files.delete(folder); // fails, and leaves the others, where something was written
        }
    }
}
