package org.edgeprune.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files that are too large to be what they should be are refused before they fill the memory. */
class FileLimitsTest {
    @TempDir
    private Path folder;

    /** Takes no room on the disk. */
    private Path file(long size) throws IOException {
        Path file = folder.resolve("config.json");
        try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
            sparse.setLength(size);
        }
        return file;
    }

    @Test
    void configurationsHaveALimitOfTheirOwn() throws IOException {
        Path file = file((1 << 24) + 1);
        String message = assertThrows(InputException.class, () -> JsonFields.read(file, "remedy"))
                .getMessage();
        assertEquals(file + ": is larger than the limit of 16777216 bytes: name a smaller file", message);
    }

    @Test
    void treesAreNotMadeOfMoreThanATokenizerHas() throws IOException {
        Path file = file(200_000_001);
        String message = assertThrows(InputException.class, () -> Json.read(file, "remedy"))
                .getMessage();
        assertEquals(file + ": is larger than the limit of 200000000 bytes: name a smaller file", message);
    }
}
