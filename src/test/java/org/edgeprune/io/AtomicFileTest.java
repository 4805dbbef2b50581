package org.edgeprune.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AtomicFileTest {
    @TempDir
    Path dir;

    private Path file;

    @BeforeEach
    void file() {
        file = dir.resolve("f.json");
    }

    private static void write(Path file, String text) {
        AtomicFile.write(file, out -> out.write(text.getBytes(StandardCharsets.UTF_8)));
    }

    private void assertOnly(String text) throws IOException {
        assertEquals(text, Files.readString(file));
        try (var files = Files.list(dir)) {
            assertEquals(List.of(file), files.toList(), "no temporary file is left");
        }
    }

    @Test
    void writesAndReplaces() throws IOException {
        write(file, "one");
        write(file, "two");
        assertOnly("two");
    }

    @Test
    void aLinkStaysOneAndItsFileIsWritten() throws IOException {
        Path link = Files.createSymbolicLink(
                Files.createDirectory(dir.resolve("other")).resolve("link"), file);
        write(file, "old");
        write(link, "new");
        assertTrue(Files.isSymbolicLink(link), "the link is not replaced");
        assertEquals("new", Files.readString(file));
    }

    @Test
    void aLinkToAFileThatIsNotThereYetStaysOne() throws IOException {
        Path link = Files.createSymbolicLink(
                dir.resolve("relative"), Path.of(file.getFileName().toString()));
        Path second = Files.createSymbolicLink(dir.resolve("second"), link);
        write(second, "new");
        assertTrue(Files.isSymbolicLink(link) && Files.isSymbolicLink(second));
        assertEquals("new", Files.readString(file));
        Path endless = Files.createSymbolicLink(dir.resolve("endless"), dir.resolve("endless"));
        String message =
                assertThrows(InputException.class, () -> write(endless, "x")).getMessage();
        assertEquals(endless + ": leads to too many links: name the file itself", message);
    }

    @Test
    void aPipeIsNotReplaced() throws Exception {
        assumeTrue(new ProcessBuilder("mkfifo", file.toString()).start().waitFor() == 0, "no mkfifo here");
        String message =
                assertThrows(InputException.class, () -> write(file, "x")).getMessage();
        assertEquals(file + ": is a pipe, socket or device: name a regular file, or a new one", message);
        assertTrue(Files.exists(file) && !Files.isRegularFile(file), "it is still there");
    }

    @Test
    void fileGetsTheUsualPermissions() throws IOException {
        assumeTrue(Files.getFileStore(dir).supportsFileAttributeView("posix"), "no POSIX permissions here");
        Path plain = Files.writeString(dir.resolve("plain"), "");
        write(file, "x");
        assertEquals(Files.getPosixFilePermissions(plain), Files.getPosixFilePermissions(file));
    }

    @Test
    void failureLeavesTheOldFile() throws IOException {
        write(file, "old");
        String message = assertThrows(
                        InputException.class,
                        () -> AtomicFile.write(file, out -> {
                            out.write(new byte[10_000]);
                            throw new IOException("No space left on device");
                        }))
                .getMessage();
        assertEquals(
                file + ": cannot be written (No space left on device): free some space or write to another directory",
                message);
        assertThrows(
                ArithmeticException.class,
                () -> AtomicFile.write(file, out -> {
                    throw new ArithmeticException("a fault of ours");
                }));
        assertOnly("old");
    }

    @Test
    void placeThatCannotBeWrittenIsNamed() {
        assertEquals(
                dir + ": is a directory: name a file to write",
                assertThrows(InputException.class, () -> write(dir, "x")).getMessage());
        Path nowhere = dir.resolve("absent/f.json");
        assertEquals(
                nowhere + ": cannot be written, " + dir.resolve("absent")
                        + " is not a directory: make the directory first",
                assertThrows(InputException.class, () -> write(nowhere, "x")).getMessage());
    }

    @Test
    void directoryWithoutPermissionIsNamed() {
        Path proc = Path.of("/proc"); // not even root may make a file in it
        assumeTrue(Files.isDirectory(proc.resolve("self")), "no /proc here");
        Path refused = proc.resolve("f.json");
        String message =
                assertThrows(InputException.class, () -> write(refused, "x")).getMessage();
        assertTrue(message.startsWith(refused + ": cannot be written ("), message);
    }

    /** In a process whose files may not grow over 64 KiB: to it, a disk that fills up half-way. */
    @Test
    void fullDiskLeavesTheOldFile() throws IOException, InterruptedException {
        assumeTrue(Files.isExecutable(Path.of("/bin/bash")), "no bash here to limit the size of files");
        write(file, "old");
        String java = ProcessHandle.current().info().command().orElseThrow();
        Process process = new ProcessBuilder(
                        "/bin/bash",
                        "-c",
                        "ulimit -f 64 && exec \"$@\"",
                        "bash",
                        java,
                        "-XX:-UsePerfData",
                        "-Xshare:auto",
                        "-cp",
                        System.getProperty("java.class.path"),
                        FullDisk.class.getName(),
                        file.toString())
                .redirectErrorStream(true)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        assertTrue(process.waitFor(10, TimeUnit.MINUTES));
        assertEquals(
                file + ": cannot be written (File too large): free some space or write to another directory", output);
        assertOnly("old");
    }

    /** Runs in the process of its own. */
    static final class FullDisk {
        public static void main(String[] args) {
            try {
                AtomicFile.write(Path.of(args[0]), out -> {
                    for (int i = 0; i < 100; i++) {
                        out.write(new byte[4096]);
                    }
                });
                System.out.println("it was written");
            } catch (InputException e) {
                System.out.println(e.getMessage());
            }
        }
    }

    @Test
    void interruptedThreadWritesItsFile() throws IOException {
        Thread.currentThread().interrupt();
        try {
            write(file, "last words");
        } finally {
            assertTrue(Thread.interrupted(), "the interruption is kept for others");
        }
        assertOnly("last words");
    }

    @Test
    void readerSeesTheOldFileOrTheNewOne() throws Exception {
        List<String> texts = List.of("a".repeat(100_000), "b".repeat(50_000));
        write(file, texts.getFirst());
        AtomicBoolean done = new AtomicBoolean();
        try (var threads = Executors.newSingleThreadExecutor()) {
            Future<Integer> reads = threads.submit(() -> {
                int count = 0;
                for (; !done.get(); count++) {
                    assertTrue(texts.contains(Files.readString(file)));
                }
                return count;
            });
            try {
                for (int i = 0; i < 100; i++) {
                    write(file, texts.get(i % 2));
                }
            } finally {
                done.set(true);
            }
            assertTrue(reads.get() > 0);
        }
    }
}
