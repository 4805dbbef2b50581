package org.edgeprune.torch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.function.Executable;

/** Tensors without elements: shapes and gradients as on the CPU, and no way to the host. */
class MetaTensorTest extends TensorFixture {
    /** An operation that libtorch's C++ does not have on the meta device. */
    private record Operation(String name, List<Tensor> operands, Result result) {}

    @FunctionalInterface
    private interface Result {
        Tensor of(List<Tensor> operands);
    }

    private static Tensor random(long... shape) {
        return Tensor.empty(DType.F32, Device.CPU, shape).normal_(0, 1);
    }

    private static Stream<Operation> operations() {
        Tensor x = random(3, 4, 5);
        Tensor index = Tensor.of(new long[] {2, 0, 2, 1}, 4);
        Tensor q = random(2, 3, 4, 6);
        Tensor k = random(2, 3, 7, 6);
        Tensor v = random(2, 3, 7, 5);
        Tensor allowed = Tensor.ones(4, 7).tril(3).gt(0);
        return Stream.of(
                new Operation("indexSelect", List.of(x, index), o -> o.get(0).indexSelect(1, o.get(1))),
                new Operation("indexSelect -1", List.of(x, index), o -> o.get(0).indexSelect(-1, o.get(1))),
                new Operation("clamp", List.of(x), o -> o.get(0).clamp(0, 1)),
                new Operation("relu", List.of(x), o -> o.get(0).relu()),
                new Operation("tril", List.of(x), o -> o.get(0).tril(1)),
                new Operation("maskedFill", List.of(x, random(4, 5).gt(0)), o -> o.get(0)
                        .maskedFill(o.get(1).or(o.get(0).lt(-1)), Double.NEGATIVE_INFINITY)),
                new Operation(
                        "where",
                        List.of(x, random(5)),
                        o -> o.get(0).gt(0).and(o.get(0).lt(1)).not().where(o.get(0), o.get(1))),
                new Operation("layerNorm", List.of(x, random(5), random(5)), o -> o.get(0)
                        .layerNorm(o.get(1), o.get(2), 1e-5)),
                new Operation("layerNorm, plain", List.of(x), o -> o.get(0).layerNorm(null, null, 1e-5)),
                new Operation(
                        "attention",
                        List.of(q, k, v, allowed),
                        o -> Tensor.attention(o.get(0), o.get(1), o.get(2), o.get(3), false, 0.5)),
                new Operation(
                        "causal attention",
                        List.of(q, q, q),
                        o -> Tensor.attention(o.get(0), o.get(1), o.get(2), null, true, Double.NaN)));
    }

    @TestFactory
    Stream<DynamicTest> operationsHaveTheShapesAndGradientsOfTheCpu() {
        return operations()
                .map(operation -> DynamicTest.dynamicTest(operation.name(), () -> {
                    List<Tensor> here = leaves(operation.operands(), Device.CPU);
                    List<Tensor> there = leaves(operation.operands(), Device.META);
                    Tensor expected = operation.result().of(here);
                    Tensor actual = operation.result().of(there);
                    assertLike(expected, actual);
                    List<Tensor> byHere =
                            here.stream().filter(Tensor::requiresGrad).toList();
                    List<Tensor> byThere =
                            there.stream().filter(Tensor::requiresGrad).toList();
                    Tensor[] expectedGradients = Autograd.grad(expected.sum(), byHere.toArray(Tensor[]::new));
                    Tensor[] gradients = Autograd.grad(actual.sum(), byThere.toArray(Tensor[]::new));
                    for (int i = 0; i < gradients.length; i++) {
                        assertLike(expectedGradients[i], gradients[i]);
                    }
                }));
    }

    private static List<Tensor> leaves(List<Tensor> operands, Device device) {
        return operands.stream()
                .map(operand -> {
                    Tensor leaf = operand.copy().to(device);
                    return leaf.dtype().isFloatingPoint() ? leaf.requiresGrad_(true) : leaf;
                })
                .toList();
    }

    private static void assertLike(Tensor expected, Tensor actual) {
        assertEquals(Device.META, actual.device());
        assertEquals(expected.dtype(), actual.dtype());
        assertArrayEquals(expected.shape(), actual.shape());
    }

    @Test
    void nothingIsReadOnTheHost() {
        Tensor meta = Tensor.ones(2, 3).to(Device.META);
        assertEquals("Tensor [2, 3] f32 meta", meta.toString());
        List<Executable> reads = List.of(
                meta::toFloats,
                meta::toDoubles,
                () -> meta.sum().item(),
                () -> meta.gt(0).toBooleans(),
                () -> meta.to(DType.I64).toLongs(),
                () -> meta.to(Device.CPU),
                () -> Tensor.zeros(2, 3).copy_(meta));
        reads.forEach(read -> assertThrows(TorchException.class, read));
    }

    /** libtorch's kernels of the meta device do not all look at the devices of their operands. */
    @Test
    void mixedDevicesAreAnError() {
        assumeTrue(NativeCalls.class.desiredAssertionStatus(), "needs java -ea, as Maven runs tests");
        Tensor meta = Tensor.ones(2, 2).to(Device.META);
        Tensor here = Tensor.ones(2, 2);
        Tensor index = Tensor.of(new long[] {1, 0}, 2);
        List<Supplier<Tensor>> mixed = List.of(
                () -> meta.matmul(here),
                () -> here.matmul(meta),
                () -> meta.add(here),
                () -> meta.indexSelect(0, index),
                () -> meta.mul_(here),
                () -> meta.copy().indexAdd_(0, index, meta),
                () -> meta.linear(here, null),
                () -> meta.layerNorm(here.select(0, 0), null, 1e-5),
                () -> Tensor.cat(0, meta, here),
                () -> Tensor.baddbmm(meta.unsqueeze(0), meta.unsqueeze(0), here.unsqueeze(0)));
        for (Supplier<Tensor> operation : mixed) {
            String message = assertThrows(TorchException.class, operation::get).getMessage();
            assertTrue(message.contains("on meta and on cpu") || message.contains("on cpu and on meta"), message);
        }
        assertEquals(Device.META, meta.add(Tensor.scalar(2)).device(), "a scalar of the CPU goes with any device");
        assertEquals(Device.META, meta.copy_(here).device(), "copy_ crosses devices");
    }

    @Test
    void aReadThatIsAnsweredElsewhereIsCounted() {
        Tensor meta = Tensor.of(new float[] {1, 2}, 2).to(Device.META);
        ObservedReads first = ObservedReads.recording();
        try (first) {
            assertArrayEquals(
                    new float[] {1, 2}, Tensor.of(new float[] {1, 2}, 2).toFloats());
        }
        try (ObservedReads reads = first.replayed()) {
            assertArrayEquals(new float[] {1, 2}, meta.toFloats());
            assertEquals(1, reads.count());
            assertThrows(AssertionError.class, meta::toFloats, "the other run reads once");
        }
        assertThrows(TorchException.class, meta::toFloats);
    }
}
