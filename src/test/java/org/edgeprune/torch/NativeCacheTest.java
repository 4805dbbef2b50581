package org.edgeprune.torch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.edgeprune.io.AtomicFile;
import org.edgeprune.io.CacheDirectory;
import org.edgeprune.io.InputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The cache of unpacked libraries, with the real jars and real processes where it matters. */
class NativeCacheTest {
    private static final byte[] CONTENT = randomBytes(300_000);

    @TempDir
    Path temp;

    private final AtomicInteger unpacked = new AtomicInteger();

    @Test
    void twoProcessesThatStartAtOnceShareOneUnpacking() throws Exception {
        Map<String, String> environment =
                Map.of("EDGEPRUNE_CACHE", temp.resolve("cache").toString());
        Process first = JavaProcess.start(temp.resolve("first.log"), environment);
        Process second = JavaProcess.start(temp.resolve("second.log"), environment);
        for (JavaProcess.Result result : List.of(
                JavaProcess.finish(first, temp.resolve("first.log")),
                JavaProcess.finish(second, temp.resolve("second.log")))) {
            assertEquals(0, result.exitCode(), result.output());
            // One of them waits, and says so where that takes long.
            assertEquals("loaded", result.output().lines().toList().getLast());
        }
        assertComplete(temp.resolve("cache"));
    }

