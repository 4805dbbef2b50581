package org.edgeprune.mpi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.io.IOException;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.Test;

/** Ranks of one process, with processor times of their own; MpiRunTest stops real ones. */
class PulseTest {
    private static final int SECONDS = 4;
    /** A rank that computes all the time. */
    private final LongSupplier busy = new AtomicLong()::incrementAndGet;

    private static Pulse pulse(int rank, LongSupplier cpuNanos, BlockingQueue<Integer> silent) {
        return new Pulse(rank, 2, SECONDS, cpuNanos, silent::add, missing -> {});
    }

    @Test
    void aRankThatNeitherComputesNorWaitsHangs() throws Exception {
        BlockingQueue<Integer> heardByFirst = new LinkedBlockingQueue<>();
        BlockingQueue<Integer> heardByOther = new LinkedBlockingQueue<>();
        try (Pulse first = pulse(0, () -> 1_000_000_000 * busy.getAsLong(), heardByFirst);
                Pulse other = pulse(1, () -> 0, heardByOther)) {
            other.waiting(true);
            start(first, other);
            assertNull(heardByFirst.poll(2 * SECONDS, TimeUnit.SECONDS), "it waits for others");
            other.waiting(false);
            assertEquals(1, heardByFirst.poll(1, TimeUnit.MINUTES));
            assertNull(heardByOther.poll(), "rank 0 computes");
        }
    }

    @Test
    void aRankThatLeavesDoesNotHang() throws Exception {
        BlockingQueue<Integer> silent = new LinkedBlockingQueue<>();
        try (Pulse first = pulse(0, () -> 1_000_000_000 * busy.getAsLong(), silent)) {
            Pulse other = pulse(1, () -> 1_000_000_000 * busy.getAsLong(), silent);
            start(first, other);
            Thread.sleep(1000);
            other.close();
            assertNull(silent.poll(SECONDS, TimeUnit.SECONDS));
        }
    }

    private static void start(Pulse first, Pulse other) throws IOException {
        byte[] invitation = first.invitation();
        first.start(invitation, true);
        other.start(invitation, true);
    }
}
