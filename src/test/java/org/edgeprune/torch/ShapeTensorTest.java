package org.edgeprune.torch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

/** Views, indexing and joining. */
class ShapeTensorTest extends TensorFixture {
    /** [[0, 1, 2], [3, 4, 5]] */
    private static Tensor matrix() {
        return Tensor.arange(0, 6).to(DType.F64).reshape(2, 3);
    }

    @Test
    void reshapeAndView() {
        assertTensor(matrix().reshape(3, -1), shape(3, 2), 0, 1, 2, 3, 4, 5);
        assertTensor(matrix().view(6), shape(6), 0, 1, 2, 3, 4, 5);
        assertTensor(matrix().t().reshape(6), shape(6), 0, 3, 1, 4, 2, 5);
        assertTensor(vector(7).reshape(), shape(), 7);
    }

    @Test
    void expandRepeatsWithoutACopy() {
        Tensor row = vector(1, 2);
        Tensor rows = row.expand(3, -1);
        assertTensor(rows, shape(3, 2), 1, 2, 1, 2, 1, 2);
        row.fill_(9);
        assertTensor(rows, shape(3, 2), 9, 9, 9, 9, 9, 9);
    }

    @Test
    void permutations() {
        assertTensor(matrix().transpose(0, 1), shape(3, 2), 0, 3, 1, 4, 2, 5);
        assertTensor(matrix().transpose(-1, -2), shape(3, 2), 0, 3, 1, 4, 2, 5);
        assertTensor(matrix().t(), shape(3, 2), 0, 3, 1, 4, 2, 5);
        assertTensor(matrix().reshape(1, 2, 3).permute(2, 0, 1), shape(3, 1, 2), 0, 3, 1, 4, 2, 5);
    }

    @Test
    void dimensionsOfSizeOne() {
        assertArrayEquals(shape(2, 1, 3), matrix().unsqueeze(1).shape());
        assertArrayEquals(shape(2, 3, 1), matrix().unsqueeze(-1).shape());
        assertArrayEquals(shape(2, 3), matrix().unsqueeze(1).squeeze(1).shape());
        assertArrayEquals(shape(2, 3), matrix().squeeze(0).shape());
    }

    @Test
    void parts() {
        assertTensor(matrix().narrow(1, 1, 2), shape(2, 2), 1, 2, 4, 5);
        assertTensor(matrix().select(0, 1), shape(3), 3, 4, 5);
        assertTensor(matrix().select(1, -1), shape(2), 2, 5);
        List<Tensor> pieces = matrix().split(1, 1, 2);
        assertEquals(2, pieces.size());
        assertTensor(pieces.get(0), shape(2, 1), 0, 3);
        assertTensor(pieces.get(1), shape(2, 2), 1, 2, 4, 5);
        assertTensor(matrix().narrow(0, 1, 0), shape(0, 3));
    }

    @Test
    void joining() {
        Tensor a = vector(1, 2);
        Tensor b = vector(3, 4);
        assertTensor(Tensor.cat(0, a, b, a), shape(6), 1, 2, 3, 4, 1, 2);
        assertTensor(Tensor.stack(0, a, b), shape(2, 2), 1, 2, 3, 4);
        assertTensor(Tensor.stack(-1, List.of(a, b)), shape(2, 2), 1, 3, 2, 4);
        // More handles than the thread's scratch memory holds at first.
        assertTensor(Tensor.cat(0, java.util.Collections.nCopies(2000, a)).sum(), shape(), 6000);
    }

    @Test
    void indexing() {
        Tensor index = Tensor.of(new long[] {2, 0, 2}, 3);
        assertTensor(matrix().indexSelect(1, index), shape(2, 3), 2, 0, 2, 5, 3, 5);
        assertTensor(matrix().indexSelect(-1, Tensor.of(new int[] {1}, 1)), shape(2, 1), 1, 4);
        assertTensor(matrix().gather(1, Tensor.of(new long[] {2, 0}, 2, 1)), shape(2, 1), 2, 3);
        assertTensor(vector(1, 2).repeatInterleave(2, 0), shape(4), 1, 1, 2, 2);
    }

    @Test
    void triangles() {
        Tensor square = Tensor.arange(1, 10).reshape(3, 3);
        assertLongs(square.tril(0), shape(3, 3), 1, 0, 0, 4, 5, 0, 7, 8, 9);
        assertLongs(square.tril(-1), shape(3, 3), 0, 0, 0, 4, 0, 0, 7, 8, 0);
        assertLongs(square.triu(1), shape(3, 3), 0, 2, 3, 0, 0, 6, 0, 0, 0);
        assertBooleans(Tensor.ones(DType.BOOL, Device.CPU, 2, 2).tril(0), true, false, true, true);
    }

    @Test
    void contiguityAndCopies() {
        Tensor transposed = matrix().t();
        assertFalse(transposed.isContiguous());
        assertTrue(transposed.contiguous().isContiguous());
        assertTensor(transposed.contiguous(), shape(3, 2), 0, 3, 1, 4, 2, 5);
        Tensor original = vector(1, 2);
        Tensor copy = original.copy();
        original.fill_(0);
        assertTensor(copy, shape(2), 1, 2);
    }
}
