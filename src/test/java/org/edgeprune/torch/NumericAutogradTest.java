package org.edgeprune.torch;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The gradient of every differentiable operation against central differences in f64: with fixed weights r, L(x) = sum r
 * f(x), and dL/dx_i = (L(x + h e_i) - L(x - h e_i)) / 2h up to O(h^2).
 */
class NumericAutogradTest extends TensorFixture {
    private static final double STEP = 1e-5;

    /**
     * {@code name} begins with the name of Tensor's method. Inputs are drawn from ±[low, high], or [low, high] if
     * positive.
     */
    record Operation(String name, Function<List<Tensor>, Tensor> function, boolean positive, long[][] shapes) {
        @Override
        public String toString() {
            return name;
        }
    }

    private static Operation of(String name, Function<List<Tensor>, Tensor> function, long[]... shapes) {
        return new Operation(name, function, false, shapes);
    }

    private static Operation positive(String name, Function<Tensor, Tensor> function) {
        return new Operation(name, x -> function.apply(x.get(0)), true, new long[][] {{2, 3}});
    }

    private static Operation unary(String name, Function<Tensor, Tensor> function) {
        return of(name, x -> function.apply(x.get(0)), shape(2, 3));
    }

    static Stream<Operation> operations() {
        List<Operation> all = new ArrayList<>();
        all.addAll(List.of(
                of("add", x -> x.get(0).add(x.get(1)), shape(2, 3), shape(3)),
                of("add alpha", x -> x.get(0).add(x.get(1), -0.7), shape(2, 1), shape(1, 3)),
                unary("add number", x -> x.add(2)),
                of("sub", x -> x.get(0).sub(x.get(1)), shape(3), shape(2, 3)),
                unary("sub number", x -> x.sub(2)),
                of("mul", x -> x.get(0).mul(x.get(1)), shape(2, 3), shape(2, 1)),
                unary("mul number", x -> x.mul(-1.3)),
                of("div", x -> x.get(0).div(x.get(1)), shape(2, 3), shape(3)),
                unary("div number", x -> x.div(3)),
                of("maximum", x -> x.get(0).maximum(x.get(1)), shape(2, 3), shape(2, 3)),
                of("minimum", x -> x.get(0).minimum(x.get(1)), shape(2, 3), shape(2, 3)),
                unary("neg", Tensor::neg),
                unary("exp", Tensor::exp),
                positive("log", Tensor::log),
                positive("sqrt", Tensor::sqrt),
                positive("rsqrt", Tensor::rsqrt),
                unary("square", Tensor::square),
                unary("abs", Tensor::abs),
                unary("sin", Tensor::sin),
                unary("cos", Tensor::cos),
                unary("tanh", Tensor::tanh),
                unary("sigmoid", Tensor::sigmoid),
                unary("relu", Tensor::relu),
                unary("gelu", Tensor::gelu),
                unary("geluTanh", Tensor::geluTanh),
                unary("silu", Tensor::silu),
                unary("pow 3", x -> x.pow(3)),
                unary("pow -1", x -> x.pow(-1)),
                positive("pow 1.5", x -> x.pow(1.5)),
                unary("clamp", x -> x.clamp(-0.45, 0.45)),
                unary("clampMin", x -> x.clampMin(0.05)),
                unary("clampMax", x -> x.clampMax(0.05)),
                of("where", x -> x.get(0).gt(0).where(x.get(0).square(), x.get(1)), shape(2, 3), shape(3)),
                unary("maskedFill", x -> x.maskedFill(x.gt(0.3), 5))));
        all.addAll(List.of(
                unary("reshape", x -> x.t().reshape(6)),
                unary("view", x -> x.view(3, 2)),
                of("expand", x -> x.get(0).expand(2, 3, 4), shape(3, 1)),
                of("permute", x -> x.get(0).permute(2, 0, 1), shape(2, 3, 2)),
                unary("transpose", x -> x.transpose(0, 1)),
                unary("t", Tensor::t),
                unary("unsqueeze", x -> x.unsqueeze(1)),
                of("squeeze", x -> x.get(0).squeeze(1), shape(2, 1, 3)),
                unary("narrow", x -> x.narrow(1, 1, 2)),
                unary("select", x -> x.select(0, 1)),
                unary("split", x -> x.split(1, 1, 2).get(1)),
                of("cat", x -> Tensor.cat(0, x.get(0), x.get(1), x.get(0)), shape(2, 3), shape(1, 3)),
                of("stack", x -> Tensor.stack(1, x), shape(2, 3), shape(2, 3)),
                unary("indexSelect", x -> x.indexSelect(1, Tensor.of(new long[] {2, 0, 2}, 3))),
                unary("gather", x -> x.gather(1, Tensor.of(new long[] {2, 2, 0, 1}, 2, 2))),
                of("tril", x -> x.get(0).tril(0), shape(3, 3)),
                of("triu", x -> x.get(0).triu(1), shape(2, 3, 3)),
                unary("repeatInterleave", x -> x.repeatInterleave(2, 0)),
                unary("contiguous", x -> x.t().contiguous()),
                unary("copy", Tensor::copy),
                unary("to", x -> x.to(DType.F64).to(Device.CPU))));
        all.addAll(List.of(
                unary("sum", Tensor::sum),
                unary("sum dim", x -> x.sum(1)),
                unary("sumKeep", x -> x.sumKeep(0)),
                unary("mean", Tensor::mean),
                of("mean dims", x -> x.get(0).mean(0, 2), shape(2, 3, 2)),
                unary("meanKeep", x -> x.meanKeep(-1)),
                unary("amax", Tensor::amax),
                unary("amax dim", x -> x.amax(1)),
                unary("amaxKeep", x -> x.amaxKeep(0)),
                unary("amin", x -> x.amin(1)),
                unary("cumsum", x -> x.cumsum(1)),
                unary("logsumexp", x -> x.logsumexp(1)),
                unary("topk", x -> x.topk(2, 1, true).values()),
                of("matmul", x -> x.get(0).matmul(x.get(1)), shape(2, 3), shape(3, 4)),
                of("matmul batched", x -> x.get(0).matmul(x.get(1)), shape(2, 1, 2, 3), shape(3, 3, 2)),
                of("matmul vector", x -> x.get(0).matmul(x.get(1)), shape(2, 3), shape(3)),
                of("bmm", x -> x.get(0).bmm(x.get(1)), shape(2, 2, 3), shape(2, 3, 2)),
                of("addmm", x -> Tensor.addmm(x.get(0), x.get(1), x.get(2)), shape(4), shape(2, 3), shape(3, 4)),
                of(
                        "baddbmm",
                        x -> Tensor.baddbmm(x.get(0), x.get(1), x.get(2)),
                        shape(2, 1, 2),
                        shape(2, 2, 3),
                        shape(2, 3, 2)),
                of("linear", x -> x.get(0).linear(x.get(1), x.get(2)), shape(2, 2, 3), shape(4, 3), shape(4)),
                of("linear without bias", x -> x.get(0).linear(x.get(1), null), shape(2, 3), shape(4, 3)),
                unary("softmax", x -> x.softmax(0)),
                unary("logSoftmax", x -> x.logSoftmax(-1)),
                of("layerNorm", x -> x.get(0).layerNorm(x.get(1), x.get(2), 1e-5), shape(2, 2, 3), shape(3), shape(3)),
                unary("layerNorm plain", x -> x.layerNorm(null, null, 1e-5)),
                of(
                        "attention",
                        x -> Tensor.attention(x.get(0), x.get(1), x.get(2), null, false, Double.NaN),
                        shape(1, 2, 3, 4),
                        shape(1, 2, 3, 4),
                        shape(1, 2, 3, 4)),
                of(
                        "attention causal",
                        x -> Tensor.attention(x.get(0), x.get(1), x.get(2), null, true, 1),
                        shape(2, 1, 3, 4),
                        shape(2, 1, 3, 4),
                        shape(2, 1, 3, 4)),
                of(
                        "attention mask",
                        x -> Tensor.attention(x.get(0), x.get(1), x.get(2), x.get(3), false, 0.3),
                        shape(1, 2, 3, 4),
                        shape(1, 2, 3, 4),
                        shape(1, 2, 3, 4),
                        shape(3, 3))));
        // In place on an intermediate tensor.
        all.addAll(List.of(
                of("add_", x -> x.get(0).mul(2).add_(x.get(1), -0.7), shape(2, 3), shape(3)),
                of("mul_", x -> x.get(0).add(1).mul_(x.get(1)).mul_(3), shape(2, 3), shape(3)),
                of(
                        "addcmul_",
                        x -> x.get(0).mul(2).addcmul_(x.get(1), x.get(2), 0.3),
                        shape(2, 3),
                        shape(3),
                        shape(2, 1)),
                of(
                        "addcdiv_",
                        x -> x.get(0).mul(2).addcdiv_(x.get(1), x.get(2), 0.3),
                        shape(2, 3),
                        shape(3),
                        shape(2, 1)),
                of("copy_", x -> writeInto(x.get(0).mul(2), part -> part.copy_(x.get(1))), shape(2, 3), shape(3)),
                of("fill_", x -> writeInto(x.get(0).mul(2), part -> part.fill_(4)), shape(2, 3)),
                of("zero_", x -> writeInto(x.get(0).mul(2), Tensor::zero_), shape(2, 3)),
                of(
                        "indexAdd_",
                        x -> x.get(0).mul(2).indexAdd_(1, Tensor.of(new long[] {2, 0, 2}, 3), x.get(1)),
                        shape(2, 3),
                        shape(2, 3)),
                of(
                        "indexCopy_",
                        x -> x.get(0).mul(2).indexCopy_(1, Tensor.of(new long[] {2, 0}, 2), x.get(1)),
                        shape(2, 3),
                        shape(2, 2)),
                of(
                        "addmm_",
                        x -> x.get(0).mul(2).addmm_(x.get(1), x.get(2), 0.5, 2),
                        shape(2, 2),
                        shape(2, 3),
                        shape(3, 2)),
                of(
                        "baddbmm_",
                        x -> x.get(0).mul(2).baddbmm_(x.get(1), x.get(2), 0.5, 2),
                        shape(2, 2, 2),
                        shape(2, 2, 3),
                        shape(2, 3, 2))));
        return all.stream();
    }

