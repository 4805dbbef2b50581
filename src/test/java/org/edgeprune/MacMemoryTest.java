package org.edgeprune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** The readers of what macOS's tools print, on output in the form that they have on Apple silicon. */
@Execution(ExecutionMode.CONCURRENT)
class MacMemoryTest {
    private static final String VM_STAT = """
            Mach Virtual Memory Statistics: (page size of 16384 bytes)
            Pages free:                                    37107.
            Pages active:                                 631665.
            Pages inactive:                               629739.
            Pages speculative:                               466.
            Pages throttled:                                   0.
            Pages wired down:                             183456.
            Pages purgeable:                               20300.
            "Translation faults":                     1246341712.
            Pages copy-on-write:                        26611194.
            File-backed pages:                            318721.
            Anonymous pages:                              943149.
            Pages stored in compressor:                  2197979.
            Pages occupied by compressor:                 341200.
            """;

    @Test
    void availableAreFreeSpeculativeAndInactivePages() {
        assertEquals(OptionalLong.of((37_107L + 629_739 + 466) * 16_384), MacMemory.availableIn(VM_STAT));
        assertEquals(
                OptionalLong.of((37_107L + 629_739 + 466) * 4_096),
                MacMemory.availableIn(VM_STAT.replace("16384", "4096")));
    }

    @Test
    void outputOfAnotherFormTellsNothing() {
        assertEquals(OptionalLong.empty(), MacMemory.availableIn(""));
        assertEquals(OptionalLong.empty(), MacMemory.availableIn(VM_STAT.replace("Pages free", "Pages spare")));
        assertEquals(OptionalLong.empty(), MacMemory.availableIn(VM_STAT.replace("page size", "size")));
        assertEquals(OptionalLong.empty(), MacMemory.residentIn(""));
        assertEquals(OptionalLong.empty(), MacMemory.residentIn("ps: no such process"));
    }

    @Test
    void psTellsKibibytes() {
        assertEquals(OptionalLong.of(123_456L * 1024), MacMemory.residentIn(" 123456\n"));
    }

    /** The same {@code ps -o rss= -p} is on Linux. */
    @Test
    void theResidentMemoryOfThisProcessIsRead() {
        assumeTrue(Stream.of("/bin/ps", "/usr/bin/ps").map(Path::of).anyMatch(Files::isExecutable), "there is no ps");
        assertTrue(
                MacMemory.resident(ProcessHandle.current().pid()).orElseThrow() > 10 << 20,
                "a JVM takes more than 10 MB");
        assertEquals(OptionalLong.empty(), MacMemory.resident(Integer.MAX_VALUE), "no such process");
    }

    @Test
    void residentMemoryHoldsMoreThanTheHeapInUse() {
        assertTrue(AvailableMemory.resident().orElseThrow() > 10 << 20);
    }
}
