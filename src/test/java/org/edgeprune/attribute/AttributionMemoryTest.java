package org.edgeprune.attribute;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.edgeprune.fixture.AllocatorCount;
import org.edgeprune.hub.BundledModel;
import org.edgeprune.io.InputException;
import org.edgeprune.model.Execution;
import org.edgeprune.prune.LoadedModel;
import org.edgeprune.task.Answer;
import org.edgeprune.task.Example;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.LibTorch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What {@link AttributionMemory} predicts for the tensors of a batch, against the allocator's own count of them. The
 * model and the process itself are left out: twice the prompts are compared with once the prompts.
 */
@ExtendWith(AllocatorCount.class)
class AttributionMemoryTest {
    private static final int PROMPTS = 48;
    private static final int LENGTH = 12;
    private static final int STEPS = 2;

    private static LoadedModel open() {
        return LoadedModel.open(
                BundledModel.NAME,
                BundledModel.directory(),
                Execution.on(Device.CPU).withMicroBatch(0).withWorkers(1));
    }

    private static AttributionSetting setting(LoadedModel loaded, int batchSize) {
        return GoldenScores.setting(loaded, Objective.LOGIT_DIFFERENCE, batchSize);
    }

    private static List<Example> examples(int count, int vocabulary) {
        SplittableRandom random = new SplittableRandom(1);
        List<Example> examples = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            examples.add(new Example(
                    random.ints(LENGTH, 0, vocabulary).toArray(),
                    random.ints(LENGTH, 0, vocabulary).toArray(),
                    LENGTH - 1,
                    LENGTH,
                    new Answer.Tokens(new int[] {0}, new int[] {1})));
        }
        return examples;
    }

    @ParameterizedTest
    @EnumSource(names = {"EAP", "CLEAN_CORRUPTED", "EAP_IG_INPUTS", "EAP_IG_ACTIVATIONS"})
    void tensorsOfABatchAreWithin25PercentOfThePrediction(AttributionMethod method) {
        try (LoadedModel loaded = open()) {
            double predicted = predicted(loaded, method, 2 * PROMPTS) - predicted(loaded, method, PROMPTS);
            double measured = measured(loaded, method, 2 * PROMPTS) - measured(loaded, method, PROMPTS);
            assertEquals(1, measured / predicted, 0.25, measured + " bytes, predicted " + predicted);
        }
    }

    private static long predicted(LoadedModel loaded, AttributionMethod method, int prompts) {
        return AttributionMemory.of(
                        setting(loaded, prompts),
                        loaded,
                        method,
                        STEPS,
                        examples(prompts, loaded.model().vocabSize()),
                        0,
                        ScoreLevels.EDGES)
                .bytes();
    }

    /** Bytes of the tensors of one batch at their peak. */
    private static long measured(LoadedModel loaded, AttributionMethod method, int prompts) {
        List<Example> examples = examples(prompts, loaded.model().vocabSize());
        // no block is used again: it may be larger than what is asked for
        LibTorch.keepFreedMemory(0);
        long before = LibTorch.largeMemory().inUse();
        new GradientAttribution(
                        setting(loaded, prompts), method.gradients(STEPS).orElseThrow())
                .scores(examples, AttributionSetting.Progress.NONE);
        return LibTorch.largeMemory().peak() - before;
    }

    @Test
    void whatDoesNotFitIsRefusedWithARemedy() {
        Execution execution = Execution.on(Device.CPU);
        AttributionMemory large = new AttributionMemory(2_000_000_000, 16, 320);
        large.require(2_000_000_000, execution);
        String message = assertThrows(InputException.class, () -> large.require(1_999_999_999, execution))
                .getMessage();
        assertTrue(message.contains("over 16 prompts at a time (320 tokens) needs 2.0 GB"), message);
        assertTrue(message.endsWith("use --batch-size 8, or --workers 1"), message);
        AttributionMemory one = new AttributionMemory(2_000_000_000, 1, 20);
        assertTrue(assertThrows(InputException.class, () -> one.require(1, execution))
                .getMessage()
                .endsWith("use --recompute"));
    }
}
