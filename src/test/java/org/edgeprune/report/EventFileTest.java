package org.edgeprune.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Map;
import org.edgeprune.io.InputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The bytes of tensorboard 2.20, serialized by its own messages and checksums. */
class EventFileTest {
    @TempDir
    private Path folder;

    @Test
    void theBytesAreThoseThatTensorBoardReads() throws IOException {
        Path file;
        try (EventFile events = new EventFile(folder.resolve("new/dir"), 1_700_000_000.25)) {
            events.scalars(1_700_000_001.5, 300, Map.of("train/kl", 0.125));
            file = events.path();
        }
        assertTrue(file.getFileName().toString().startsWith("events.out.tfevents.1700000000."), file.toString());
        assertEquals(
                "1800000000000000a37f4b220900001040fc54d9411a0d627261696e2e4576656e743a32338d2fe91f00000000000000514b44180900006040fc54d94110ac022a110a0f0a08747261696e2f6b6c150000003eb88ca635",
                HexFormat.of().formatHex(Files.readAllBytes(file)));
    }

    @Test
    void aDirectoryThatCannotBeWrittenIsRefused() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "x");
        assertTrue(assertThrows(InputException.class, () -> new EventFile(file, 1))
                .getMessage()
                .contains("choose another directory"));
    }
}
