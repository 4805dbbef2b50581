package org.edgeprune.methods;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.edgeprune.attribute.AttributionSetting;
import org.edgeprune.attribute.CurveEvaluator;
import org.edgeprune.attribute.EdgeScores;
import org.edgeprune.attribute.FaithfulnessCurve;
import org.edgeprune.attribute.Ranking;
import org.edgeprune.eval.AblationStates;
import org.edgeprune.eval.Evaluator;
import org.edgeprune.fixture.Fixtures;
import org.edgeprune.io.InputException;
import org.edgeprune.model.Execution;
import org.edgeprune.prune.LoadedModel;
import org.edgeprune.task.Split;
import org.edgeprune.task.Task;
import org.edgeprune.task.Tasks;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.TensorScope;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every method on a tiny random Llama. */
class MethodStudyTest {
    private static final Effort SMALL = new Effort(6, 2, 8, 2, 4, 4, 3);

    @TempDir
    private Path folder;

    private LoadedModel open() {
        return LoadedModel.open("tiny", Fixtures.golden("methods/tiny-llama-gqa"), Execution.on(Device.CPU));
    }

    private MethodStudy study(LoadedModel loaded, Effort effort) {
        return new MethodStudy(loaded, Tasks.named("ioi"), effort, 2, 42, folder.resolve("ioi"));
    }

    private static MethodResult measure(MethodStudy study, CircuitMethod method) {
        return study.measure(method, () -> Optional.of(123L), AttributionSetting.Progress.NONE);
    }

    @Test
    void everyMethodIsMeasuredOnce() throws IOException {
        long before = TensorScope.liveTensors();
        List<MethodResult> results = new ArrayList<>();
        try (LoadedModel loaded = open()) {
            MethodStudy study = study(loaded, SMALL);
            for (CircuitMethod method : CircuitMethod.values()) {
                assertEquals(Optional.empty(), study.result(method));
                MethodResult result = measure(study, method);
                assertEquals(Optional.of(result), study.result(method));
                assertEquals(123, result.peakBytes());
                assertEquals(FaithfulnessCurve.SIZES.size(), result.points().size());
                assertEquals(1, result.points().getLast().faithfulness(), 1e-3, method.key());
                assertEquals(0, result.at(1, "kl").orElseThrow(), 1e-5);
                assertTrue(result.stability() >= 0 && result.stability() <= 1);
                results.add(result);
            }
            assertTrue(Files.isRegularFile(folder.resolve("ioi/edge-pruning/run-1-0.1/masks.safetensors")));
            assertTrue(Files.isRegularFile(folder.resolve("ioi/edge-pruning/run-2-0.05/masks.safetensors")));
            assertFalse(Files.exists(folder.resolve("ioi/edge-pruning/run-2-0.1")), "only 5% is found again");

            InputException other =
                    assertThrows(InputException.class, () -> study(loaded, new Effort(6, 2, 8, 2, 5, 4, 3))
                            .result(CircuitMethod.MATTR));
            assertTrue(
                    other.getMessage().contains("was measured with another model, other prompts"), other.getMessage());
            theCurveIsThatOfTheScores(loaded, results);
            MethodStudy seeded = new MethodStudy(loaded, study.task(), SMALL, 2, 43, study.folder());
            for (MethodStudy others : List.of(seeded, study(loaded, new Effort(5, 2, 8, 2, 4, 4, 3)))) {
                assertTrue(assertThrows(InputException.class, () -> measure(others, CircuitMethod.RANDOM))
                        .getMessage()
                        .contains("data-1: holds other prompts"));
            }
        }
        assertEquals(before, TensorScope.liveTensors());
        MethodTable table = new MethodTable(results);
        assertEquals(table.columns().size(), table.best().size());
        MethodTable.Best cmd = table.best().get(1);
        assertEquals("CMD", cmd.column());
        assertEquals(results.stream().mapToDouble(MethodResult::cmd).min().orElseThrow(), cmd.value());
        assertEquals(results.getFirst().cmd(), cmd.edgePruning());
        assertEquals(cmd.edgePruning() <= cmd.value(), cmd.edgePruningIsBest());
        assertEquals(List.of(), new MethodTable(results.subList(1, 3)).best(), "without edge pruning");
        MethodResult pruning = results.getFirst();
        MethodResult equal = new MethodResult(
                pruning.task(),
                "equal",
                pruning.madeFrom(),
                pruning.ranking(),
                pruning.seconds(),
                pruning.peakBytes(),
                pruning.metric(),
                pruning.fullModel(),
                pruning.emptyCircuit(),
                pruning.totalEdges(),
                pruning.cpr(),
                pruning.cmd(),
                pruning.points(),
                pruning.stability());
        for (List<MethodResult> tied : List.of(List.of(pruning, equal), List.of(equal, pruning))) {
            new MethodTable(tied).best().forEach(best -> {
                assertEquals("equal", best.method(), "not edge pruning alone");
                assertTrue(best.edgePruningIsBest());
            });
        }
    }

    private void theCurveIsThatOfTheScores(LoadedModel loaded, List<MethodResult> results) {
        Task task = Tasks.named("ioi");
        try (CurveEvaluator curves = new CurveEvaluator(
                new Evaluator(loaded.model(), task.scorer(loaded.tokenizer()), AblationStates.INTERCHANGE, 32),
                task.read(folder.resolve("ioi/data-1"), loaded.tokenizer()).part(Split.TEST),
                Optional.empty())) {
            for (CircuitMethod method :
                    List.of(CircuitMethod.EAP, CircuitMethod.MATTR, CircuitMethod.MATTR_PUBLISHED)) {
                EdgeScores scores = EdgeScores.read(folder.resolve("ioi/" + method.key() + "/scores-1.safetensors"));
                FaithfulnessCurve curve = curves.curve(scores, method.ranking());
                MethodResult result = results.get(method.ordinal());
                assertEquals(curve.points(), result.points());
                assertEquals(curve.cpr(), result.cpr());
                assertEquals(curve.cmd(), result.cmd());
            }
            EdgeScores pruned = EdgeScores.read(folder.resolve("ioi/edge-pruning/scores-1.safetensors"));
            assertEquals(
                    curves.curve(pruned, Ranking.SIGNED).points().get(5),
                    results.getFirst().points().get(5),
                    "5% of the edges are those of the run that was trained for them");
        }
    }

    @Test
    void namesAndNumbersAreChecked() {
        assertThrows(InputException.class, () -> CircuitMethod.named("none"));
        assertEquals(CircuitMethod.EAP_IG_INPUTS, CircuitMethod.named("EAP-IG-inputs"));
        assertThrows(InputException.class, () -> new Effort(1, 1, 0, 1, 1, 1, 1));
        try (LoadedModel loaded = open()) {
            assertThrows(InputException.class, () -> new MethodStudy(loaded, Tasks.named("ioi"), SMALL, 1, 42, folder));
        }
    }
}
