package org.edgeprune.safetensors;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.edgeprune.io.Complaint;
import org.edgeprune.io.InputException;

/** What a file contains, by its first bytes, where a checkpoint was expected. */
public enum FileContent {
    /** A file of this package's format, as far as the first bytes tell. */
    SAFETENSORS,
    /** llama.cpp's format. */
    GGUF,
    /** A zip archive, as {@code torch.save} has written since PyTorch 1.6. */
    ZIP,
    /** A bare pickle, as {@code torch.save} wrote before. */
    PICKLE,
    /** What Git checks out in place of a large file where git-lfs is not installed. */
    LFS_POINTER,
    /** A web page: a login or error page that was saved under the file's name. */
    HTML,
    /** The Hub's answer for a file that does not exist. */
    NOT_FOUND,
    /** HDF5, as Keras writes it. */
    HDF5,
    /** A gzip-compressed file. */
    GZIP,
    /** JSON text. */
    JSON,
    /** No bytes. */
    EMPTY,
    /** Anything else. */
    UNKNOWN;

    private static final int HEAD = 512;

    /**
     * Looks at a file.
     *
     * @param file the file
     * @return what it contains
     * @throws InputException if the file cannot be read
     */
    public static FileContent of(Path file) {
        if (Files.exists(file) && !Files.isRegularFile(file) && !Files.isDirectory(file)) {
            throw new Complaint(file).about("is a pipe, socket or device", "name a regular file"); // a pipe would block
        }
        try (InputStream in = Files.newInputStream(file)) {
            return of(in.readNBytes(HEAD));
        } catch (IOException e) {
            throw new Complaint(file)
                    .about("cannot be read (" + Complaint.reason(e) + ")", "check the file and its permissions", e);
        }
    }

    /** @param head the first bytes of a file, a few hundred where it has so many */
    static FileContent of(byte[] head) {
        if (head.length == 0) {
            return EMPTY;
        }
        String text = new String(head, StandardCharsets.ISO_8859_1);
        String words = text.stripLeading().toLowerCase(Locale.ROOT);
        if (text.startsWith("GGUF")) {
            return GGUF;
        }
        if (text.startsWith("PK\u0003\u0004") || text.startsWith("PK\u0005\u0006")) {
            return ZIP;
        }
        if (head.length > 8 && head[8] == '{' && head[7] == 0 && head[6] == 0) {
            return SAFETENSORS;
        }
        if (head.length > 1 && head[0] == (byte) 0x80 && head[1] >= 2 && head[1] <= 5) {
            return PICKLE;
        }
        if (text.startsWith("version https://git-lfs")) {
            return LFS_POINTER;
        }
        if (words.startsWith("<!doctype html") || words.startsWith("<html") || words.startsWith("<?xml")) {
            return HTML;
        }
        if (words.startsWith("entry not found")
                || words.startsWith("not found")
                || words.startsWith("repository not found")
                || words.startsWith("invalid username or password")
                || words.startsWith("access to model")) {
            return NOT_FOUND;
        }
        if (text.startsWith("\u0089HDF\r\n")) {
            return HDF5;
        }
        if (text.startsWith("\u001f\u008b")) {
            return GZIP;
        }
        return words.startsWith("{") ? JSON : UNKNOWN;
    }

    /**
     * Whether {@code edgeprune convert} reads such files.
     *
     * @return true for PyTorch's and llama.cpp's formats
     */
    public boolean isConvertible() {
        return this == GGUF || this == ZIP || this == PICKLE;
    }
}