    private static Tensor writeInto(Tensor whole, Function<Tensor, Tensor> write) {
        var _ = write.apply(whole.select(0, 1));
        return whole.square();
    }

    /**
     * Whose results are not numbers that depend smoothly on the input: integers, booleans, random numbers, constants.
     */
    private static final Set<String> NOT_DIFFERENTIABLE = Set.of(
            "of",
            "scalar",
            "empty",
            "full",
            "zeros",
            "ones",
            "arange",
            "wrap",
            "round",
            "floor",
            "eq",
            "ne",
            "lt",
            "le",
            "gt",
            "ge",
            "and",
            "or",
            "not",
            "isFinite",
            "all",
            "any",
            "argmax",
            "uniform_",
            "normal_",
            "detach",
            "requiresGrad_");

    @Test
    void theTableHoldsEveryDifferentiableOperation() {
        Set<String> expected = Arrays.stream(Tensor.class.getDeclaredMethods())
                .filter(method -> Modifier.isPublic(method.getModifiers()) && returnsTensors(method))
                .map(Method::getName)
                .filter(name -> !NOT_DIFFERENTIABLE.contains(name))
                .collect(Collectors.toCollection(TreeSet::new));
        Set<String> tested = operations()
                .map(operation -> operation.name.split(" ", -1)[0])
                .collect(Collectors.toCollection(TreeSet::new));
        assertEquals(expected, tested);
    }

