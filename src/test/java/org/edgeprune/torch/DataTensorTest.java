package org.edgeprune.torch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Elements in and out: arrays, dtypes, foreign memory, identity. */
class DataTensorTest extends TensorFixture {
    @Test
    void javaArraysRoundTrip() {
        float[] floats = {1.5f, -2, Float.MIN_VALUE, Float.NaN, Float.POSITIVE_INFINITY, 3};
        assertArrayEquals(floats, Tensor.of(floats, 2, 3).toFloats());
        double[] doubles = {1.5, -2, Double.MIN_VALUE, Math.PI};
        assertArrayEquals(doubles, Tensor.of(doubles, 4).toDoubles());
        long[] longs = {Long.MIN_VALUE, -1, 0, Long.MAX_VALUE};
        assertArrayEquals(longs, Tensor.of(longs, 2, 2).toLongs());
        assertArrayEquals(
                new long[] {Integer.MIN_VALUE, 7},
                Tensor.of(new int[] {Integer.MIN_VALUE, 7}, 2).toLongs());
        boolean[] booleans = {true, false, true};
        assertArrayEquals(booleans, Tensor.of(booleans, 3).toBooleans());
        assertArrayEquals(new long[] {1, 0, 1}, Tensor.of(booleans, 3).toLongs());
    }

    @Test
    void theArrayIsCopied() {
        float[] values = {1, 2};
        Tensor tensor = Tensor.of(values, 2);
        values[0] = 9;
        assertArrayEquals(new float[] {1, 2}, tensor.toFloats());
    }

    /** Small whole numbers exist in every dtype. */
    @ParameterizedTest
    @EnumSource(DType.class)
    void everyDtypeRoundTrips(DType dtype) {
        float[] values = dtype == DType.BOOL ? new float[] {0, 1, 1, 0} : new float[] {0, 1, 2, 100};
        Tensor tensor = Tensor.of(values, 2, 2).to(dtype);
        assertEquals(dtype, tensor.dtype());
        assertArrayEquals(values, tensor.toFloats());
        assertArrayEquals(values, tensor.t().contiguous().t().toFloats(), "whatever the strides");
        assertArrayEquals(values, tensor.reshape(4).toFloats());
        assertEquals("Tensor [2, 2] " + dtype, tensor.toString());
    }

    @Test
    void halfPrecisionRounds() {
        // 1 + 2^-9 needs nine bits after the point: f16 has ten, bf16 seven.
        float value = 1 + 1f / 512;
        assertEquals(value, Tensor.scalar(value).to(DType.F16).item());
        assertEquals(1, Tensor.scalar(value).to(DType.BF16).item());
        assertEquals(Double.POSITIVE_INFINITY, Tensor.scalar(1e5).to(DType.F16).item());
        assertEquals(99840, Tensor.scalar(1e5).to(DType.BF16).item());
    }

    @Test
    void creation() {
        assertTensor(Tensor.zeros(2), shape(2), 0, 0);
        assertTensor(Tensor.ones(1, 2), shape(1, 2), 1, 1);
        assertTensor(Tensor.full(0.5, DType.F64, Device.CPU, 2), shape(2), 0.5, 0.5);
        assertLongs(Tensor.ones(DType.I64, Device.CPU, 2), shape(2), 1, 1);
        assertLongs(Tensor.arange(-1, 3), shape(4), -1, 0, 1, 2);
        assertTensor(Tensor.scalar(0.25), shape(), 0.25);
        assertArrayEquals(
                shape(3, 0, 2), Tensor.empty(DType.BF16, Device.CPU, 3, 0, 2).shape());
        assertArrayEquals(new float[0], Tensor.zeros(3, 0).toFloats());
    }

    @Test
    void identity() {
        Tensor tensor = Tensor.zeros(DType.I32, Device.CPU, 2, 3, 4);
        assertEquals(3, tensor.rank());
        assertEquals(24, tensor.elementCount());
        assertEquals(2, tensor.size(0));
        assertEquals(4, tensor.size(-1));
        assertThrows(IndexOutOfBoundsException.class, () -> tensor.size(3));
        assertEquals(Device.CPU, tensor.device());
        assertTrue(tensor.isContiguous());
        tensor.shape()[0] = 99;
        assertEquals(2, tensor.size(0), "shape() returns a copy");
    }

    @Test
    void convertingToWhatItIsSharesMemory() {
        Tensor tensor = Tensor.ones(2);
        Tensor same = tensor.to(DType.F32).to(Device.CPU).contiguous();
        tensor.fill_(5);
        assertArrayEquals(new float[] {5, 5}, same.toFloats());
    }

