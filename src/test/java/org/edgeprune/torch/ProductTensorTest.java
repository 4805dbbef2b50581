package org.edgeprune.torch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Products, softmax, layer norm and attention against plain loops. */
class ProductTensorTest extends TensorFixture {
    private final double[] a = random(6, 1); // [2, 3]
    private final double[] b = random(12, 2); // [3, 4]

    @Test
    void matmul() {
        assertTensor(f64(shape(2, 3), a).matmul(f64(shape(3, 4), b)), shape(2, 4), product(a, b, 2, 3, 4));
    }

    @Test
    void matmulOfVectors() {
        assertTensor(
                f64(shape(2, 3), a).matmul(vector(1, 2, 3)), shape(2), product(a, new double[] {1, 2, 3}, 2, 3, 1));
        assertTensor(vector(1, 2).matmul(f64(shape(2, 3), a)), shape(3), product(new double[] {1, 2}, a, 1, 2, 3));
        assertTensor(vector(1, 2).matmul(vector(3, 4)), shape(), 11);
    }

    @Test
    void matmulBroadcastsBatches() {
        Tensor twice = f64(shape(2, 3), a).expand(2, 2, 3);
        double[] one = product(a, b, 2, 3, 4);
        assertTensor(twice.matmul(f64(shape(3, 4), b)), shape(2, 2, 4), concat(one, one));
        assertTensor(twice.bmm(f64(shape(3, 4), b).expand(2, 3, 4)), shape(2, 2, 4), concat(one, one));
    }

    @Test
    void productsWithBias() {
        double[] bias = {10, 20, 30, 40};
        double[] expected = product(a, b, 2, 3, 4);
        Arrays.setAll(expected, i -> expected[i] + bias[i % 4]);
        Tensor x = f64(shape(2, 3), a);
        Tensor w = f64(shape(3, 4), b);
        assertTensor(Tensor.addmm(vector(bias), x, w), shape(2, 4), expected);
        assertTensor(Tensor.baddbmm(vector(bias), x.unsqueeze(0), w.unsqueeze(0)), shape(1, 2, 4), expected);
        assertTensor(x.linear(w.t(), vector(bias)), shape(2, 4), expected);
        assertTensor(x.unsqueeze(0).linear(w.t(), null), shape(1, 2, 4), product(a, b, 2, 3, 4));
    }

    @Test
    void softmaxAlongRowsAndColumns() {
        double[] expected = concat(softmax(a[0], a[1], a[2]), softmax(a[3], a[4], a[5]));
        Tensor x = f64(shape(2, 3), a);
        assertTensor(x.softmax(-1), shape(2, 3), expected);
        assertTensor(
                x.logSoftmax(-1),
                shape(2, 3),
                Arrays.stream(expected).map(Math::log).toArray());
        assertTensor(x.t().contiguous().softmax(0).t(), shape(2, 3), expected);
    }

    @Test
    void softmaxOfMinusInfinityIsZero() {
        assertTensor(vector(0, Double.NEGATIVE_INFINITY, 0).softmax(0), shape(3), 0.5, 0, 0.5);
    }

    @Test
    void layerNorm() {
        double mean = (a[0] + a[1] + a[2]) / 3;
        double variance =
                ((a[0] - mean) * (a[0] - mean) + (a[1] - mean) * (a[1] - mean) + (a[2] - mean) * (a[2] - mean)) / 3;
        double[] normal = new double[3];
        Arrays.setAll(normal, i -> (a[i] - mean) / Math.sqrt(variance + 0.1));
        Tensor x = f64(shape(2, 3), a);
        assertTensor(x.layerNorm(null, null, 0.1).select(0, 0), shape(3), normal);
        assertTensor(
                x.layerNorm(vector(1, 2, 3), null, 0.1).select(0, 0),
                shape(3),
                normal[0],
                2 * normal[1],
                3 * normal[2]);
        assertTensor(
                x.layerNorm(vector(1, 2, 3), vector(4, 5, 6), 0.1).select(0, 0),
                shape(3),
                normal[0] + 4,
                2 * normal[1] + 5,
                3 * normal[2] + 6);
    }

    @ParameterizedTest(name = "causal={0} mask={1} scale={2}")
    @CsvSource({"false, none, NaN", "true, none, NaN", "true, none, 1", "false, bool, NaN", "false, additive, 0.3"})
    void attention(boolean causal, String maskKind, double scale) {
        int steps = 3;
        int width = 4;
        double[] q = random(steps * width, 3);
        double[] k = random(steps * width, 4);
        double[] v = random(steps * width, 5);
        double[] added = {0, Double.NEGATIVE_INFINITY, 0, 0.5, 0, 0, 0, 0, Double.NEGATIVE_INFINITY};
        double[] expected = new double[steps * width];
        for (int i = 0; i < steps; i++) {
            double[] scores = new double[steps];
            for (int j = 0; j < steps; j++) {
                for (int c = 0; c < width; c++) {
                    scores[j] += q[i * width + c] * k[j * width + c];
                }
                scores[j] *= Double.isNaN(scale) ? 1 / Math.sqrt(width) : scale;
                scores[j] += causal && j > i ? Double.NEGATIVE_INFINITY : 0;
                scores[j] += maskKind.equals("additive") ? added[i * steps + j] : 0;
                scores[j] += maskKind.equals("bool") && Double.isInfinite(added[i * steps + j])
                        ? Double.NEGATIVE_INFINITY
                        : 0;
            }
            double[] weights = softmax(scores);
            for (int c = 0; c < width; c++) {
                for (int j = 0; j < steps; j++) {
                    expected[i * width + c] += weights[j] * v[j * width + c];
                }
            }
        }
        Tensor mask =
                switch (maskKind) {
                    case "bool" -> f64(shape(steps, steps), added).isFinite();
                    case "additive" -> f64(shape(steps, steps), added);
                    default -> null;
                };
        long[] heads = shape(1, 1, steps, width);
        assertTensor(
                Tensor.attention(f64(heads, q), f64(heads, k), f64(heads, v), mask, causal, scale), heads, expected);
    }

    @Test
    void f32AgreesWithF64() {
        double[] x = random(64 * 32, 6);
        double[] w = random(32 * 16, 7);
        double[] exact = product(x, w, 64, 32, 16);
        double[] single = f64(shape(64, 32), x)
                .to(DType.F32)
                .matmul(f64(shape(32, 16), w).to(DType.F32))
                .toDoubles();
        assertArrayEquals(exact, single, 1e-5);
    }

    private static double[] random(int count, long seed) {
        return new SplittableRandom(seed).doubles(count, -1, 1).toArray();
    }

    private static double[] concat(double[] first, double[] second) {
        double[] both = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, both, first.length, second.length);
        return both;
    }

    /** a [n, k] times b [k, m], row-major. */
    private static double[] product(double[] a, double[] b, int n, int k, int m) {
        double[] c = new double[n * m];
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < m; j++) {
                for (int l = 0; l < k; l++) {
                    c[i * m + j] += a[i * k + l] * b[l * m + j];
                }
            }
        }
        return c;
    }

    private static double[] softmax(double... x) {
        double sum = Arrays.stream(x).map(Math::exp).sum();
        return Arrays.stream(x).map(v -> Math.exp(v) / sum).toArray();
    }
}
