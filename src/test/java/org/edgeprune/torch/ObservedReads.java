package org.edgeprune.torch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.util.ArrayDeque;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;

/**
 * The copies of elements to the host on this thread and those that it starts, until closed: counted and recorded on a
 * device that has elements, answered with what a thread of the same name read on {@link Device#META}, which has none.
 */
public final class ObservedReads implements AutoCloseable {
    private final Map<String, Queue<Read>> recorded = new ConcurrentHashMap<>();
    private final AtomicInteger count = new AtomicInteger();
    private final HostReads reads;

    private record Read(DType dtype, long[] shape, double[] values) {}

    private ObservedReads() {
        reads = HostReads.observe(this::record);
    }

    private ObservedReads(Map<String, Queue<Read>> answers, Predicate<Thread> answered) {
        Map<String, Queue<Read>> left = new ConcurrentHashMap<>();
        answers.forEach((thread, its) -> left.put(thread, new ArrayDeque<>(its)));
        reads = HostReads.observe(tensor -> answered.test(Thread.currentThread())
                ? answer(tensor, left.getOrDefault(name(), new ArrayDeque<>()).poll())
                : passed(tensor));
    }

    /** A test's own thread has any name. */
    private static String name() {
        String name = Thread.currentThread().getName();
        return name.startsWith("edgeprune worker") ? name : "";
    }

    /** Records what is read. */
    public static ObservedReads recording() {
        return new ObservedReads();
    }

    /** Expects the reads that another recorded, in the same order, of tensors of {@link Device#META}. */
    public ObservedReads replayed() {
        return new ObservedReads(recorded, _ -> true);
    }

    /** The same on the threads that this one starts; this one reads tensors that have elements. */
    public ObservedReads replayedOnWorkers() {
        Thread mine = Thread.currentThread();
        return new ObservedReads(recorded, thread -> thread != mine);
    }

    private Tensor record(Tensor tensor) {
        count.incrementAndGet();
        recorded.computeIfAbsent(name(), _ -> new ArrayDeque<>())
                .add(new Read(tensor.dtype(), tensor.shape(), tensor.toDoubles()));
        return tensor;
    }

    private Tensor passed(Tensor tensor) {
        assertEquals(Device.CPU, tensor.device(), "the device of what the host reads");
        count.incrementAndGet();
        return tensor;
    }

    private Tensor answer(Tensor tensor, Read expected) {
        assertEquals(Device.META, tensor.device(), "the device of what the host reads");
        int number = count.incrementAndGet();
        assertFalse(expected == null, () -> "read " + number + " is one that the CPU run does not make: " + tensor);
        assertEquals(expected.dtype(), tensor.dtype(), "dtype of read " + number);
        assertArrayEquals(expected.shape(), tensor.shape(), "shape of read " + number);
        return Tensor.of(expected.values(), expected.shape()).to(expected.dtype());
    }

    /** The reads so far. */
    public int count() {
        return count.get();
    }

    @Override
    public void close() {
        reads.close();
    }
}
