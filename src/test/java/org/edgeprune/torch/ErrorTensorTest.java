package org.edgeprune.torch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Collections;
import java.util.List;
import org.edgeprune.torch.ffi.Shim;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** What a mistake says. */
class ErrorTensorTest extends TensorFixture {
    private Tensor a;
    private Tensor b;

    @BeforeEach
    void operands() {
        a = Tensor.ones(3, 4);
        b = Tensor.ones(5, 6);
    }

    private static void assertRefused(String message, Executable operation) {
        assertEquals(message, assertThrows(TorchException.class, operation).getMessage());
    }

    private static void assertRefusedAbout(String beginning, Executable operation) {
        String message = assertThrows(TorchException.class, operation).getMessage();
        assertTrue(message.startsWith(beginning + ": "), message);
        assertFalse(message.contains("\n"), message);
        assertTrue(message.length() > beginning.length() + 10, message);
    }

    @Test
    void shapeErrorsNameTheOperationAndAllShapes() {
        assertRefused(
                "matmul: [3, 4] f32 x [5, 6] f32: mat1 and mat2 shapes cannot be multiplied (3x4 and 5x6)",
                () -> a.matmul(b));
        assertRefusedAbout("add: [3, 4] f32 x [5, 6] f32", () -> a.add(b));
        assertRefusedAbout("add_: [3, 4] f32 x [5, 6] f32", () -> a.add_(b));
        assertRefusedAbout("reshape: [3, 4] f32 to [5, -1]", () -> a.reshape(5, -1));
        assertRefusedAbout("view: [4, 3] f32 to [12]", () -> a.t().view(12));
        assertRefusedAbout("expand: [3, 4] f32 to [3, 5]", () -> a.expand(3, 5));
        assertRefusedAbout("narrow: [3, 4] f32", () -> a.narrow(0, 2, 2));
        assertRefusedAbout("sum: [3, 4] f32", () -> a.sum(2));
        assertRefusedAbout("cat: [3, 4] f32 x [5, 6] f32", () -> Tensor.cat(0, a, b));
        assertRefusedAbout("split: [3, 4] f32", () -> a.split(0, 1, 1));
        assertRefusedAbout("linear: [3, 4] f32 x [5, 6] f32 x [3, 4] f32", () -> a.linear(b, a));
        assertRefusedAbout("linear: [3, 4] f32 x [5, 6] f32", () -> a.linear(b, null));
        assertRefusedAbout("layerNorm: [3, 4] f32 x [5, 6] f32", () -> a.layerNorm(b, null, 1e-5));
        assertRefusedAbout("addmm: [3, 4] f32 x [3, 4] f32 x [5, 6] f32", () -> Tensor.addmm(a, a, b));
        assertRefusedAbout("full: [2, -3]", () -> Tensor.zeros(2, -3));
    }

    @Test
    void dtypeErrorsShowTheDtypes() {
        assertRefusedAbout("matmul: [2, 2] f32 x [2, 2] f64", () -> Tensor.ones(2, 2)
                .matmul(Tensor.ones(DType.F64, Device.CPU, 2, 2)));
        assertRefusedAbout("gather: [3, 4] f32 x [3, 4] f32", () -> a.gather(0, a));
        assertRefusedAbout("mean: [2] i64", () -> Tensor.arange(0, 2).mean());
    }

    @Test
    void longListsAreCutShort() {
        List<Tensor> many = new java.util.ArrayList<>(Collections.nCopies(20, Tensor.ones(2)));
        many.add(b);
        String message =
                assertThrows(TorchException.class, () -> Tensor.cat(0, many)).getMessage();
        assertTrue(message.contains(" x ... (21 operands): "), message);
    }

    @Test
    void errorsLeaveNothingBehindAndTheNextCallWorks() {
        long live = TensorScope.liveTensors();
        assertThrows(TorchException.class, () -> a.matmul(b));
        assertEquals(live, TensorScope.liveTensors());
        assertEquals(12, a.sum().item());
    }

