package org.edgeprune.eval;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.util.BitSet;
import java.util.Collections;
import java.util.List;
import org.edgeprune.fixture.Fixtures;
import org.edgeprune.graph.Ablation;
import org.edgeprune.graph.Circuit;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.mask.MaskValues;
import org.edgeprune.model.Execution;
import org.edgeprune.model.Models;
import org.edgeprune.model.Placement;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.task.Example;
import org.edgeprune.task.PromptTokenizer;
import org.edgeprune.task.Split;
import org.edgeprune.task.Tasks;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.TensorScope;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Circuits that are evaluated one after the other have the bits of those that are evaluated alone. */
class RepeatedEvaluatorTest {
    private static final Path MODEL = Fixtures.golden("methods/tiny-llama-gqa");

    @ParameterizedTest(name = "{0}, kept {1}, workers {2}, copies {3}")
    @CsvSource({
        "interchange, true, 1, 1",
        "interchange, true, 2, 1",
        "interchange, false, 2, 1",
        "zero, true, 2, 1",
        "mean, true, 2, 1",
        "resample, true, 1, 1",
        "interchange, true, 3, 3",
        "mean, true, 2, 2"
    })
    void theFullModelsRunsAreMadeOnce(String ablation, boolean kept, int workers, int copies) {
        long before = TensorScope.liveTensors();
        try (TransformerModel model = Models.open(
                        MODEL,
                        Execution.on(Device.CPU)
                                .withMicroBatch(64)
                                .withCopies(Collections.nCopies(copies, Placement.on(Device.CPU)))
                                .withWorkers(workers));
                PromptTokenizer tokenizer = PromptTokenizer.open(MODEL)) {
            List<Example> all = Tasks.named("ioi")
                    .read(Fixtures.golden("methods/ioi40.jsonl"), tokenizer)
                    .part(Split.TEST);
            List<Example> examples = all.subList(0, 11);
            AblationStates states = AblationStates.of(Ablation.named(ablation), model, new ReferencePrompts(all, 1), 5);
            Evaluator evaluator = new Evaluator(model, Tasks.named("ioi").scorer(tokenizer), states, 5);
            ComputationGraph graph = new ComputationGraph(model.graphShape());
            long open = TensorScope.liveTensors();
            try (RepeatedEvaluator repeated = new RepeatedEvaluator(evaluator, examples, kept ? 1 << 30 : 0)) {
                long afterFirst = 0;
                for (int edges : new int[] {0, 7, 40, 82}) {
                    BitSet first = new BitSet();
                    first.set(0, edges);
                    MaskValues masks = MaskValues.of(Circuit.of(graph, first));
                    Evaluation expected = evaluator.evaluate(examples, masks);
                    Evaluation actual = repeated.evaluate(masks);
                    for (int i = 0; i < examples.size(); i++) {
                        assertEquals(
                                expected.examples().get(i).metrics(),
                                actual.examples().get(i).metrics());
                        assertEquals(
                                expected.examples().get(i).fullModelMetrics(),
                                actual.examples().get(i).fullModelMetrics());
                    }
                    afterFirst = edges == 0 ? TensorScope.liveTensors() : afterFirst;
                    assertEquals(afterFirst, TensorScope.liveTensors());
                    assertEquals(kept, TensorScope.liveTensors() > open);
                }
            }
            assertEquals(open, TensorScope.liveTensors());
            states.close();
        }
        assertEquals(before, TensorScope.liveTensors());
    }
}