    @Test
    void waitingForAnotherProcessIsSaidOnce() throws Exception {
        Path cache = temp.resolve("cache");
        Path key = CacheDirectory.ofUser().relativize(LibTorch.info().directory());
        Path directory = Files.createDirectories(cache.resolve(key));
        Path log = temp.resolve("waiting.log");
        Process waiting;
        try (FileChannel file = FileChannel.open(
                        directory.resolve(".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                FileLock lock = file.lock()) {
            assertTrue(lock.isValid());
            waiting = JavaProcess.start(log, Map.of("EDGEPRUNE_CACHE", cache.toString()));
            while (Files.size(log) == 0) {
                assertTrue(waiting.isAlive(), "it waits");
                Thread.sleep(20);
            }
        }
        JavaProcess.Result result = JavaProcess.finish(waiting, log);
        assertEquals(0, result.exitCode(), result.output());
        assertEquals(
                List.of(
                        "edgeprune: waiting for another process that is unpacking native libraries into " + directory,
                        "loaded"),
                result.output().lines().toList());
        assertComplete(cache);
    }

    @Test
    void aProcessKilledWhileUnpackingLeavesWhatIsDone() throws Exception {
        Path cache = temp.resolve("cache");
        Map<String, String> environment = Map.of("EDGEPRUNE_CACHE", cache.toString());
        Process killed = JavaProcess.start(temp.resolve("killed.log"), environment);
        Path part = awaitPart(killed, cache, 30_000_000);
        killed.destroyForcibly().waitFor();
        assertTrue(Files.exists(part), "the kill came in the middle");
        assertFalse(
                Files.exists(part.resolveSibling(LibTorchFiles.mainLibrary(Platform.current()))),
                "a half-written file has no final name");
        FileTime done = Files.getLastModifiedTime(part.resolveSibling("libc10.so"));

        JavaProcess.Result next =
                JavaProcess.finish(JavaProcess.start(temp.resolve("next.log"), environment), temp.resolve("next.log"));
        assertEquals(0, next.exitCode(), next.output());
        assertEquals(
                done,
                Files.getLastModifiedTime(part.resolveSibling("libc10.so")),
                "finished files are not unpacked again");
        assertComplete(cache);
    }

    @Test
    void aFullDiskIsOneClearLine() throws Exception {
        Path log = temp.resolve("full.log");
        // No file of this process may grow beyond 20 MB: the write fails as on a full disk.
        Process process = JavaProcess.start(
                log,
                Map.of("EDGEPRUNE_CACHE", temp.resolve("cache").toString()),
                List.of("bash", "-c", "ulimit -f 20000; exec \"$@\"", "limited"));
        JavaProcess.Result result = JavaProcess.finish(process, log);
        assertEquals(2, result.exitCode(), result.output());
        assertEquals(1, result.output().lines().count(), result.output());
        assertTrue(
                result.output().contains("cannot unpack native libraries into " + temp.resolve("cache")),
                result.output());
        assertTrue(result.output().contains("EDGEPRUNE_CACHE"), result.output());
        try (Stream<Path> files = Files.walk(temp.resolve("cache"))) {
            assertTrue(files.noneMatch(AtomicFile::isTemporary), "what could not be finished is removed");
        }
    }

    @Test
    void missingSpaceIsSeenBeforeAnythingIsWritten() {
        NativeCache.Source huge = new NativeCache.Source("huge.so", Long.MAX_VALUE / 2, InputStream::nullInputStream);
        String message = assertThrows(InputException.class, () -> new NativeCache(temp).provide("k", List.of(huge)))
                .getMessage();
        assertTrue(message.matches("cannot unpack .* \\d+ MB are needed there and \\d+ MB are free; .*"), message);
    }

    @Test
    void anUnusableCacheDirectoryIsNamed() throws IOException {
        Path file = Files.writeString(temp.resolve("file"), "not a directory");
        String message = assertThrows(InputException.class, () -> new NativeCache(file).provide("k", List.of(source())))
                .getMessage();
        assertTrue(message.contains(file.toString()) && message.contains("EDGEPRUNE_CACHE"), message);
    }

    @Test
    void aChangedFileIsRepaired() throws IOException {
        NativeCache cache = new NativeCache(temp);
        Path file = cache.provide("k", List.of(source())).resolve("lib.so");
        byte[] damaged = CONTENT.clone();
        damaged[CONTENT.length / 2] ^= 1;
        Files.write(file, damaged);
        assertEquals(List.of("lib.so"), cache.damaged("k", List.of(source())));
        cache.provide("k", List.of(source()));
        assertArrayEquals(CONTENT, Files.readAllBytes(file));
        assertEquals(List.of(), cache.damaged("k", List.of(source())));

        Files.write(file, new byte[10]);
        assertArrayEquals(
                CONTENT,
                Files.readAllBytes(cache.provide("k", List.of(source())).resolve("lib.so")));
        Files.delete(file);
        assertArrayEquals(
                CONTENT,
                Files.readAllBytes(cache.provide("k", List.of(source())).resolve("lib.so")));
        Files.writeString(temp.resolve("k/lib.so.record"), "nonsense");
        assertArrayEquals(
                CONTENT,
                Files.readAllBytes(cache.provide("k", List.of(source())).resolve("lib.so")));
        assertEquals(5, unpacked.get());
    }

    @Test
    void anIntactFileIsUsedAsItIs() throws IOException {
        NativeCache cache = new NativeCache(temp);
        Path file = cache.provide("k", List.of(source())).resolve("lib.so");
        cache.provide("k", List.of(source()));
        assertEquals(1, unpacked.get());
        // Copied or touched: the time differs, the digest says that the content does not.
        Files.setLastModifiedTime(file, FileTime.fromMillis(1_000_000_000_000L));
        cache.provide("k", List.of(source()));
        assertEquals(1, unpacked.get());
    }

    @Test
    void compressedContentIsDecompressed() throws IOException {
        ByteArrayOutputStream compressed = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(compressed)) {
            gzip.write(CONTENT);
        }
        NativeCache.Source source = new NativeCache.Source(
                "lib.so", compressed.size(), () -> new ByteArrayInputStream(compressed.toByteArray()));
        assertArrayEquals(
                CONTENT,
                Files.readAllBytes(
                        new NativeCache(temp).provide("k", List.of(source)).resolve("lib.so")));
    }

    private NativeCache.Source source() {
        return new NativeCache.Source("lib.so", CONTENT.length, () -> {
            unpacked.incrementAndGet();
            return new ByteArrayInputStream(CONTENT);
        });
    }

    private static Path awaitPart(Process process, Path cache, long size) throws IOException, InterruptedException {
        while (true) {
            assertTrue(process.isAlive(), "the process ended before the kill");
            if (Files.isDirectory(cache)) {
                try (Stream<Path> files = Files.walk(cache)) {
                    for (Path part : files.filter(f -> f.getFileName()
                                            .toString()
                                            .startsWith("." + LibTorchFiles.mainLibrary(Platform.current()))
                                    && AtomicFile.isTemporary(f))
                            .toList()) {
                        if (part.toFile().length() >= size) {
                            return part;
                        }
                    }
                }
            }
            Thread.sleep(2);
        }
    }

    private static void assertComplete(Path cache) throws IOException {
        LibTorchFiles files = LibTorchJars.unpack(new NativeCache(cache));
        assertEquals(List.of(), LibTorchJars.damaged(new NativeCache(cache)));
        try (Stream<Path> all = Files.list(files.directory())) {
            assertTrue(all.noneMatch(AtomicFile::isTemporary));
        }
    }

    private static byte[] randomBytes(int count) {
        byte[] bytes = new byte[count];
        new Random(1).nextBytes(bytes);
        return bytes;
    }
}
