package org.edgeprune.torch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.function.BinaryOperator;
import java.util.function.DoubleBinaryOperator;
import java.util.function.DoubleUnaryOperator;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every elementwise operation against plain Java arithmetic. */
class PointwiseTensorTest extends TensorFixture {
    private static final double[] X = {-2.5, -1.5, -1, -0.3, 0, 0.4, 0.5, 1, 1.5, 2.5, 3.7};
    private static final double[] Y = {0.5, -1.5, 2, -0.3, 1, 0.25, 3, -1, 1.5, 2, -4};

    record Unary(String name, UnaryOperator<Tensor> op, DoubleUnaryOperator expected) {
        @Override
        public String toString() {
            return name;
        }
    }

    record Binary(String name, BinaryOperator<Tensor> op, DoubleBinaryOperator expected) {
        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Unary> unary() {
        return Stream.of(
                new Unary("neg", Tensor::neg, x -> -x),
                new Unary("exp", Tensor::exp, Math::exp),
                new Unary("log", Tensor::log, Math::log),
                new Unary("sqrt", Tensor::sqrt, Math::sqrt),
                new Unary("rsqrt", Tensor::rsqrt, x -> 1 / Math.sqrt(x)),
                new Unary("abs", Tensor::abs, Math::abs),
                new Unary("sin", Tensor::sin, Math::sin),
                new Unary("cos", Tensor::cos, Math::cos),
                new Unary("tanh", Tensor::tanh, Math::tanh),
                new Unary("sigmoid", Tensor::sigmoid, PointwiseTensorTest::sigmoid),
                new Unary("relu", Tensor::relu, x -> Math.max(x, 0)),
                new Unary("gelu", Tensor::gelu, x -> x * normalCdf(x)),
                new Unary(
                        "geluTanh",
                        Tensor::geluTanh,
                        x -> 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)))),
                new Unary("silu", Tensor::silu, x -> x * sigmoid(x)),
                new Unary("square", Tensor::square, x -> x * x),
                new Unary("round", Tensor::round, Math::rint),
                new Unary("floor", Tensor::floor, Math::floor),
                new Unary("pow 3", x -> x.pow(3), x -> x * x * x),
                new Unary("pow 0.5", x -> x.pow(0.5), Math::sqrt),
                new Unary("pow -1", x -> x.pow(-1), x -> 1 / x),
                new Unary("add 0.1", x -> x.add(0.1), x -> x + 0.1),
                new Unary("sub 0.1", x -> x.sub(0.1), x -> x - 0.1),
                new Unary("mul 0.1", x -> x.mul(0.1), x -> x * 0.1),
                new Unary("div 3", x -> x.div(3), x -> x / 3),
                new Unary("div 1.1", x -> x.div(1.1), x -> x / 1.1),
                new Unary("clamp", x -> x.clamp(-0.4, 1.2), x -> Math.min(Math.max(x, -0.4), 1.2)),
                new Unary("clampMin", x -> x.clampMin(-0.4), x -> Math.max(x, -0.4)),
                new Unary("clampMax", x -> x.clampMax(1.2), x -> Math.min(x, 1.2)));
    }

    static Stream<Binary> binary() {
        return Stream.of(
                new Binary("add", Tensor::add, Double::sum),
                new Binary("add alpha", (x, y) -> x.add(y, -0.5), (x, y) -> x - 0.5 * y),
                new Binary("sub", Tensor::sub, (x, y) -> x - y),
                new Binary("mul", Tensor::mul, (x, y) -> x * y),
                new Binary("div", Tensor::div, (x, y) -> x / y),
                new Binary("maximum", Tensor::maximum, Math::max),
                new Binary("minimum", Tensor::minimum, Math::min));
    }

    @ParameterizedTest
    @MethodSource("unary")
    void unaryValues(Unary operation) {
        double[] expected = Arrays.stream(X).map(operation.expected).toArray();
        assertArrayEquals(expected, operation.op.apply(vector(X)).toDoubles(), 1e-12);
    }

    @ParameterizedTest
    @MethodSource("binary")
    void binaryValues(Binary operation) {
        double[] expected = new double[X.length];
        Arrays.setAll(expected, i -> operation.expected.applyAsDouble(X[i], Y[i]));
        assertArrayEquals(expected, operation.op.apply(vector(X), vector(Y)).toDoubles(), 1e-12);
    }

    @ParameterizedTest
    @MethodSource("binary")
    void broadcasting(Binary operation) {
        Tensor column = f64(shape(2, 1), 1.5, -2);
        Tensor row = vector(0.5, 2, -1);
        double[] expected = new double[6];
        Arrays.setAll(
                expected, i -> operation.expected.applyAsDouble(i < 3 ? 1.5 : -2, new double[] {0.5, 2, -1}[i % 3]));
        assertTensor(operation.op.apply(column, row), shape(2, 3), expected);
    }

    @Test
    void comparisonsWithTensors() {
        Tensor a = vector(1, 2, 3);
        Tensor b = vector(2, 2, 2);
        assertBooleans(a.eq(b), false, true, false);
        assertBooleans(a.ne(b), true, false, true);
        assertBooleans(a.lt(b), true, false, false);
        assertBooleans(a.le(b), true, true, false);
        assertBooleans(a.gt(b), false, false, true);
        assertBooleans(a.ge(b), false, true, true);
    }

    @Test
    void comparisonsWithNumbers() {
        Tensor a = vector(1, 2, 3);
        assertBooleans(a.eq(2), false, true, false);
        assertBooleans(a.ne(2), true, false, true);
        assertBooleans(a.lt(2), true, false, false);
        assertBooleans(a.le(2), true, true, false);
        assertBooleans(a.gt(2), false, false, true);
        assertBooleans(a.ge(2), false, true, true);
    }

    @Test
    void largeIdsCompareExactly() {
        // As f32, 16777217 and 16777216 would be the same number.
        assertBooleans(Tensor.of(new long[] {16777216, 16777217}, 2).eq(16777217), false, true);
    }

    @Test
    void logic() {
        Tensor a = Tensor.of(new boolean[] {true, true, false, false}, 4);
        Tensor b = Tensor.of(new boolean[] {true, false, true, false}, 4);
        assertBooleans(a.and(b), true, false, false, false);
        assertBooleans(a.or(b), true, true, true, false);
        assertBooleans(a.not(), false, false, true, true);
        assertBooleans(
                vector(1, Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY)
                        .isFinite(),
                true,
                false,
                false,
                false);
    }

    @Test
    void whereTakesElementsByCondition() {
        Tensor condition = Tensor.of(new boolean[] {true, false, true}, 3);
        assertTensor(condition.where(vector(1, 2, 3), vector(-1, -2, -3)), shape(3), 1, -2, 3);
    }

    @Test
    void maskedFillBroadcastsItsMask() {
        Tensor mask = Tensor.of(new boolean[] {false, true}, 2);
        assertTensor(
                f64(shape(2, 2), 1, 2, 3, 4).maskedFill(mask, Double.NEGATIVE_INFINITY),
                shape(2, 2),
                1,
                Double.NEGATIVE_INFINITY,
                3,
                Double.NEGATIVE_INFINITY);
    }

    @Test
    void wholeNumbersKeepIntegerTensorsIntegers() {
        Tensor ids = Tensor.of(new long[] {1, 2, 3}, 3);
        assertLongs(ids.add(1), shape(3), 2, 3, 4);
        assertLongs(ids.sub(1), shape(3), 0, 1, 2);
        assertLongs(ids.mul(2), shape(3), 2, 4, 6);
        assertLongs(ids.add(ids), shape(3), 2, 4, 6);
        assertLongs(ids.clamp(2, 3), shape(3), 2, 2, 3);
        assertEquals(DType.F32, ids.mul(0.5).dtype());
        assertEquals(DType.F32, ids.div(2).dtype());
    }

    @Test
    void dtypesPromoteAsInPyTorch() {
        Tensor f32 = Tensor.ones(2);
        assertEquals(DType.F64, f32.add(vector(1, 2)).dtype());
        assertEquals(DType.F32, f32.add(Tensor.of(new long[] {1, 2}, 2)).dtype());
        assertEquals(DType.F32, f32.to(DType.BF16).add(f32).dtype());
        assertEquals(DType.BF16, f32.to(DType.BF16).mul(0.1).dtype());
    }

    private static double sigmoid(double x) {
        return 1 / (1 + Math.exp(-x));
    }

    /** Phi(x) by its power series: sum x^(2n+1) / (2^n n! (2n+1)). */
    private static double normalCdf(double x) {
        double term = x;
        double sum = x;
        for (int n = 1; n < 100; n++) {
            term *= -x * x / (2 * n);
            sum += term / (2 * n + 1);
        }
        return 0.5 + sum / Math.sqrt(2 * Math.PI);
    }
}
