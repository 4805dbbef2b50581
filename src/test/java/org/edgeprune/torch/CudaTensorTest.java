package org.edgeprune.torch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The same operations on a GPU, where there is one and libtorch can use it. */
class CudaTensorTest extends TensorFixture {
    private static final Device GPU = Device.cuda(0);

    @BeforeEach
    void needsGpu() {
        assumeTrue(LibTorch.cudaDevices() > 0, "no CUDA device, or a libtorch without CUDA");
    }

    @Test
    void elementsRoundTrip() {
        Tensor onGpu = Tensor.of(new float[] {1, 2, 3, 4, 5, 6}, 2, 3).to(GPU);
        assertEquals(GPU, onGpu.device());
        assertEquals("Tensor [2, 3] f32 cuda:0", onGpu.toString());
        assertArrayEquals(new float[] {1, 4, 2, 5, 3, 6}, onGpu.t().toFloats());
        assertArrayEquals(
                new long[] {1, 2}, Tensor.ones(DType.I64, GPU, 2).cumsum(0).toLongs());
    }

    @Test
    void valuesAndGradientsAgreeWithTheCpu() {
        LibTorch.seed(5);
        Tensor x = Tensor.zeros(32, 16).normal_(0, 1);
        Tensor w = Tensor.zeros(16, 8).normal_(0, 1).requiresGrad_(true);
        Tensor wOnGpu = w.detach().to(GPU).requiresGrad_(true);
        Tensor expected =
                Autograd.grad(x.matmul(w).geluTanh().softmax(-1).square().sum(), w)[0];
        Tensor actual = Autograd.grad(
                x.to(GPU).matmul(wOnGpu).geluTanh().softmax(-1).square().sum(), wOnGpu)[0];
        assertEquals(GPU, actual.device());
        assertArrayEquals(expected.toFloats(), actual.toFloats(), 1e-4f);
    }

    @Test
    void mixingDevicesIsAnError() {
        TorchException error =
                assertThrows(TorchException.class, () -> Tensor.ones(2, 2).matmul(Tensor.ones(DType.F32, GPU, 2, 2)));
        assertEquals(
                "matmul: [2, 2] f32 x [2, 2] f32 cuda:0", error.getMessage().substring(0, 40));
    }
}
