package org.edgeprune.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PeakMemoryTest {
    private static final long SIZE = 200L << 20;

    @TempDir
    Path folder;

    @Test
    void readsTheFieldsOfTheStatusFile() {
        PeakMemory.Resident resident = PeakMemory.Resident.parse(
                "Name:\tjava\nVmHWM:\t  900 kB\nVmRSS:\t  800 kB\nRssAnon:\t      500 kB\nRssFile:\t  300 kB\nRssShmem:\t 0 kB\n");
        assertEquals(new PeakMemory.Resident(500 << 10, 300 << 10, 900 << 10), resident);
    }

    @Test
    void seesMemoryThatIsGoneAgain() throws InterruptedException {
        try (PeakMemory memory = PeakMemory.watching()) {
            long before = PeakMemory.Resident.now().anonymous();
            try (Arena arena = Arena.ofConfined()) {
                arena.allocate(SIZE).fill((byte) 1);
                awaitTwoLooks();
            }
            long after = PeakMemory.Resident.now().anonymous();
            long peak = memory.peak().anonymous();
            assertTrue(after < before + SIZE / 2, before + " " + after);
            assertTrue(peak > before + SIZE && peak < before + SIZE + SIZE / 4, before + " " + peak);
        }
    }

    /** Waits until the watching thread has begun and ended a look, however busy the cores are. */
    private static void awaitTwoLooks() throws InterruptedException {
        long watcher = Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().equals("peak-memory"))
                .findFirst()
                .orElseThrow()
                .threadId();
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        long before = threads.getThreadInfo(watcher).getWaitedCount();
        while (threads.getThreadInfo(watcher).getWaitedCount() < before + 2) { // it sleeps after each look
            Thread.sleep(10);
        }
    }

    @Test
    void pagesOfMappedFilesCountApart() throws IOException {
        Path file = folder.resolve("large");
        try (RandomAccessFile open = new RandomAccessFile(file.toFile(), "rw");
                Arena arena = Arena.ofConfined()) {
            open.setLength(SIZE);
            PeakMemory.Resident before = PeakMemory.Resident.now();
            MemorySegment mapped = open.getChannel().map(MapMode.READ_ONLY, 0, SIZE, arena);
            mapped.load();
            PeakMemory.Resident after = PeakMemory.Resident.now();
            assertTrue(after.file() > before.file() + SIZE / 2, before + " " + after);
            assertTrue(after.anonymous() < before.anonymous() + SIZE / 4, before + " " + after);
        }
        Files.delete(file);
    }
}
