package org.edgeprune.torch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

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

    @Test
    void theNumberOfThreadsDoesNotChangeTheResultOfMixing() {
        SplittableRandom random = new SplittableRandom(3);
        Tensor masks = Tensor.of(normal(random, 8 * 10), 8, 10).clamp(0, 1);
        Tensor states = Tensor.of(normal(random, 10 * 5000), 10, 5000);
        int threads = LibTorch.threads();
        try {
            float[][] results = new float[2][];
            for (int i = 0; i < 2; i++) {
                LibTorch.setThreads(i + 1);
                Tensor out = Tensor.empty(DType.F32, Device.CPU, 8, 5000);
                EdgeMix.forward(out, null, masks, states);
                results[i] = out.toFloats();
            }
            assertArrayEquals(results[0], results[1]);
        } finally {
            LibTorch.setThreads(threads);
        }
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
