package org.edgeprune.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.edgeprune.engine.Ranks;
import org.edgeprune.engine.Workers;
import org.edgeprune.eval.AblationStates;
import org.edgeprune.eval.Evaluator;
import org.edgeprune.eval.ReferencePrompts;
import org.edgeprune.fixture.Fixtures;
import org.edgeprune.fixture.ThreadRanks;
import org.edgeprune.graph.Ablation;
import org.edgeprune.io.InputException;
import org.edgeprune.model.Execution;
import org.edgeprune.prune.LoadedModel;
import org.edgeprune.task.Example;
import org.edgeprune.task.Split;
import org.edgeprune.task.Task;
import org.edgeprune.task.Tasks;
import org.edgeprune.torch.Device;
import org.junit.jupiter.api.Test;

/** Ranks that evaluate the same examples with means of different reference prompts are refused. */
class RankedEvalTest {
    private static final Path MODEL = Fixtures.golden("methods/tiny-llama-gqa");
    private static final Task TASK = Tasks.named("ioi");

    @Test
    void ranksHaveTheSameReferencePrompts() {
        try (LoadedModel model = LoadedModel.open("tiny", MODEL, Execution.on(Device.CPU))) {
            List<Example> examples = TASK.read(Fixtures.golden("methods/ioi40.jsonl"), model.tokenizer())
                    .part(Split.TRAIN);
            compare(model, examples, rank -> new ReferencePrompts(examples.subList(0, 8), 1));
            assertRefused(
                    "by its reference_sha256 (",
                    () -> compare(model, examples, rank -> new ReferencePrompts(examples.subList(0, 8 + rank), 1)));
            assertRefused(
                    "by its reference_seed (1, and 0 on rank 0)",
                    () -> compare(model, examples, rank -> new ReferencePrompts(examples.subList(0, 8), rank)));
        }
    }

    private static void assertRefused(String difference, Runnable comparison) {
        String refused = assertThrows(InputException.class, comparison::run).getMessage();
        assertTrue(refused.contains(difference), refused);
    }

    private static void compare(
            LoadedModel model, List<Example> examples, Function<Integer, ReferencePrompts> references) {
        assertEquals(
                2,
                ThreadRanks.run(2, ranks -> compare(model, examples, references.apply(ranks.rank()), ranks))
                        .size());
    }

    private static boolean compare(LoadedModel model, List<Example> examples, ReferencePrompts reference, Ranks ranks) {
        try (AblationStates states = AblationStates.of(Ablation.MEAN, model.model(), reference, 4)) {
            Evaluator evaluator = new Evaluator(
                    model.model(),
                    TASK.scorer(model.tokenizer()),
                    states,
                    4,
                    Workers.of(1).on(ranks));
            new RankedEval(model, examples, reference, evaluator).requireSame(Optional.empty(), List.of());
            return true;
        }
    }
}