    private static boolean returnsTensors(Method method) {
        return method.getReturnType() == Tensor.class
                || method.getReturnType() == List.class
                || method.getReturnType() == Tensor.TopK.class;
    }

    @ParameterizedTest
    @MethodSource("operations")
    void gradientIsTheSlope(Operation operation) {
        List<double[]> points = points(operation);
        List<Tensor> inputs = inputs(operation, points);
        inputs.forEach(input -> input.requiresGrad_(true));
        Tensor output = operation.function.apply(inputs);
        List<Tensor> gradients = Autograd.grad(List.of(output), List.of(weights(output)), inputs, false, false, false);
        assertSlopes(points, gradients, () -> {
            Tensor value = operation.function.apply(inputs(operation, points));
            return value.mul(weights(value)).sum();
        });
    }

    static Stream<Operation> smoothOperations() {
        Set<String> kinked = Set.of(
                "abs",
                "relu",
                "clamp",
                "clampMin",
                "clampMax",
                "amax",
                "amaxKeep",
                "amin",
                "maximum",
                "minimum",
                "topk");
        return operations()
                .filter(operation -> !kinked.contains(operation.name.split(" ", -1)[0]))
                .filter(operation -> !operation.name.startsWith("attention"));
    }

    /** The gradient's own gradient, through createGraph: of L(x) = sum r f(x) + sum x^3, so that none vanishes. */
    @ParameterizedTest
    @MethodSource("smoothOperations")
    void secondGradientIsTheSlopeOfTheFirst(Operation operation) {
        List<double[]> points = points(operation);
        List<Tensor> inputs = inputs(operation, points);
        List<Tensor> second =
                Autograd.grad(List.of(gradientNorm(operation, inputs)), null, inputs, false, false, false);
        assertSlopes(points, second, () -> gradientNorm(operation, inputs(operation, points)));
    }

