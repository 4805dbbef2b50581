package org.edgeprune.torch;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Objects;
import org.edgeprune.torch.ffi.Shim;

/** Elements between Java's arrays and tensors: one bulk copy each way. */
final class HostMemory {
    private HostMemory() {}

    /** A CPU tensor with a copy of the array's elements, row-major. */
    static Tensor tensorOf(MemorySegment array, DType dtype, long[] shape) {
        requireSize(array.byteSize(), dtype, shape);
        Tensor tensor = Tensor.empty(dtype, Device.CPU, shape);
        MemorySegment.copy(array, 0, bytesOf(tensor), 0, array.byteSize());
        return tensor;
    }

    static Tensor tensorOf(boolean[] values, long[] shape) {
        byte[] bytes = new byte[values.length];
        for (int i = 0; i < values.length; i++) {
            bytes[i] = (byte) (values[i] ? 1 : 0);
        }
        return tensorOf(MemorySegment.ofArray(bytes), DType.BOOL, shape);
    }

    static float[] floats(Tensor tensor) {
        float[] values = new float[arrayLength(tensor, "toFloats")];
        read(tensor, DType.F32, MemorySegment.ofArray(values));
        return values;
    }

    static double[] doubles(Tensor tensor) {
        double[] values = new double[arrayLength(tensor, "toDoubles")];
        read(tensor, DType.F64, MemorySegment.ofArray(values));
        return values;
    }

    static long[] longs(Tensor tensor) {
        long[] values = new long[arrayLength(tensor, "toLongs")];
        if (tensor.dtype().isFloatingPoint()) {
            throw unfit(tensor, "toLongs", "not an integer tensor: convert it with to(DType.I64)");
        }
        read(tensor, DType.I64, MemorySegment.ofArray(values));
        return values;
    }

    static boolean[] booleans(Tensor tensor) {
        byte[] bytes = new byte[arrayLength(tensor, "toBooleans")];
        if (tensor.dtype() != DType.BOOL) {
            throw unfit(tensor, "toBooleans", "not a bool tensor: compare it, e.g. ne(0)");
        }
        read(tensor, DType.BOOL, MemorySegment.ofArray(bytes));
        boolean[] values = new boolean[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            values[i] = bytes[i] != 0;
        }
        return values;
    }

    /** The tensor, if it has exactly one element. */
    static Tensor one(Tensor tensor, String op) {
        if (tensor.elementCount() != 1) {
            throw unfit(tensor, op, "not exactly one element");
        }
        return tensor;
    }

    /** A tensor over the segment's own memory. */
    static Tensor wrap(MemorySegment data, DType dtype, long[] shape) {
        Objects.requireNonNull(data, "data");
        requireSize(data.byteSize(), dtype, shape);
        if (!data.isNative() || data.address() % dtype.byteSize() != 0) {
            throw new IllegalArgumentException(
                    "wrap: " + dtype + " needs native memory aligned to " + dtype.byteSize() + " bytes");
        }
        return NativeCalls.create(
                        "wrap",
                        out -> Shim.ep_from_blob(data, NativeCalls.longs(shape), shape.length, dtype.code(), out),
                        shape)
                .over(data);
    }

    /** Copies the elements, row-major and converted to {@code dtype}, into the array, which has exactly their size. */
    private static void read(Tensor tensor, DType dtype, MemorySegment array) {
        try (TensorScope _ = TensorScope.open()) {
            Tensor host = HostReads.of(tensor).detach().to(dtype).to(Device.CPU).contiguous();
            MemorySegment.copy(bytesOf(host), 0, array, 0, array.byteSize());
        }
    }

    /** Copies the elements as they are, row-major, to native memory of exactly their size. */
    static void copy(Tensor tensor, MemorySegment target) {
        requireSize(Objects.requireNonNull(target, "target").byteSize(), tensor.dtype(), tensor.shape());
        if (!target.isNative() || target.isReadOnly()) {
            throw new IllegalArgumentException("copyTo: the target must be writable native memory");
        }
        Tensor source = HostReads.of(tensor);
        NativeCalls.check(Shim.ep_copy_to_host(source.handle("copyTo"), target, target.byteSize()), "copyTo", source);
    }

    /** The memory of a contiguous CPU tensor; valid as long as the tensor is open. */
    private static MemorySegment bytesOf(Tensor tensor) {
        return tensor.data().reinterpret(tensor.elementCount() * tensor.dtype().byteSize());
    }

    private static int arrayLength(Tensor tensor, String op) {
        long count = tensor.elementCount();
        if (count > Integer.MAX_VALUE - 8) {
            throw unfit(tensor, op, "more elements than a Java array holds");
        }
        return (int) count;
    }

    private static IllegalStateException unfit(Tensor tensor, String op, String reason) {
        return new IllegalStateException(op + ": " + tensor.describe() + ": " + reason);
    }

    private static void requireSize(long bytes, DType dtype, long[] shape) {
        Objects.requireNonNull(dtype, "dtype");
        long expected = dtype.byteSize();
        for (long size : Objects.requireNonNull(shape, "shape")) {
            expected = size < 0 ? -1 : Math.multiplyExact(expected, size);
        }
        if (bytes != expected) {
            throw new IllegalArgumentException(bytes / dtype.byteSize() + " elements (" + bytes + " bytes of " + dtype
                    + ") do not fill shape " + Arrays.toString(shape));
        }
    }
}
