package org.edgeprune.attribute;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.function.BiFunction;
import org.edgeprune.eval.AblationStates;
import org.edgeprune.eval.ReferencePrompts;
import org.edgeprune.graph.Ablation;
import org.edgeprune.model.Execution;
import org.edgeprune.model.Placement;
import org.edgeprune.prune.LoadedModel;
import org.edgeprune.task.Example;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.TensorScope;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Scores have the same bits for every number of copies of the model, as on several GPUs. */
class AttributionOnCopiesTest {
    private static final Execution CUT = Execution.on(Device.CPU).withMicroBatch(40);

    private static void requireSame(Ablation ablation, BiFunction<AttributionSetting, List<Example>, float[]> method)
            throws IOException {
        long before = TensorScope.liveTensors();
        String expected = null;
        for (int copies : new int[] {1, 2, 3}) {
            float[] scores =
                    scores(CUT.withCopies(Collections.nCopies(copies, Placement.on(Device.CPU))), ablation, method);
            assertTrue(scores.length > 0 && !Arrays.equals(scores, new float[scores.length]));
            expected = expected == null ? Arrays.toString(scores) : expected;
            assertEquals(expected, Arrays.toString(scores), copies + " copies");
        }
        assertEquals(before, TensorScope.liveTensors(), "every tensor is freed");
    }

    private static float[] scores(
            Execution execution, Ablation ablation, BiFunction<AttributionSetting, List<Example>, float[]> method)
            throws IOException {
        GoldenScores golden = GoldenScores.of("tiny-llama-gqa");
        try (LoadedModel model = LoadedModel.open("tiny", golden.model(), execution)) {
            List<Example> examples = golden.examples(model.tokenizer()).subList(0, 10);
            try (AblationStates states =
                    AblationStates.of(ablation, model.model(), new ReferencePrompts(examples, 1), 5)) {
                return method.apply(GoldenScores.setting(model, Objective.KL, states, 5), examples);
            }
        }
    }

    @Test
    void gradients() throws IOException {
        for (Ablation ablation : List.of(Ablation.INTERCHANGE, Ablation.MEAN)) {
            requireSame(ablation, (setting, examples) -> new GradientAttribution(
                            setting, new GradientMethod.InputGradients(3))
                    .scores(examples, AttributionSetting.Progress.NONE)
                    .toArray());
        }
    }

    @Test
    void gradientsOfEachPrompt() throws IOException {
        requireSame(
                Ablation.INTERCHANGE, (setting, examples) -> new GradientAttribution(setting, new GradientMethod.Eap())
                        .scoresByPrompt(examples, AttributionSetting.Progress.NONE)
                        .scores()[9]);
    }

    @Test
    void exactPatching() throws IOException {
        requireSame(Ablation.INTERCHANGE, (setting, examples) -> {
            ExactPatching exact = new ExactPatching(setting);
            return exact.scores(examples, ExactState.fresh(exact), AttributionSetting.Progress.NONE)
                    .edges()
                    .toArray();
        });
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1 << 20})
    void matryoshka(long cacheBytes) throws IOException {
        requireSame(Ablation.INTERCHANGE, (setting, examples) -> {
            try (MatryoshkaAttribution training = new MatryoshkaAttribution(
                    setting, new MatryoshkaAttribution.Options(4, 0.05, 0.5, 1), examples, cacheBytes)) {
                return training.train((step, k, loss, now) -> {}).toArray();
            }
        });
    }

    @Test
    void acdc() throws IOException {
        requireSame(Ablation.INTERCHANGE, (setting, examples) -> new Acdc(setting, Acdc.Order.PUBLISHED)
                .search(examples.subList(0, 6), 0.02, Long.MAX_VALUE, AttributionSetting.Progress.NONE)
                .rises()
                .toArray());
    }
}
