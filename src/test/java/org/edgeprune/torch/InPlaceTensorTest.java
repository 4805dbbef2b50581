package org.edgeprune.torch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** Operations with a trailing underscore change the tensor and return it. */
class InPlaceTensorTest extends TensorFixture {
    private static void assertChanges(double[] before, UnaryOperator<Tensor> operation, double... after) {
        Tensor tensor = vector(before);
        assertSame(tensor, operation.apply(tensor));
        assertTensor(tensor, shape(before.length), after);
    }

    @Test
    void arithmetic() {
        double[] x = {1, 2, 3};
        Tensor y = vector(4, 5, 6);
        assertChanges(x, t -> t.add_(y), 5, 7, 9);
        assertChanges(x, t -> t.add_(y, -0.5), -1, -0.5, 0);
        assertChanges(x, t -> t.mul_(y), 4, 10, 18);
        assertChanges(x, t -> t.mul_(0.5), 0.5, 1, 1.5);
        assertChanges(x, t -> t.addcmul_(y, y, 0.1), 1 + 1.6, 2 + 2.5, 3 + 3.6);
        assertChanges(x, t -> t.addcdiv_(y, vector(2, 2, 3), -1), 1 - 2, 2 - 2.5, 3 - 2);
    }

    @Test
    void filling() {
        double[] x = {1, 2, 3};
        assertChanges(x, t -> t.fill_(0.25), 0.25, 0.25, 0.25);
        assertChanges(x, Tensor::zero_, 0, 0, 0);
        assertChanges(x, t -> t.copy_(vector(7, 8, 9)), 7, 8, 9);
        assertChanges(x, t -> t.copy_(Tensor.scalar(2)), 2, 2, 2);
    }

    @Test
    void writingThroughAView() {
        Tensor matrix = Tensor.zeros(DType.F64, Device.CPU, 2, 3);
        matrix.select(0, 1).narrow(0, 1, 2).fill_(5);
        assertTensor(matrix, shape(2, 3), 0, 0, 0, 0, 5, 5);
    }

    @Test
    void indexed() {
        Tensor index = Tensor.of(new long[] {2, 0, 2}, 3);
        Tensor source = f64(shape(3, 2), 1, 2, 3, 4, 5, 6);
        assertTensor(
                Tensor.ones(DType.F64, Device.CPU, 3, 2).indexAdd_(0, index, source), shape(3, 2), 4, 5, 1, 1, 7, 9);
        Tensor distinct = Tensor.of(new long[] {2, 0}, 2);
        assertTensor(
                Tensor.ones(DType.F64, Device.CPU, 3, 2).indexCopy_(0, distinct, source.narrow(0, 0, 2)),
                shape(3, 2),
                3,
                4,
                1,
                1,
                1,
                2);
    }

    @Test
    void products() {
        Tensor a = f64(shape(2, 2), 1, 2, 3, 4);
        Tensor b = f64(shape(2, 2), 5, 6, 7, 8);
        assertTensor(
                Tensor.ones(DType.F64, Device.CPU, 2, 2).addmm_(a, b, 0.5, 2), shape(2, 2), 38.5, 44.5, 86.5, 100.5);
        assertTensor(
                Tensor.ones(DType.F64, Device.CPU, 1, 2, 2).baddbmm_(a.unsqueeze(0), b.unsqueeze(0), 0.5, 2),
                shape(1, 2, 2),
                38.5,
                44.5,
                86.5,
                100.5);
    }

    @Test
    void randomNumbersAreInRangeAndReproducible() {
        LibTorch.seed(7);
        float[] uniform = Tensor.zeros(10_000).uniform_(2, 3).toFloats();
        float[] normal = Tensor.zeros(10_000).normal_(1, 2).toFloats();
        double sum = 0;
        double squares = 0;
        for (int i = 0; i < uniform.length; i++) {
            assertTrue(uniform[i] >= 2 && uniform[i] < 3, "uniform: " + uniform[i]);
            sum += normal[i];
            squares += (normal[i] - 1) * (normal[i] - 1);
        }
        assertEquals(1, sum / 10_000, 0.1);
        assertEquals(4, squares / 10_000, 0.25);
        LibTorch.seed(7);
        assertArrayEquals(uniform, Tensor.zeros(10_000).uniform_(2, 3).toFloats());
    }
}