    private static Tensor gradientNorm(Operation operation, List<Tensor> inputs) {
        inputs.forEach(input -> input.requiresGrad_(true));
        Tensor output = operation.function.apply(inputs);
        Tensor loss = output.mul(weights(output)).sum();
        for (Tensor input : inputs) {
            loss = loss.add(input.pow(3).sum());
        }
        Tensor norm = null;
        for (Tensor gradient : Autograd.grad(List.of(loss), null, inputs, false, true, false)) {
            Tensor square = gradient.square().sum();
            norm = norm == null ? square : norm.add(square);
        }
        return norm;
    }

    private static void assertSlopes(
            List<double[]> points, List<Tensor> gradients, java.util.function.Supplier<Tensor> loss) {
        for (int input = 0; input < points.size(); input++) {
            double[] point = points.get(input);
            double[] gradient = gradients.get(input).toDoubles();
            for (int i = 0; i < point.length; i++) {
                double at = point[i];
                point[i] = at + STEP;
                double above = loss.get().item();
                point[i] = at - STEP;
                double below = loss.get().item();
                point[i] = at;
                double slope = (above - below) / (2 * STEP);
                assertEquals(slope, gradient[i], 1e-6 * (1 + Math.abs(slope)), "input " + input + ", element " + i);
            }
        }
    }

    /** Magnitudes in [0.1, 1], well apart from each other and from the kinks that the table's operations have. */
    private static List<double[]> points(Operation operation) {
        SplittableRandom random = new SplittableRandom(operation.name.hashCode());
        return Arrays.stream(operation.shapes)
                .map(shape -> {
                    double[] values = new double[(int) Arrays.stream(shape).reduce(1, (a, b) -> a * b)];
                    Arrays.setAll(
                            values,
                            i -> (operation.positive || random.nextBoolean() ? 1 : -1) * random.nextInt(20, 200) / 200.0
                                    + random.nextDouble(1e-3));
                    return values;
                })
                .toList();
    }

    private static List<Tensor> inputs(Operation operation, List<double[]> points) {
        List<Tensor> inputs = new ArrayList<>();
        for (int i = 0; i < points.size(); i++) {
            inputs.add(Tensor.of(points.get(i), operation.shapes[i]));
        }
        return inputs;
    }

    private static Tensor weights(Tensor output) {
        return Tensor.of(
                new SplittableRandom(99).doubles(output.elementCount(), -1, 1).toArray(), output.shape());
    }
}
