package org.edgeprune.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class WorkersTest {
    private static final List<String> WORKPLACE = List.of("one for all");

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 5, 40})
    void resultsComeInTheOrderOfTheMicroBatches(int count) {
        List<Integer> results = new ArrayList<>();
        Workers.of(count).run(WORKPLACE, 30, (_, number) -> number * number, results::add);
        assertEquals(IntStream.range(0, 30).map(i -> i * i).boxed().toList(), results);
    }

    @Test
    void workersWorkAtOneTimeAndTheCallerIsOneOfThem() {
        Set<Thread> threads = ConcurrentHashMap.newKeySet();
        CountDownLatch all = new CountDownLatch(3);
        Workers workers = Workers.of(3);
        workers.run(
                WORKPLACE,
                3,
                (_, number) -> {
                    threads.add(Thread.currentThread());
                    all.countDown();
                    try {
                        all.await(); // only ends if three are at work
                    } catch (InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                    return number;
                },
                result -> {});
        assertEquals(3, threads.size());
        assertTrue(threads.contains(Thread.currentThread()));
        assertEquals(3, workers.last());
    }

    /** Which copy runs a number does not depend on which is faster. */
    @ParameterizedTest
    @ValueSource(ints = {2, 3, 8})
    void eachCopyHasItsOwnWorkerAndItsOwnNumbers(int workers) {
        List<String> copies = List.of("first", "second", "third");
        Map<Integer, String> ranOn = new ConcurrentHashMap<>();
        Map<String, Thread> threads = new ConcurrentHashMap<>();
        List<Integer> results = new ArrayList<>();
        Workers.of(workers)
                .run(
                        copies,
                        11,
                        (copy, number) -> {
                            ranOn.put(number, copy);
                            Thread before = threads.putIfAbsent(copy, Thread.currentThread());
                            assertTrue(before == null || before == Thread.currentThread(), copy);
                            return number;
                        },
                        results::add);
        int used = Math.min(workers, 3);
        ranOn.forEach((number, copy) -> assertEquals(copies.get(number % used), copy));
        assertEquals(used, Set.copyOf(threads.values()).size());
        assertSame(Thread.currentThread(), threads.get("first"));
        assertEquals(IntStream.range(0, 11).boxed().toList(), results);
    }

    @Test
    void oneMicroBatchRunsOnTheFirstCopy() {
        List<String> results = new ArrayList<>();
        Workers.of(2).run(List.of("first", "second"), 1, (copy, number) -> copy, results::add);
        assertEquals(List.of("first"), results);
    }

    /** The second copy fails at its first number while the first copy is still at its own; both go on to no more. */
    @Test
    void lowerNumbersAreRunAfterAFailureOnAnotherCopyAndHigherOnesAreNot() {
        IllegalStateException third = new IllegalStateException("third");
        IllegalStateException fourth = new IllegalStateException("fourth");
        CountDownLatch failed = new CountDownLatch(1);
        Set<Integer> run = ConcurrentHashMap.newKeySet();
        List<Integer> results = new ArrayList<>();
        IllegalStateException thrown = assertThrows(IllegalStateException.class, () -> Workers.of(2)
                .run(
                        List.of("first", "second"),
                        20,
                        (copy, number) -> {
                            run.add(number);
                            if (number == 3) {
                                failed.countDown();
                                throw fourth;
                            }
                            if (number == 0) {
                                try {
                                    failed.await();
                                } catch (InterruptedException e) {
                                    throw new IllegalStateException(e);
                                }
                            }
                            if (number == 2) {
                                throw third;
                            }
                            return number;
                        },
                        results::add));
        assertSame(third, thrown);
        assertEquals(List.of(fourth), List.of(thrown.getSuppressed()));
        assertEquals(Set.of(0, 1, 2, 3), run);
        assertEquals(List.of(0, 1), results);
    }

    @Test
    void oneMicroBatchRunsOnTheCallersThread() {
        Workers workers = Workers.of(4);
        workers.run(
                WORKPLACE,
                1,
                (_, number) -> Thread.currentThread(),
                thread -> assertSame(Thread.currentThread(), thread));
        assertEquals(1, workers.last());
    }

    /** Two fail: that of the lower number is thrown whichever comes first, once, and nobody is left at work. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 5})
    void theFirstFailureIsThrownAndTheOthersAreSuppressed(int count) {
        List<RuntimeException> failures =
                List.of(new IllegalStateException("third"), new IllegalStateException("fifth"));
        AtomicInteger atWork = new AtomicInteger();
        List<Integer> results = new ArrayList<>();
        CountDownLatch fifthFailed = new CountDownLatch(1);
        RuntimeException thrown = assertThrows(RuntimeException.class, () -> Workers.of(count)
                .run(
                        WORKPLACE,
                        20,
                        (_, number) -> {
                            atWork.incrementAndGet();
                            try {
                                if (number == 4) {
                                    fifthFailed.countDown();
                                    throw failures.get(1);
                                }
                                if (number == 2) {
                                    if (count >= 3) {
                                        fifthFailed.await();
                                    }
                                    throw failures.get(0);
                                }
                                return number;
                            } catch (InterruptedException e) {
                                throw new IllegalStateException(e);
                            } finally {
                                atWork.decrementAndGet();
                            }
                        },
                        results::add));
        assertSame(failures.get(0), thrown);
        assertEquals(0, atWork.get());
        assertEquals(List.of(0, 1), results);
        assertTrue(Arrays.stream(thrown.getSuppressed()).allMatch(failures.get(1)::equals), () -> "" + thrown);
        if (count >= 3) {
            assertEquals(1, thrown.getSuppressed().length);
        }
    }

    @Test
    void errorsPassToo() {
        AssertionError error = new AssertionError();
        assertSame(error, assertThrows(AssertionError.class, () -> Workers.of(2)
                .run(
                        WORKPLACE,
                        4,
                        (_, number) -> {
                            throw error;
                        },
                        result -> {})));
        assertEquals(0, error.getSuppressed().length, "no error is its own suppressed one");
    }

    /** The one of the lower number comes second, after the other worker has nothing left to do. */
    @Test
    void oneExceptionThrownByTwoWorkersIsThrownAsItIs() {
        IllegalStateException failure = new IllegalStateException("both");
        AtomicReference<Thread> second = new AtomicReference<>();
        IllegalStateException thrown = assertThrows(IllegalStateException.class, () -> Workers.of(2)
                .run(
                        WORKPLACE,
                        2,
                        (_, number) -> {
                            if (number == 1) {
                                second.set(Thread.currentThread());
                                throw failure;
                            }
                            while (second.get() == null
                                    || !List.of(Thread.State.TERMINATED, Thread.State.WAITING)
                                            .contains(second.get().getState())) {
                                Thread.onSpinWait();
                            }
                            throw failure;
                        },
                        result -> {}));
        assertSame(failure, thrown);
        assertEquals(0, thrown.getSuppressed().length);
    }

    @Test
    void anInterruptedCallerWaitsForTheOthersAndStaysInterrupted() {
        List<Integer> results = new ArrayList<>();
        Thread.currentThread().interrupt();
        Workers.of(2).run(WORKPLACE, 10, (_, number) -> number, results::add);
        assertTrue(Thread.interrupted());
        assertEquals(10, results.size());
    }

    @Test
    void oneWorkerIsChosenWhereItIsMeasuredToBeFaster() {
        WorkerCount count = WorkerCount.measured(4);
        run(count, 1, 4, 900, 100); // a cold process
        run(count, 3, 4, 120, 100); // all take longer than they compute
        run(count, 3, 1, 110, 100); // so one is tried, and is faster
        run(count, 64, 1, 100, 100);
        run(count, 3, 4, 120, 100); // all again,
        run(count, 3, 1, 130, 100); // and now they are the faster ones
        run(count, 64, 4, 120, 100);
        run(count, 3, 4, 120, 100);
        run(count, 3, 1, 130, 100);
    }

    @Test
    void allAreKeptWithoutATrialWhereTheyTakeLessThanTheyCompute() {
        WorkerCount count = WorkerCount.measured(4);
        for (int i = 0; i < 300; i++) {
            run(count, 1, 4, i % 3 == 0 ? 500 : 30, 100);
        }
    }

    @Test
    void batchesOfOneMicroBatchSayNothing() {
        WorkerCount count = WorkerCount.measured(4);
        for (int i = 0; i < 10; i++) {
            assertEquals(4, count.next());
            count.took(1, 1, 1000, 900);
        }
    }

    /** Batches of as many micro-batches as there are workers at the most, each by so many of them. */
    private static void run(WorkerCount count, int batches, int workers, long elapsed, long computed) {
        for (int i = 0; i < batches; i++) {
            assertEquals(workers, count.next(), "batch " + i);
            count.took(workers, 4, elapsed, computed);
        }
    }

    @Test
    void aFixedNumberIsKept() {
        WorkerCount count = WorkerCount.fixed(4);
        for (int i = 0; i < 10; i++) {
            assertEquals(4, count.next());
            count.took(4, 4, 1000, 100);
        }
    }
}
