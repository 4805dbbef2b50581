package org.edgeprune.torch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;

/**
 * The copies of elements to the host on this thread, until closed: counted and recorded on a device that has elements,
 * answered with what was recorded on {@link Device#META}, which has none.
 */
public final class ObservedReads implements AutoCloseable {
    private final List<Read> recorded = new ArrayList<>();
    private final HostReads reads;
    private int count;

    private record Read(DType dtype, long[] shape, double[] values) {}

    private ObservedReads() {
        reads = HostReads.observe(this::record);
    }

    private ObservedReads(List<Read> answers) {
        Queue<Read> left = new ArrayDeque<>(answers);
        reads = HostReads.observe(tensor -> answer(tensor, left.poll()));
    }

    /** Records what is read. */
    public static ObservedReads recording() {
        return new ObservedReads();
    }

    /** Expects the reads that another recorded, in the same order, of tensors of {@link Device#META}. */
    public ObservedReads replayed() {
        return new ObservedReads(recorded);
    }

    private Tensor record(Tensor tensor) {
        count++;
        recorded.add(new Read(tensor.dtype(), tensor.shape(), tensor.toDoubles()));
        return tensor;
    }

    private Tensor answer(Tensor tensor, Read expected) {
        assertEquals(Device.META, tensor.device(), "the device of what the host reads");
        assertFalse(
                expected == null, () -> "read " + (count + 1) + " is one that the CPU run does not make: " + tensor);
        count++;
        assertEquals(expected.dtype(), tensor.dtype(), "dtype of read " + count);
        assertArrayEquals(expected.shape(), tensor.shape(), "shape of read " + count);
        return Tensor.of(expected.values(), expected.shape()).to(expected.dtype());
    }

    /** The reads so far. */
    public int count() {
        return count;
    }

    @Override
    public void close() {
        reads.close();
    }
}