    @Test
    void items() {
        assertEquals(2.5, Tensor.of(new float[] {2.5f}, 1, 1).item());
        assertEquals(7, Tensor.of(new long[] {7}, 1).itemLong());
        assertEquals(1, Tensor.ones(2).all().item());
        assertEquals(3, Tensor.of(new long[] {3}).item());
    }

    @Test
    void gradientsDoNotHinderReading() {
        Tensor x = Tensor.ones(2).requiresGrad_(true);
        assertArrayEquals(new double[] {2, 2}, x.mul(2).toDoubles());
    }

    @Test
    void wrappingSharesMemory() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocateFrom(ValueLayout.JAVA_FLOAT, 1, 2, 3, 4);
            Tensor tensor = Tensor.wrap(memory, DType.F32, 2, 2);
            memory.setAtIndex(ValueLayout.JAVA_FLOAT, 3, 40);
            assertTensor(tensor, shape(2, 2), 1, 2, 3, 40);
            tensor.select(0, 0).mul_(10);
            assertEquals(20, memory.getAtIndex(ValueLayout.JAVA_FLOAT, 1));
        }
    }

    @Test
    void readOnlyMemoryIsNotWrittenThroughAnyView() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory =
                    arena.allocateFrom(ValueLayout.JAVA_FLOAT, 1, 2, 3, 4).asReadOnly();
            Tensor tensor = Tensor.wrap(memory, DType.F32, 2, 2);
            assertThrows(IllegalStateException.class, () -> tensor.mul_(2));
            assertThrows(
                    IllegalStateException.class, () -> tensor.t().select(0, 1).zero_());
            assertThrows(
                    IllegalStateException.class,
                    () -> tensor.split(0, 1, 1).get(1).zero_());
            assertThrows(
                    IllegalStateException.class,
                    () -> tensor.to(DType.F32).detach().contiguous().zero_());
            assertTensor(tensor.copy().mul_(2), shape(2, 2), 2, 4, 6, 8);
            assertTensor(tensor.to(DType.F64).mul_(2), shape(2, 2), 2, 4, 6, 8);
            assertTensor(tensor, shape(2, 2), 1, 2, 3, 4);
        }
    }

    @Test
    void wrappedMemoryMustBeAlive() {
        Tensor tensor;
        Tensor view;
        try (Arena arena = Arena.ofConfined()) {
            tensor = Tensor.wrap(arena.allocate(16, 4), DType.F32, 4);
            view = tensor.narrow(0, 1, 2);
        }
        assertEquals(
                "sum: the arena of the memory that the tensor wraps is closed",
                assertThrows(IllegalStateException.class, tensor::sum).getMessage());
        assertThrows(IllegalStateException.class, view::toFloats);
        tensor.close();
        assertFalse(tensor.isOpen());
    }

    @Test
    void wrapRefusesMemoryOfTheWrongKind() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(17, 8);
            assertThrows(IllegalArgumentException.class, () -> Tensor.wrap(memory, DType.F32, 4));
            assertThrows(IllegalArgumentException.class, () -> Tensor.wrap(memory.asSlice(1, 16), DType.F32, 4));
            assertThrows(
                    IllegalArgumentException.class,
                    () -> Tensor.wrap(MemorySegment.ofArray(new float[4]), DType.F32, 4));
            assertEquals(
                    16, Tensor.wrap(memory.asSlice(1, 16), DType.U8, 16).elementCount(), "bytes need no alignment");
        }
    }

    @Test
    void copyToForeignMemory() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(16, 4);
            Tensor.of(new float[] {1, 2, 3, 4}, 2, 2).t().copyTo(memory);
            assertArrayEquals(new float[] {1, 3, 2, 4}, memory.toArray(ValueLayout.JAVA_FLOAT));
            Tensor.of(new float[] {1, 2}, 2).to(DType.BF16).copyTo(memory.asSlice(0, 4));
            assertEquals(0x4000_3f80, memory.get(ValueLayout.JAVA_INT, 0));
            assertThrows(IllegalArgumentException.class, () -> Tensor.ones(3).copyTo(memory));
            assertThrows(IllegalArgumentException.class, () -> Tensor.ones(4).copyTo(memory.asReadOnly()));
        }
    }

    @Test
    void shapesMustFitTheData() {
        assertEquals(
                "3 elements (12 bytes of f32) do not fill shape [2, 2]",
                assertThrows(IllegalArgumentException.class, () -> Tensor.of(new float[3], 2, 2))
                        .getMessage());
        assertThrows(IllegalArgumentException.class, () -> Tensor.of(new long[2]));
        assertThrows(IllegalArgumentException.class, () -> Tensor.of(new long[1], -1));
        assertThrows(IllegalArgumentException.class, () -> Tensor.of(new long[1], -1, -1));
    }
}
