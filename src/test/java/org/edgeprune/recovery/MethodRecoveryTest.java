package org.edgeprune.recovery;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.edgeprune.attribute.EdgeScores;
import org.edgeprune.attribute.Ranking;
import org.edgeprune.graph.Ablation;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.graph.GraphShape;
import org.edgeprune.methods.CircuitMethod;
import org.edgeprune.methods.Effort;
import org.edgeprune.task.tracr.TracrTask;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.TensorScope;
import org.edgeprune.tracr.circuit.TruthEdge;
import org.edgeprune.tracr.rasp.LibraryProgram;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every method on a compiled program. */
class MethodRecoveryTest {
    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"ZERO", "INTERCHANGE"})
    void everyMethodIsComparedWithTheGroundTruth(String name) {
        long live = TensorScope.liveTensors();
        Ablation ablation = Ablation.named(name);
        TracrTask task = TracrTask.of(LibraryProgram.XPROPORTION);
        Recovery.Result result = new Recovery(ablation, 60, 42).run(task, folder, Device.CPU);
        List<TruthEdge> truth = result.minimal().truth();
        List<MethodRecovery.Found> found = new MethodRecovery(ablation, new Effort(20, 20, 1, 3, 30, 1, 1), 42)
                .run(task, folder, truth, Device.CPU);
        assertEquals(
                MethodRecovery.METHODS.stream().map(CircuitMethod::key).toList(),
                found.stream().map(MethodRecovery.Found::method).toList());
        Map<String, MethodRecovery.Found> by =
                found.stream().collect(Collectors.toMap(MethodRecovery.Found::method, Function.identity()));
        assertEquals(1, by.get("exact").recall(), "cutting an edge of the truth alone changes the output");
        assertTrue(by.get("exact").auroc() > 0.9, by.get("exact").toString());
        assertTrue(by.get("random").precision() < 0.5, by.get("random").toString());
        for (MethodRecovery.Found one : found) {
            assertEquals(
                    Math.round(one.recall() * truth.size()), Math.round(one.precision() * one.edges()), one.toString());
            assertTrue(one.edges() <= result.graphEdges());
        }
        assertEquals(live, TensorScope.liveTensors());
    }

    @Test
    void equalScoresCountHalf() {
        ComputationGraph graph = new ComputationGraph(new GraphShape(1, 1, 1, List.of("embeds"), false));
        float[] values = new float[graph.edgeCount()];
        values[0] = 2;
        values[1] = -3;
        EdgeScores scores = EdgeScores.of(graph, values);
        Set<TruthEdge> first = Set.of(new TruthEdge(
                graph.edge(0).writer().name(), graph.edge(0).reader().name()));
        assertEquals(1, MethodRecovery.auroc(scores, Ranking.SIGNED, first));
        assertEquals(1 - 1.0 / (values.length - 1), MethodRecovery.auroc(scores, Ranking.ABSOLUTE, first), 1e-12);
        EdgeScores equal = EdgeScores.of(graph, new float[values.length]);
        assertEquals(0.5, MethodRecovery.auroc(equal, Ranking.SIGNED, first));
        assertNull(MethodRecovery.auroc(equal, Ranking.SIGNED, Set.of()));
    }
}