    @Test
    void indicesOutOfRangeAreErrors() {
        Tensor index = Tensor.of(new long[] {7}, 1);
        assertRefusedAbout("indexSelect: [3, 4] f32 x [1] i64", () -> a.indexSelect(0, index));
        assertRefusedAbout("select: [3, 4] f32", () -> a.select(0, 3));
    }

    @Test
    void useAfterClose() {
        Tensor closed = Tensor.ones(2);
        closed.close();
        assertFalse(closed.isOpen());
        assertEquals("Tensor (closed)", closed.toString());
        assertClosed("add", () -> closed.add(1));
        assertClosed("add", () -> Tensor.ones(2).add(closed));
        assertClosed("cat", () -> Tensor.cat(0, a, closed));
        assertClosed("linear", () -> a.linear(a, closed));
        assertClosed("mul_", () -> closed.mul_(2));
        assertClosed("shape", closed::shape);
        assertClosed("dtype", closed::dtype);
        assertClosed("grad", () -> Autograd.grad(Tensor.ones(1), closed));
    }

    @Test
    void closingTwiceFreesOnce() {
        long live = TensorScope.liveTensors();
        Tensor tensor = Tensor.ones(2);
        tensor.close();
        tensor.close();
        assertEquals(live, TensorScope.liveTensors());
    }

    @Test
    void knownShapeIsNoLongerReadableAfterClose() {
        Tensor tensor = Tensor.ones(2);
        tensor.shape();
        tensor.dtype();
        tensor.close();
        assertClosed("shape", tensor::shape);
        assertClosed("dtype", tensor::dtype);
    }

    @Test
    void missingOperandsAreNamed() {
        assertEquals(
                "matmul: operand 2 is null",
                assertThrows(NullPointerException.class, () -> a.matmul(null)).getMessage());
        assertEquals(
                "cat: operand 2 is null",
                assertThrows(NullPointerException.class, () -> Tensor.cat(0, a, null))
                        .getMessage());
        assertEquals(
                "linear: operand 2 is null",
                assertThrows(NullPointerException.class, () -> a.linear(null, null))
                        .getMessage());
        assertEquals(
                "shape",
                assertThrows(NullPointerException.class, () -> a.reshape((long[]) null))
                        .getMessage());
    }

    @Test
    void readingTheWrongKind() {
        assertMessage("toLongs: [3, 4] f32: not an integer tensor: convert it with to(DType.I64)", a::toLongs);
        assertMessage("toBooleans: [3, 4] f32: not a bool tensor: compare it, e.g. ne(0)", a::toBooleans);
        assertMessage("item: [3, 4] f32: not exactly one element", a::item);
    }

    @Test
    void unknownFunctionNumbersAreRefused() {
        for (int number : new int[] {-1, Integer.MIN_VALUE, Shim.EP_SQUARE() + 1, 1000}) {
            assertRefused(
                    "unary: [3, 4] f32: unknown unary function",
                    () -> NativeCalls.unary("unary", a, (t, out) -> Shim.ep_unary(number, t, out)));
        }
        for (int number : new int[] {-1, Shim.EP_GE() + 1}) {
            assertRefused(
                    "compare: [3, 4] f32 x [3, 4] f32: unknown comparison",
                    () -> NativeCalls.binary("compare", a, a, (x, y, out) -> Shim.ep_compare(number, x, y, out)));
            assertRefused(
                    "compare: [3, 4] f32: unknown comparison",
                    () -> NativeCalls.unary("compare", a, (t, out) -> Shim.ep_compare_scalar(number, t, 1, out)));
        }
    }

    @Test
    void devicesAreParsed() {
        assertEquals(Device.CPU, Device.parse("cpu"));
        assertEquals(Device.cuda(0), Device.parse("cuda"));
        assertEquals(Device.cuda(3), Device.parse("cuda:3"));
        assertThrows(org.edgeprune.io.InputException.class, () -> Device.parse("gpu"));
    }

    private static void assertClosed(String operation, Executable use) {
        assertMessage(operation + ": the tensor is closed", use);
    }

    private static void assertMessage(String message, Executable use) {
        assertEquals(message, assertThrows(IllegalStateException.class, use).getMessage());
    }
}
