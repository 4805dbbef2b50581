package org.edgeprune.torch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The memory of large tensors: reused, never shared between two that live, and given back. */
class MemoryTensorTest extends TensorFixture {
    private static final long MB = 1 << 20;

    @BeforeEach
    void startWithNothingKept() {
        assumeFalse(
                Allocator.isSystem(System.getenv(Allocator.VARIABLE)),
                "EDGEPRUNE_ALLOCATOR leaves memory to the system");
        LibTorch.keepFreedMemory(0);
        LibTorch.keepFreedMemory(1024 * MB);
    }

    @AfterEach
    void restore() {
        if (!Allocator.isSystem(System.getenv(Allocator.VARIABLE))) {
            LibTorch.keepFreedMemory(1024 * MB);
        }
    }

    @Test
    void freedMemoryIsUsedForTheNextTensor() throws Exception {
        LibTorch.LargeMemory before = LibTorch.largeMemory();
        long[] shape = {100 * MB / Float.BYTES};
        Tensor first = Tensor.ones(shape);
        assertEquals(before.inUse() + 100 * MB, LibTorch.largeMemory().inUse());
        first.close();
        assertEquals(before.inUse(), LibTorch.largeMemory().inUse());
        assertEquals(100 * MB, LibTorch.largeMemory().kept());

        long faults = pageFaults();
        for (int i = 0; i < 20; i++) {
            Tensor.ones(shape).close();
        }
        // From the system, 20 x 100 MB would be 1000 faults on huge pages and 500,000 on small ones.
        assertTrue(pageFaults() - faults < 800, "page faults: " + (pageFaults() - faults));
        assertEquals(100 * MB, LibTorch.largeMemory().kept());
        assertTrue(LibTorch.largeMemory().peak() >= before.inUse() + 100 * MB);
    }

    @Test
    void noMoreIsKeptThanAllowed() {
        LibTorch.keepFreedMemory(64 * MB);
        Tensor[] tensors = IntStream.range(0, 10)
                .mapToObj(i -> Tensor.ones(10 * MB / Float.BYTES))
                .toArray(Tensor[]::new);
        for (Tensor tensor : tensors) {
            tensor.close();
        }
        assertEquals(60 * MB, LibTorch.largeMemory().kept());
        LibTorch.keepFreedMemory(0);
        assertEquals(0, LibTorch.largeMemory().kept());
        assertThrows(TorchException.class, () -> LibTorch.keepFreedMemory(-1));
    }

    @Test
    void aMuchLargerBlockIsNotSpentOnASmallTensor() {
        Tensor spare = Tensor.ones(30 * MB / Float.BYTES);
        Tensor large = Tensor.ones(100 * MB / Float.BYTES);
        spare.close();
        large.close();
        Tensor small = Tensor.ones(10 * MB / Float.BYTES);
        assertTrue(LibTorch.largeMemory().kept() >= 100 * MB, "the large block waits");
        small.close();
    }

    @Test
    void whatIsKeptMakesTheProcessLittleLargerThanItsPeakOfUse() {
        SplittableRandom random = new SplittableRandom(3);
        for (int i = 0; i < 200; i++) {
            try (Tensor _ = Tensor.ones(random.nextLong(1, 20) * MB / Float.BYTES);
                    Tensor _ = Tensor.ones(random.nextLong(1, 20) * MB / Float.BYTES)) {
                LibTorch.LargeMemory memory = LibTorch.largeMemory();
                assertTrue(memory.inUse() + memory.kept() <= memory.peak() + 64 * MB, memory.toString());
            }
        }
    }

    @Test
    void whereMemoryIsOutTheExceptionSaysSo() {
        TorchException none = assertThrows(TorchException.class, () -> Tensor.empty(DType.F32, Device.CPU, 1L << 45));
        assertTrue(none.isOutOfMemory(), none.getMessage());
        TorchException other =
                assertThrows(TorchException.class, () -> Tensor.ones(2).view(3));
        assertFalse(other.isOutOfMemory(), other.getMessage());
    }

    @Test
    void livingTensorsNeverShareMemory() throws Exception {
        try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
            for (var outcome : threads.invokeAll(
                    IntStream.range(0, 4).mapToObj(MemoryTensorTest::churn).toList())) {
                outcome.get();
            }
        }
    }

    /**
     * Makes, keeps and frees tensors of many sizes around the limit of large ones; each must still hold what it was
     * filled with.
     */
    private static Callable<Void> churn(int seed) {
        return () -> {
            Random random = new Random(seed);
            Deque<Tensor> living = new ArrayDeque<>();
            Deque<Integer> marks = new ArrayDeque<>();
            for (int i = 0; i < 300; i++) {
                int mark = seed * 1000 + i;
                living.add(Tensor.full(mark, DType.I32, Device.CPU, random.nextInt(10_000, 400_000)));
                marks.add(mark);
                if (living.size() > 6) {
                    check(living.remove(), marks.remove());
                }
            }
            while (!living.isEmpty()) {
                check(living.remove(), marks.remove());
            }
            return null;
        };
    }

    private static void check(Tensor tensor, int mark) {
        try (TensorScope _ = TensorScope.open()) {
            assertTrue(tensor.eq(mark).all().toBooleans()[0], "changed by another tensor");
        }
        tensor.close();
    }

    private static long pageFaults() throws Exception {
        String stat = Files.readString(Path.of("/proc/self/stat"));
        return Long.parseLong(stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1)[7]);
    }
}
