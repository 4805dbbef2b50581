package org.edgeprune.torch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The fused kernels against the plain sums that they stand for, in double precision. */
class EdgeMixTest extends TensorFixture {
    /** Shares of masks that are exactly zero and exactly one; the rest is in between. */
    @ParameterizedTest(name = "{0} readers, {1} writers, rows of {2}: {3} zeros, {4} ones")
    @CsvSource({
        "1, 1, 1, 0, 0",
        "1, 7, 130, 0.5, 0.2",
        "5, 9, 64, 0, 1", // all ones: the common sum alone
        "6, 11, 1000, 0.05, 0.9", // mostly one, as at the start of a run
        "36, 40, 1537, 0.3, 0.3",
        "12, 20, 513, 0.95, 0.02", // mostly zero, as at the end
        "4, 6, 100, 1, 0",
        "36, 157, 600, 0, 0", // no mask is zero or one
        "36, 157, 600, 0.5, 0",
        "36, 157, 600, 0.9, 0.05",
        "36, 157, 600, 0.98, 0.01",
        "13, 200, 77, 0.3, 0.1",
        "2, 170, 1025, 0.1, 0.1",
    })
    void theyComputeWhatTheySay(int readers, int writers, int columns, double zeros, double ones) {
        SplittableRandom random = new SplittableRandom(readers * 31L + columns);
        float[] z = new float[readers * writers];
        for (int i = 0; i < z.length; i++) {
            double die = random.nextDouble();
            z[i] = die < zeros ? 0 : die < zeros + ones ? 1 : random.nextFloat();
        }
        // One writer more than there are masks: it must not be touched.
        float[] states = normal(random, (writers + 1) * columns);
        float[] base = normal(random, columns);
        float[] grad = normal(random, readers * columns);
        float[] gradStates = normal(random, (writers + 1) * columns);
        Tensor masks = Tensor.of(z, readers, writers);
        Tensor stateTensor = Tensor.of(states, writers + 1, columns);
        Tensor gradTensor = Tensor.of(grad, readers, columns);

        float[] mixed = new float[readers * columns];
        float[] flowing = gradStates.clone();
        float[] dots = new float[z.length];
        for (int c = 0; c < columns; c++) {
            for (int r = 0; r < readers; r++) {
                double sum = base[c];
                for (int w = 0; w < writers; w++) {
                    sum += (double) z[r * writers + w] * states[w * columns + c];
                }
                mixed[r * columns + c] = (float) sum;
            }
            for (int w = 0; w < writers; w++) {
                double sum = gradStates[w * columns + c];
                for (int r = 0; r < readers; r++) {
                    sum += (double) z[r * writers + w] * grad[r * columns + c];
                }
                flowing[w * columns + c] = (float) sum;
            }
        }
        for (int i = 0; i < z.length; i++) {
            double sum = 0;
            for (int c = 0; c < columns; c++) {
                sum += (double) grad[i / writers * columns + c] * states[i % writers * columns + c];
            }
            dots[i] = z[i] > 0 && z[i] < 1 ? (float) sum : 0;
        }

        Tensor out = Tensor.full(Double.NaN, DType.F32, Device.CPU, readers, columns);
        EdgeMix.forward(out, Tensor.of(base, columns), masks, stateTensor);
        assertArrayEquals(mixed, out.toFloats(), 1e-4f);
        Tensor accumulated = Tensor.of(gradStates, writers + 1, columns);
        EdgeMix.addStateGradients(accumulated, masks, gradTensor);
        assertArrayEquals(flowing, accumulated.toFloats(), 1e-4f);
        Tensor maskGradients = Tensor.full(Double.NaN, DType.F32, Device.CPU, readers, writers);
        EdgeMix.maskGradients(maskGradients, masks, gradTensor, stateTensor);
        assertArrayEquals(dots, maskGradients.toFloats(), 1e-3f);
    }

    @Test
    void statesBehindZeroMasksAreNeverRead() {
        Tensor masks = Tensor.of(new float[] {0, 1, 0, 0.5f, 0, 1}, 3, 2);
        Tensor states = Tensor.of(new float[] {Float.NaN, Float.NaN, 2, 3}, 2, 2);
        Tensor out = Tensor.empty(DType.F32, Device.CPU, 3, 2);
        EdgeMix.forward(out, null, masks, states);
        assertArrayEquals(new float[] {2, 3, 1, 1.5f, 2, 3}, out.toFloats());
    }

