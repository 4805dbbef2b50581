package org.edgeprune.io;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;

/**
 * By what the file system tells one state of a file from another, without reading it.
 *
 * @param bytes its size
 * @param modified when it was last written to
 * @param identity the file behind the name (the inode); null where the system does not say
 */
public record FileStamp(long bytes, FileTime modified, Object identity) {
    /** The state of the file that a name leads to now, links followed. */
    public static FileStamp of(Path file) throws IOException {
        BasicFileAttributes now = Files.readAttributes(file, BasicFileAttributes.class);
        return new FileStamp(now.size(), now.lastModifiedTime(), now.fileKey());
    }
}
