package org.edgeprune.attribute;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.List;
import org.edgeprune.eval.AblationStates;
import org.edgeprune.eval.Evaluator;
import org.edgeprune.graph.Circuit;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.graph.Edge;
import org.edgeprune.graph.Reader;
import org.edgeprune.graph.Writer;
import org.edgeprune.mask.MaskValues;
import org.edgeprune.model.Execution;
import org.edgeprune.prune.LoadedModel;
import org.edgeprune.task.Example;
import org.edgeprune.task.Tasks;
import org.edgeprune.torch.Device;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** ACDC on a tiny random Llama, against the same written out with the evaluator, which runs every circuit. */
class AcdcTest {
    private LoadedModel model;
    private List<Example> examples;
    private AttributionSetting setting;

    @BeforeEach
    void open() throws IOException {
        GoldenScores golden = GoldenScores.of("tiny-llama-gqa");
        model = LoadedModel.open("tiny", golden.model(), Execution.on(Device.CPU));
        examples = golden.examples(model.tokenizer()).subList(0, 6);
        setting = new AttributionSetting(
                model.model(),
                new ComputationGraph(model.model().graphShape()),
                Tasks.named("ioi").scorer(model.tokenizer()),
                Objective.KL,
                AblationStates.INTERCHANGE,
                4);
    }

    @AfterEach
    void close() {
        model.close();
    }

    private double kl(Circuit circuit) {
        return new Evaluator(model.model(), setting.scorer(), AblationStates.INTERCHANGE, 4)
                .evaluate(examples, MaskValues.of(circuit))
                .metrics()
                .get("kl");
    }

    private Acdc.Result search(Acdc.Order order, double threshold) {
        return new Acdc(setting, order).search(examples, threshold, 0, AttributionSetting.Progress.NONE);
    }

    private static Circuit without(Circuit circuit, Edge edge) {
        return circuit.filter(other -> !other.equals(edge));
    }

    @ParameterizedTest
    @EnumSource
    void everyEdgeIsTriedFromTheOutputBack(Acdc.Order order) {
        ComputationGraph graph = setting.graph();
        double threshold = 0.02;
        Circuit expected = Circuit.full(graph);
        double loss = kl(expected);
        for (Reader reader : graph.readers().reversed()) {
            List<Writer> writers =
                    graph.writers().subList(0, graph.groupOf(reader).visibleWriters());
            for (Writer writer : order == Acdc.Order.PUBLISHED ? writers.reversed() : writers) {
                Circuit fewer = without(expected, new Edge(writer, reader));
                double rise = kl(fewer) - loss;
                assertTrue(Math.abs(rise - threshold) > 1e-5, "no edge is near the threshold by chance");
                if (rise < threshold) {
                    expected = fewer;
                    loss += rise;
                }
            }
        }
        Acdc.Result found = search(order, threshold);
        assertEquals(expected, found.circuit());
        assertEquals(loss, found.loss(), 1e-5);
        assertTrue(found.circuit().size() > 0 && found.circuit().size() < graph.edgeCount());
        found.circuit()
                .edges()
                .forEach(edge -> assertTrue(found.rises().at(edge.writer(), edge.reader()) >= threshold));
    }

    @Test
    void thresholdsDecideTheSize() {
        Acdc.Result none = search(Acdc.Order.PUBLISHED, 1e9);
        assertEquals(0, none.circuit().size());
        assertEquals(1 + setting.graph().nodeCount(), none.evaluations(), "only edges into the output are run");
        int few = search(Acdc.Order.PUBLISHED, 0.1).circuit().size();
        int many = search(Acdc.Order.PUBLISHED, 0.001).circuit().size();
        assertTrue(few < many, few + " and " + many);
    }

    @Test
    void aNumberOfEdgesIsFound() {
        Acdc.Result found = new Acdc(setting, Acdc.Order.PUBLISHED)
                .searchForSize(examples, 30, Long.MAX_VALUE, AttributionSetting.Progress.NONE);
        assertEquals(30, found.circuit().size(), 3);
        assertEquals(
                found.circuit(), search(Acdc.Order.PUBLISHED, found.threshold()).circuit());
    }
}
