package org.edgeprune.attribute;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.SplittableRandom;
import org.edgeprune.torch.Tensor;
import org.edgeprune.torch.TensorScope;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SoftTopKTest {
    private static float[] normal(int count, int seed) {
        SplittableRandom random = new SplittableRandom(seed);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    @ParameterizedTest
    @ValueSource(doubles = {1, 2.5, 50, 99.5})
    void masksSumToKAndGrowWithTheScores(double k) {
        try (TensorScope _ = TensorScope.open()) {
            float[] scores = normal(100, 1);
            float[] masks = SoftTopK.of(Tensor.of(scores, 100), k, 0.5).masks().toFloats();
            double sum = 0;
            for (int i = 0; i < masks.length; i++) {
                sum += masks[i];
                for (int j = 0; j < i; j++) {
                    assertTrue((scores[i] > scores[j]) == (masks[i] > masks[j]) || masks[i] == masks[j]);
                }
            }
            assertEquals(k, sum, 1e-4);
        }
    }

    @Test
    void theGradientIsThatOfMasksWhoseThresholdMovesWithTheScores() {
        try (TensorScope _ = TensorScope.open()) {
            float[] scores = normal(30, 2);
            float[] weights = normal(30, 3);
            Tensor g = Tensor.of(weights, 30);
            float[] gradient =
                    SoftTopK.of(Tensor.of(scores, 30), 7, 0.5).gradient(g).toFloats();
            double sum = 0;
            for (int i = 0; i < scores.length; i++) {
                float[] moved = scores.clone();
                moved[i] += 1e-2f;
                double above = SoftTopK.of(Tensor.of(moved, 30), 7, 0.5)
                        .masks()
                        .mul(g)
                        .sum()
                        .item();
                moved[i] -= 2e-2f;
                double below = SoftTopK.of(Tensor.of(moved, 30), 7, 0.5)
                        .masks()
                        .mul(g)
                        .sum()
                        .item();
                assertEquals((above - below) / 2e-2, gradient[i], 1e-3);
                sum += gradient[i];
            }
            assertEquals(0, sum, 1e-5, "a common shift of all scores changes nothing");
        }
    }

    @Test
    void kMustLeaveSomethingToChoose() {
        try (TensorScope _ = TensorScope.open()) {
            Tensor scores = Tensor.zeros(4);
            assertThrows(IllegalArgumentException.class, () -> SoftTopK.of(scores, 4, 0.5));
            assertThrows(IllegalArgumentException.class, () -> SoftTopK.of(scores, 0, 0.5));
            assertThrows(IllegalArgumentException.class, () -> SoftTopK.of(scores, 1, 0));
        }
    }
}
