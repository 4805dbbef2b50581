package org.edgeprune.torch;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

/** Sums, means, extremes and their relatives. */
class ReductionTensorTest extends TensorFixture {
    /** [[1, 5, 3], [4, 2, 6]] */
    private static Tensor matrix() {
        return f64(shape(2, 3), 1, 5, 3, 4, 2, 6);
    }

    @Test
    void overEverything() {
        assertTensor(matrix().sum(), shape(), 21);
        assertTensor(matrix().mean(), shape(), 3.5);
        assertTensor(matrix().amax(), shape(), 6);
        assertTensor(matrix().amin(), shape(), 1);
        assertTensor(matrix().sumKeep(), shape(1, 1), 21);
        assertTensor(matrix().meanKeep(), shape(1, 1), 3.5);
    }

    @Test
    void overDimensions() {
        assertTensor(matrix().sum(0), shape(3), 5, 7, 9);
        assertTensor(matrix().sum(-1), shape(2), 9, 12);
        assertTensor(matrix().sum(0, 1), shape(), 21);
        assertTensor(matrix().mean(1), shape(2), 3, 4);
        assertTensor(matrix().amax(1), shape(2), 5, 6);
        assertTensor(matrix().amin(0), shape(3), 1, 2, 3);
    }

    @Test
    void keepingTheDimension() {
        assertTensor(matrix().sumKeep(1), shape(2, 1), 9, 12);
        assertTensor(matrix().meanKeep(0), shape(1, 3), 2.5, 3.5, 4.5);
        assertTensor(matrix().amaxKeep(1), shape(2, 1), 5, 6);
    }

    @Test
    void alongADimension() {
        assertLongs(matrix().argmax(1), shape(2), 1, 2);
        assertTensor(matrix().cumsum(1), shape(2, 3), 1, 6, 9, 4, 6, 12);
        assertTensor(
                matrix().logsumexp(0),
                shape(3),
                Math.log(Math.exp(1) + Math.exp(4)),
                Math.log(Math.exp(5) + Math.exp(2)),
                Math.log(Math.exp(3) + Math.exp(6)));
        assertTensor(vector(1000, 1000).logsumexp(0), shape(), 1000 + Math.log(2));
    }

    @Test
    void topk() {
        Tensor.TopK largest = matrix().topk(2, 1, true);
        assertTensor(largest.values(), shape(2, 2), 5, 3, 6, 4);
        assertLongs(largest.indices(), shape(2, 2), 1, 2, 2, 0);
        assertTensor(matrix().topk(1, 0, false).values(), shape(1, 3), 1, 2, 3);
    }

    @Test
    void allAndAny() {
        assertBooleans(Tensor.of(new boolean[] {true, false}, 2).all(), false);
        assertBooleans(Tensor.of(new boolean[] {true, false}, 2).any(), true);
        assertBooleans(Tensor.of(new boolean[] {true, true}, 2).all(), true);
        assertBooleans(Tensor.of(new boolean[] {false, false}, 2).any(), false);
    }

    @Test
    void integersAndBoolsSumToI64() {
        assertEquals(DType.I64, Tensor.of(new int[] {1, 2}, 2).sum().dtype());
        assertEquals(2, Tensor.of(new boolean[] {true, false, true}, 3).sum().itemLong());
    }
}
