package org.edgeprune.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AtomicDirectoryTest {
    @TempDir
    Path dir;

    private static List<String> names(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(f -> f.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void itIsWrittenWholeOrNotAtAll() throws IOException {
        Path folder = dir.resolve("new/model");
        AtomicDirectory.write(folder, part -> {
            Files.createDirectory(part.resolve("inner"));
            Files.writeString(part.resolve("inner/f"), "x");
        });
        assertEquals("x", Files.readString(folder.resolve("inner/f")));
        Path failed = dir.resolve("new/failed");
        assertThrows(
                InputException.class,
                () -> AtomicDirectory.write(failed, part -> {
                    Files.writeString(part.resolve("f"), "x");
                    throw new IOException("No space left on device");
                }));
        assertEquals(List.of("model"), names(dir.resolve("new")));
    }

    @Test
    void filesOfOthersAreKeptAndOnlyHiddenOnesAllowed() throws IOException {
        Path mac = Files.createDirectory(dir.resolve("mac"));
        Files.writeString(mac.resolve(".DS_Store"), "theirs");
        AtomicDirectory.write(mac, part -> Files.writeString(part.resolve("f"), "ours"));
        assertEquals(List.of(".DS_Store", "f"), names(mac));
        assertEquals("theirs", Files.readString(mac.resolve(".DS_Store")));
        String refused = assertThrows(
                        InputException.class,
                        () -> AtomicDirectory.write(mac, part -> Files.writeString(part.resolve("f"), "again")))
                .getMessage();
        assertTrue(refused.startsWith(mac + ": holds files already, such as 'f'"), refused);
        assertEquals("ours", Files.readString(mac.resolve("f")));
        assertEquals(List.of("mac"), names(dir));
    }

    @Test
    void whatAKillLeftIsTidiedAndNothingElse() throws IOException {
        String id = "0b2e1f34-1c2d-4e5f-8a9b-0c1d2e3f4a5b";
        Files.writeString(dir.resolve(".step-000005.safetensors." + id + ".tmp"), "half");
        Files.writeString(
                Files.createDirectory(dir.resolve(".data." + id + ".tmp")).resolve("train.jsonl"), "half");
        for (String kept : List.of(".lock", ".mine.tmp", "x.tmp", "step-000005.safetensors")) {
            Files.writeString(dir.resolve(kept), "");
        }
        Folders.removeTemporary(dir);
        Folders.removeTemporary(dir.resolve("none"));
        assertEquals(List.of(".lock", ".mine.tmp", "step-000005.safetensors", "x.tmp"), names(dir));
    }
}
