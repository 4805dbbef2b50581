package org.edgeprune.torch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** Runs each test in a scope of its own and fails it if a tensor is left alive behind it. */
abstract class TensorFixture {
    private long liveBefore;
    private TensorScope scope;

    @BeforeEach
    void openScope() {
        liveBefore = TensorScope.liveTensors();
        scope = TensorScope.open();
    }

    @AfterEach
    void closeScope() {
        scope.close();
        assertEquals(liveBefore, TensorScope.liveTensors(), "tensors left alive by the test");
    }

    static long[] shape(long... sizes) {
        return sizes;
    }

    /** An f64 tensor. */
    static Tensor f64(long[] shape, double... values) {
        return Tensor.of(values, shape);
    }

    /** An f64 tensor of rank 1. */
    static Tensor vector(double... values) {
        return Tensor.of(values, values.length);
    }

    static void assertTensor(Tensor actual, long[] shape, double... values) {
        assertArrayEquals(shape, actual.shape(), "shape");
        assertArrayEquals(values, actual.toDoubles(), 1e-12);
    }

    static void assertLongs(Tensor actual, long[] shape, long... values) {
        assertArrayEquals(shape, actual.shape(), "shape");
        assertArrayEquals(values, actual.toLongs());
    }

    static void assertBooleans(Tensor actual, boolean... values) {
        assertEquals(DType.BOOL, actual.dtype());
        assertArrayEquals(values, actual.toBooleans());
    }
}
