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
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/**
 * Resident memory is measured in processes of their own, whose Java heap is small and resident from the start: in the
 * process of the tests the heap grows and shrinks meanwhile, as it likes.
 */
@Execution(ExecutionMode.CONCURRENT)
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
    void seesMemoryThatIsGoneAgain() {
        Map<String, Long> seen = run(AllocateAndFree.class);
        long before = seen.get("before");
        assertTrue(seen.get("after") < before + SIZE / 2, seen::toString);
        assertTrue(seen.get("peak") > before + SIZE, seen::toString);
        assertTrue(seen.get("peak") < before + SIZE + SIZE / 4, seen::toString);
    }

    @Test
    void pagesOfMappedFilesCountApart() {
        Map<String, Long> seen = run(MapFile.class, folder.resolve("large").toString());
        assertTrue(seen.get("file after") > seen.get("file before") + SIZE / 2, seen::toString);
        assertTrue(seen.get("anonymous after") < seen.get("anonymous before") + SIZE / 4, seen::toString);
    }

    /** Takes {@link #SIZE} bytes, waits until the watching thread has looked, and gives them back. */
    static final class AllocateAndFree {
        public static void main(String[] none) throws InterruptedException {
            try (PeakMemory memory = PeakMemory.watching()) {
                say("before", PeakMemory.Resident.now().anonymous());
                try (Arena arena = Arena.ofConfined()) {
                    arena.allocate(SIZE).fill((byte) 1);
                    awaitTwoLooks();
                }
                say("after", PeakMemory.Resident.now().anonymous());
                say("peak", memory.peak().anonymous());
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
    }

    /** Maps a file of {@link #SIZE} bytes and reads all of its pages. */
    static final class MapFile {
        public static void main(String[] file) throws IOException {
            try (RandomAccessFile open = new RandomAccessFile(file[0], "rw");
                    Arena arena = Arena.ofConfined()) {
                open.setLength(SIZE);
                PeakMemory.Resident before = PeakMemory.Resident.now();
                MemorySegment mapped = open.getChannel().map(MapMode.READ_ONLY, 0, SIZE, arena);
                mapped.load();
                PeakMemory.Resident after = PeakMemory.Resident.now();
                say("file before", before.file());
                say("file after", after.file());
                say("anonymous before", before.anonymous());
                say("anonymous after", after.anonymous());
            }
            Files.delete(Path.of(file[0]));
        }
    }

    private static void say(String what, long bytes) {
        System.out.println(what + "=" + bytes);
    }

    /** Runs a program of this class and reads what it {@link #say says}. */
    private static Map<String, Long> run(Class<?> program, String... arguments) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-Xms32m",
                "-Xmx32m",
                "-XX:+AlwaysPreTouch",
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                program.getName()));
        command.addAll(List.of(arguments));
        return Tool.start(new ProcessBuilder(command))
                .ok()
                .out()
                .lines()
                .map(line -> line.split("="))
                .collect(Collectors.toMap(pair -> pair[0], pair -> Long.valueOf(pair[1])));
    }
}
