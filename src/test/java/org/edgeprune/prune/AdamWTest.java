package org.edgeprune.prune;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.edgeprune.mask.Noise;
import org.edgeprune.torch.Fused;
import org.edgeprune.torch.Tensor;
import org.edgeprune.torch.TensorScope;
import org.edgeprune.torch.TorchException;
import org.junit.jupiter.api.Test;

/** The update in one pass over memory against the one by operations; both against the equations. */
class AdamWTest {
    private static final int COUNT = 70_001; // more than one thread's
    private static final Fused.AdamWConstants CONSTANTS =
            new Fused.AdamWConstants(-0.3, 0.99, 0.9, 0.999, 0.05, 1.7, 1e-8);

    private static Tensor normal(int seed) {
        return Tensor.of(new Noise(seed).normal(Noise.Stream.EDGES, 0, COUNT, 0, 1), COUNT);
    }

    @Test
    void onePassGivesWhatTheOperationsGive() {
        try (TensorScope _ = TensorScope.open()) {
            Tensor gradient = normal(4);
            List<Tensor> fused = List.of(normal(1), normal(2), normal(3).square());
            List<Tensor> operations = List.of(normal(1), normal(2), normal(3).square());
            Fused.adamW(fused.get(0), fused.get(1), fused.get(2), gradient, CONSTANTS);
            AdamW.operations(operations.get(0), operations.get(1), operations.get(2), gradient, CONSTANTS);
            for (int i = 0; i < fused.size(); i++) {
                assertArrayEquals(operations.get(i).toFloats(), fused.get(i).toFloats(), 1e-5f);
            }
            assertArrayEquals(normal(4).toFloats(), gradient.toFloats(), "the gradient stays as it is");
        }
    }

    /** The first step, for which the moments' corrections are exact: p - rate sign(g), after the decay. */
    @Test
    void theFirstStepGoesAsFarAsTheLearningRate() {
        try (TensorScope _ = TensorScope.open()) {
            Tensor down = Tensor.of(new float[] {1, -2, 3}, 3);
            Tensor up = Tensor.of(new float[] {5}, 1);
            try (AdamW optimizer = new AdamW(
                    List.of(new AdamW.Group(down, 0.1, false), new AdamW.Group(up, 0.2, true)),
                    AdamW.Settings.PYTORCH)) {
                optimizer.step(
                        List.of(Tensor.of(new float[] {4, -0.01f, 0.5f}, 3), Tensor.of(new float[] {7}, 1)), 0.25, 0.5);
            }
            double decay = 1 - 0.05 * 0.01;
            assertArrayEquals(
                    new float[] {(float) (decay - 0.05), (float) (-2 * decay + 0.05), (float) (3 * decay - 0.05)},
                    down.toFloats(),
                    1e-5f);
            assertEquals(5 * (1 - 0.1 * 0.01) + 0.1, up.item(), 1e-5);
        }
    }

    @Test
    void aGradientOfAnotherSizeIsRefused() {
        try (TensorScope _ = TensorScope.open()) {
            Tensor other = Tensor.of(new float[] {1, 2}, 2);
            assertThrows(TorchException.class, () -> Fused.adamW(normal(1), normal(2), normal(3), other, CONSTANTS));
        }
    }
}
