package org.edgeprune.hub;

import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.edgeprune.io.Complaint;
import org.edgeprune.io.Digest;
import org.edgeprune.io.InputException;

/** The bytes of a file that have arrived so far, on disk, and their checksum so far. */
final class PartialBlob implements AutoCloseable {
    private static final int CHUNK = 1 << 16;

    private final HubFile file;
    private final Path path;
    private final FileOutputStream out;
    private Digest digest;
    private long length;

    /**
     * Opens what an earlier attempt left, or begins a new file.
     *
     * @throws InputException if the file cannot be read or written
     */
    PartialBlob(HubFile file, Path path) {
        this.file = file;
        this.path = path;
        this.digest = digest();
        try {
            if (Files.exists(path)) {
                readBack();
            }
            this.out = new FileOutputStream(path.toFile(), true);
        } catch (IOException e) {
            throw refused(e);
        }
    }

    private void readBack() throws IOException {
        try (InputStream in = Files.newInputStream(path)) {
            byte[] buffer = new byte[CHUNK];
            for (int n; (n = in.read(buffer)) > 0; length += n) {
                digest.update(buffer, n);
            }
        }
    }

    private Digest digest() {
        if (file.checksum().length() == 64) {
            return Digest.sha256();
        }
        // git's name of a blob is the hash of a header with its size and of its contents
        Digest git = Digest.sha1();
        byte[] header = ("blob " + file.size() + "\0").getBytes(StandardCharsets.US_ASCII);
        git.update(header, header.length);
        return git;
    }

    long length() {
        return length;
    }

    void append(byte[] bytes, int count) {
        try {
            out.write(bytes, 0, count);
        } catch (IOException e) {
            throw refused(e);
        }
        digest.update(bytes, count);
        length += count;
    }

    /** Discards all bytes. */
    void restart() {
        try {
            out.getChannel().truncate(0);
        } catch (IOException e) {
            throw refused(e);
        }
        digest = digest();
        length = 0;
    }

    /**
     * Whether these are the file's bytes, all of them and no others; they are then synchronised to disk. Nothing can be
     * appended afterwards.
     */
    boolean isWhole() {
        try {
            boolean right = length == file.size() && digest.hex().equals(file.checksum());
            if (right) {
                out.getFD().sync();
            }
            return right;
        } catch (IOException e) {
            throw refused(e);
        }
    }

    private InputException refused(IOException e) {
        return new InputException(
                path + ": cannot be written: " + Complaint.reason(e)
                        + ": free some space or name another place in HF_HOME or HF_HUB_CACHE",
                e);
    }

    @Override
    public void close() {
        try {
            out.close();
        } catch (IOException e) {
            throw refused(e);
        }
    }
}
