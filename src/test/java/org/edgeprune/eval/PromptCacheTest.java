package org.edgeprune.eval;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.edgeprune.engine.FullModel;
import org.edgeprune.graph.Ablation;
import org.edgeprune.hub.BundledModel;
import org.edgeprune.model.Execution;
import org.edgeprune.model.Models;
import org.edgeprune.model.TokenBatch;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.task.Answer;
import org.edgeprune.task.Example;
import org.edgeprune.task.Scorer;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.Tensor;
import org.edgeprune.torch.TensorScope;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The full model's part of a batch is the same whether it is computed for the batch or taken from memory. */
class PromptCacheTest {
    private static final Scorer UNSCORED = (example, logits, full) -> Map.of();
    /** More than one group of offloaded examples. */
    private static final List<Example> EXAMPLES = examples(40);

    @ParameterizedTest(name = "offload {0}")
    @ValueSource(booleans = {false, true})
    void keptBatchesAreThoseOfTheModel(boolean offload) {
        long before = TensorScope.liveTensors();
        try (TransformerModel model = open(offload);
                PromptCache kept =
                        new PromptCache(model, EXAMPLES, UNSCORED, AblationStates.INTERCHANGE, Long.MAX_VALUE);
                PromptCache forgotten = new PromptCache(model, EXAMPLES, UNSCORED, AblationStates.INTERCHANGE, 0);
                TensorScope _ = TensorScope.open()) {
            int[] numbers = {39, 3, 12, 0};
            PromptBatch expected = forgotten.batch(numbers);
            PromptBatch actual = kept.batch(numbers);
            assertArrayEquals(
                    expected.clean().ids().toLongs(), actual.clean().ids().toLongs());
            assertArrayEquals(expected.scored().toLongs(), actual.scored().toLongs());
            assertArrayEquals(
                    expected.fullLogits().toFloats(), actual.fullLogits().toFloats(), 1e-4f);
            List<Tensor> theirs = expected.baseline().tensors();
            List<Tensor> ours = actual.baseline().tensors();
            for (int i = 0; i < theirs.size(); i++) {
                assertArrayEquals(theirs.get(i).toFloats(), ours.get(i).toFloats(), 1e-4f, "tensor " + i);
            }
        }
        assertEquals(before, TensorScope.liveTensors());
    }

    @ParameterizedTest(name = "offload {0}")
    @ValueSource(booleans = {false, true})
    void whatCameBeforeChangesNoBit(boolean offload) {
        try (TransformerModel model = open(offload);
                PromptCache fresh =
                        new PromptCache(model, EXAMPLES, UNSCORED, AblationStates.INTERCHANGE, Long.MAX_VALUE);
                PromptCache used =
                        new PromptCache(model, EXAMPLES, UNSCORED, AblationStates.INTERCHANGE, Long.MAX_VALUE);
                TensorScope _ = TensorScope.open()) {
            used.batch(IntStream.range(0, 40).toArray());
            int[] numbers = {7, 35, 20};
            assertArrayEquals(
                    fresh.batch(numbers).fullLogits().toFloats(),
                    used.batch(numbers).fullLogits().toFloats());
        }
    }

    /** However much of a prompt its corrupted partner shares, and wherever scoring begins. */
    @ParameterizedTest(name = "{0} ablation")
    @ValueSource(strings = {"zero", "interchange"})
    void fullLogitsAreThoseOfWholePrompts(Ablation ablation) {
        try (TransformerModel model = open(false);
                TensorScope _ = TensorScope.open()) {
            TokenBatch whole =
                    TokenBatch.of(EXAMPLES.stream().map(Example::clean).toList(), Device.CPU);
            PromptBatch batch = PromptBatch.of(
                    model, EXAMPLES, UNSCORED, AblationStates.of(ablation, model, ReferencePrompts.NONE, 1));
            assertEquals(ablation.needsCorruptedPrompt(), batch.clean().pastCount() > 0);
            assertArrayEquals(
                    FullModel.logits(model, whole, PromptBatch.scored(whole, EXAMPLES))
                            .toFloats(),
                    batch.fullLogits().toFloats(),
                    1e-4f);
        }
    }

    private static TransformerModel open(boolean offload) {
        Execution plain = Execution.on(Device.CPU);
        return Models.open(BundledModel.directory(), offload ? plain.offloading() : plain);
    }

    private static List<Example> examples(int count) {
        SplittableRandom random = new SplittableRandom(5);
        return IntStream.range(0, count)
                .mapToObj(i -> {
                    int length = 4 + i % 7;
                    int[] clean = random.ints(length, 0, 600).toArray();
                    int[] corrupted = random.ints(length, 0, 600).toArray();
                    System.arraycopy(
                            clean, 0, corrupted, 0, i % (length + 1)); // what they have in common is run only once
                    int start = i % 5 == 0 ? 0 : length - 1;
                    return new Example(
                            clean, corrupted, start, length, new Answer.Tokens(new int[length - start], new int[0]));
                })
                .toList();
    }
}