    /** Widths around and beyond the kernels' vectors, tiles and blocks; more writers than one panel of them. */
    @ParameterizedTest(name = "{0} readers, {1} writers, rows of {2}")
    @CsvSource({
        "1, 1, 1",
        "1, 157, 700",
        "2, 3, 15",
        "3, 90, 17",
        "4, 5, 63",
        "5, 170, 65",
        "8, 81, 511",
        "9, 33, 513",
        "36, 157, 1300",
        "40, 300, 130",
        "7, 10, 9000"
    })
    void bitsDependOnNeitherInstructionSetNorThreads(int readers, int writers, int columns) {
        int threads = LibTorch.threads();
        try {
            for (double density : new double[] {0, 0.02, 0.1, 0.5, 0.9, 1}) {
                for (double ones : new double[] {0, 0.3, 1}) {
                    SplittableRandom random = new SplittableRandom(readers * 31L + columns);
                    float[] masks = masks(random, readers * writers, density, ones);
                    assertTrue(EdgeMix.InstructionSet.PORTABLE.use());
                    LibTorch.setThreads(1);
                    float[][] expected = products(masks, readers, writers, columns);
                    for (EdgeMix.InstructionSet set : EdgeMix.InstructionSet.values()) {
                        if (set == EdgeMix.InstructionSet.PORTABLE || !set.use()) {
                            continue;
                        }
                        for (int t : new int[] {1, 3}) {
                            LibTorch.setThreads(t);
                            float[][] actual = products(masks, readers, writers, columns);
                            for (int i = 0; i < expected.length; i++) {
                                // By their bits: equals of Float tells zeros apart, and NaN is itself.
                                assertEquals(
                                        -1,
                                        Arrays.mismatch(expected[i], actual[i]),
                                        "product %d, density %s, ones %s, %s, %d threads"
                                                .formatted(i, density, ones, set, t));
                            }
                        }
                    }
                }
            }
        } finally {
            LibTorch.setThreads(threads);
            EdgeMix.InstructionSet.BEST.use();
        }
    }

    /** The fused multiply-add that the portable kernels compute by themselves, where rounding twice would be wrong. */
    @Test
    void portableMultiplyAddIsRoundedOnce() {
        float[] special = {
            0,
            -0f,
            1,
            -1,
            1 + Math.ulp(1f),
            1 - Math.ulp(0.5f),
            Float.MIN_VALUE,
            -Float.MIN_VALUE,
            Float.MIN_NORMAL,
            0x1.fffffep-126f,
            Float.MAX_VALUE,
            0x1p-24f,
            0x1p-25f,
            0x1.000002p-25f,
            0x1p24f,
            3,
            1e-30f,
            -1e30f,
            Float.POSITIVE_INFINITY,
            Float.NaN
        };
        SplittableRandom random = new SplittableRandom(11);
        int count = 40_000;
        float[] a = new float[count];
        float[] b = new float[count];
        float[] expected = new float[count];
        for (int i = 0; i < count; i++) {
            a[i] = i % 2 == 0 ? special[random.nextInt(special.length)] : Float.intBitsToFloat(random.nextInt());
            b[i] = i % 3 == 0 ? special[random.nextInt(special.length)] : Float.intBitsToFloat(random.nextInt());
        }
        try {
            assertTrue(EdgeMix.InstructionSet.PORTABLE.use());
            for (float factor : new float[] {0x1.000002p0f, 1 / 3f, 0x1.fffffep-1f, 1e-38f, 0x1p-149f, -7e37f}) {
                Tensor out = Tensor.empty(DType.F32, Device.CPU, 1, count);
                EdgeMix.forward(
                        out, Tensor.of(a, 1, count), Tensor.of(new float[] {factor}, 1, 1), Tensor.of(b, 1, count));
                for (int i = 0; i < count; i++) {
                    expected[i] = Math.fma(factor, b[i], a[i]);
                }
                int at = Arrays.mismatch(expected, out.toFloats());
                assertEquals(-1, at, () -> "fma(%a, %a, %a)".formatted(factor, b[at], a[at]));
            }
        } finally {
            EdgeMix.InstructionSet.BEST.use();
        }
    }

    /** What the three products give, from states and gradients that are the same at every call. */
    private static float[][] products(float[] z, int readers, int writers, int columns) {
        try (TensorScope _ = TensorScope.open()) {
            SplittableRandom random = new SplittableRandom(5);
            Tensor masks = Tensor.of(z, readers, writers);
            Tensor states = Tensor.of(normal(random, writers * columns), writers, columns);
            Tensor grad = Tensor.of(normal(random, readers * columns), readers, columns);
            Tensor mixed = Tensor.empty(DType.F32, Device.CPU, readers, columns);
            EdgeMix.forward(mixed, Tensor.of(normal(random, columns), columns), masks, states);
            Tensor unbased = Tensor.empty(DType.F32, Device.CPU, readers, columns);
            EdgeMix.forward(unbased, null, masks, states);
            Tensor flowing = Tensor.of(normal(random, writers * columns), writers, columns);
            EdgeMix.addStateGradients(flowing, masks, grad);
            Tensor dots = Tensor.empty(DType.F32, Device.CPU, readers, writers);
            EdgeMix.maskGradients(dots, masks, grad, states);
            return new float[][] {mixed.toFloats(), unbased.toFloats(), flowing.toFloats(), dots.toFloats()};
        }
    }

    /** Masks of which a share is not zero, and of those a share is one. */
    private static float[] masks(SplittableRandom random, int count, double density, double ones) {
        float[] masks = new float[count];
        for (int i = 0; i < count; i++) {
            boolean live = random.nextDouble() < density;
            masks[i] = !live ? 0 : random.nextDouble() < ones ? 1 : random.nextFloat();
        }
        return masks;
    }

    @Test
    void shapesThatDisagreeAreAnError() {
        Tensor masks = Tensor.ones(2, 3);
        TorchException e = assertThrows(
                TorchException.class, () -> EdgeMix.forward(Tensor.ones(2, 5), null, masks, Tensor.ones(2, 5)));
        assertEquals(
                "edgeMix: [2, 5] f32 x [2, 3] f32 x [2, 5] f32: there are fewer writer rows than masks",
                e.getMessage());
    }

    private static float[] normal(SplittableRandom random, int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }
}
