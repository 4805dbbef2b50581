package org.edgeprune.attribute;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.edgeprune.eval.AblationStates;
import org.edgeprune.eval.Evaluator;
import org.edgeprune.graph.Circuit;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.graph.Edge;
import org.edgeprune.graph.Reader;
import org.edgeprune.graph.Writer;
import org.edgeprune.io.InputException;
import org.edgeprune.mask.MaskValues;
import org.edgeprune.model.Execution;
import org.edgeprune.prune.LoadedModel;
import org.edgeprune.task.Example;
import org.edgeprune.task.Split;
import org.edgeprune.torch.Device;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
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
        setting = GoldenScores.setting(model, Objective.KL, 4);
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
                .searchForSize(examples, 30, Long.MAX_VALUE, LossJournal.empty(), AttributionSetting.Progress.NONE);
        assertEquals(30, found.circuit().size(), 3);
        assertEquals(
                found.circuit(), search(Acdc.Order.PUBLISHED, found.threshold()).circuit());
    }

    @Test
    void edgesRankByTheLargestThresholdThatKeepsThem() {
        double cost = kl(Circuit.full(setting.graph()).filter(edge -> false));
        Acdc.Result few = search(Acdc.Order.PUBLISHED, 0.1 * cost);
        Acdc.Result many = search(Acdc.Order.PUBLISHED, 0.01 * cost);
        EdgeScores ranked = new Acdc(setting, Acdc.Order.PUBLISHED)
                .ranked(examples, List.of(0.1, 0.01), Long.MAX_VALUE, AttributionSetting.Progress.NONE);
        assertTrue(few.circuit().size() > 0);
        for (int edge = 0; edge < ranked.size(); edge++) {
            int level = few.circuit().contains(edge) ? 2 : many.circuit().contains(edge) ? 1 : 0;
            double rise = (level == 2 ? few : many).rises().at(edge) / cost;
            assertEquals(level + rise / (1 + Math.abs(rise)), ranked.at(edge), 1e-4);
        }
    }

    @Test
    void aSearchContinuesWithTheLossesThatItHad() {
        LossJournal whole = LossJournal.empty();
        Acdc acdc = new Acdc(setting, Acdc.Order.PUBLISHED);
        Acdc.Result expected = acdc.searchForSize(examples, 30, 0, whole, AttributionSetting.Progress.NONE);
        double[] losses = whole.losses();
        assertTrue(losses.length > expected.evaluations(), "several searches");
        int[] computed = {0};
        LossJournal half = new LossJournal(Arrays.copyOf(losses, losses.length / 2), journal -> computed[0]++);
        assertEquals(expected, acdc.searchForSize(examples, 30, 0, half, AttributionSetting.Progress.NONE));
        assertEquals(losses.length - losses.length / 2, computed[0]);
        assertArrayEquals(losses, half.losses());
    }

    private AttributionRecord record(long seed) {
        return AttributionRecord.of(
                model,
                "ioi",
                null,
                Split.TRAIN,
                examples,
                new AttributionRecord.Options("acdc", null, "kl", "interchange", 4, seed, Map.of("threshold", 0.02)));
    }

    @Test
    void theLossesAreKeptInTheFolderOfTheAttribution(@TempDir Path folder) {
        AttributionDirectory directory = new AttributionDirectory(folder);
        Acdc acdc = new Acdc(setting, Acdc.Order.REVERSED);
        LossJournal kept = directory.lossJournal(record(1), 0);
        acdc.search(examples, 0.02, 0, kept, AttributionSetting.Progress.NONE);
        LossJournal read = directory.lossJournal(record(1), 0);
        assertTrue(read.losses().length > 50);
        assertArrayEquals(kept.losses(), read.losses());
        InputException other = assertThrows(InputException.class, () -> directory.lossJournal(record(2), 0));
        assertTrue(other.getMessage().contains("partial.safetensors: belongs to another run"), other.getMessage());
    }
}
