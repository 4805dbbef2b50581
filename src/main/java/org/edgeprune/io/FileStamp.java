package org.edgeprune.io;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;

/**
 * What identifies the state of a file without reading it.
 *
 * @param bytes its size
 * @param modified time of the last change
 * @param identity the file behind the name (the inode); null if the system does not tell
 */
public record FileStamp(long bytes, FileTime modified, Object identity) {
    /**
     * The current state of a file, following links.
     *
     * @param file the file
     * @return its state
     * @throws IOException if there is no such file, or it cannot be accessed
     */
    public static FileStamp of(Path file) throws IOException {
        BasicFileAttributes now = Files.readAttributes(file, BasicFileAttributes.class);
        return new FileStamp(now.size(), now.lastModifiedTime(), now.fileKey());
    }
}
