package org.edgeprune.recovery;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.edgeprune.eval.AblationStates;
import org.edgeprune.eval.Evaluator;
import org.edgeprune.graph.Ablation;
import org.edgeprune.graph.Circuit;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.graph.Edge;
import org.edgeprune.mask.MaskValues;
import org.edgeprune.model.Models;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.prune.Minimizer;
import org.edgeprune.task.DataRequest;
import org.edgeprune.task.Dataset;
import org.edgeprune.task.PromptTokenizer;
import org.edgeprune.task.tracr.TracrTask;
import org.edgeprune.torch.Device;
import org.edgeprune.tracr.circuit.TruthEdge;
import org.edgeprune.tracr.files.CompiledModelFiles;
import org.edgeprune.tracr.rasp.LibraryProgram;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Circuits that are right, too large or too small, and what a check says of them; and the engine agrees with it. */
class CircuitCheckTest {
    @TempDir
    private Path folder;

    private final TracrTask task = TracrTask.of(LibraryProgram.REVERSE);
    private final ComputationGraph graph = new ComputationGraph(
            new org.edgeprune.graph.GraphShape(4, 1, 1, List.of("tok_embeds", "pos_embeds"), false));

    @Test
    void theTruthIsPerfect() {
        CircuitCheck check = check(truth());
        assertEquals(9, check.truth().size());
        assertTrue(check.perfect() && check.unique());
        assertEquals(1, check.precision());
        assertEquals(1, check.recall());
        assertEquals(List.of(), check.dropped());
        assertTrue(check.text().endsWith("perfect"), check.text());
    }

    @Test
    void anEdgeThatChangesNothingIsNamed() {
        Circuit more =
                truth().union(Circuit.full(graph).filter(edge -> edge.toString().equals("m1 -> m3")));
        CircuitCheck check = check(more);
        assertEquals(List.of(new TruthEdge("m1", "m3")), check.extra());
        assertEquals(check.extra(), check.idle());
        assertTrue(check.faithful() && !check.perfect());
        assertEquals(0.9, check.precision(), 1e-12);
        assertEquals(1, check.recall());
    }

    @Test
    void anEdgeThatWasDroppedIsNamed() {
        Edge dropped = truth().edges().get(0);
        CircuitCheck check = check(truth().filter(edge -> !edge.equals(dropped)));
        assertEquals(
                List.of(new TruthEdge(dropped.writer().name(), dropped.reader().name())), check.missing());
        assertEquals(check.missing(), check.dropped());
        assertFalse(check.faithful());
        assertEquals(1, check.precision());
        assertEquals(8 / 9.0, check.recall(), 1e-12);
    }

    @Test
    void theWholeModelIsFaithfulAndImprecise() {
        CircuitCheck check = check(Circuit.full(graph));
        assertTrue(check.faithful());
        assertEquals(9 / 94.0, check.precision(), 1e-12);
        assertEquals(0, check.error());
    }

    @Test
    void everySingleEdgeCutInTheEngineAgreesAndMinimizingTheWholeModelGivesTheTruth() {
        CompiledModelFiles.write(task.model(), folder);
        try (TransformerModel model = Models.open(folder, Device.CPU);
                PromptTokenizer tokenizer = PromptTokenizer.open(folder)) {
            Dataset data = task.tokenise(
                    task.generate(DataRequest.seeded(1).sizes(1, 1, 1)).records(), tokenizer);
            Evaluator evaluator = new Evaluator(model, task.scorer(), AblationStates.ZERO, 243);
            Set<Edge> matter = new HashSet<>();
            for (Edge cut : Circuit.full(graph).edges()) {
                MaskValues without = MaskValues.of(Circuit.full(graph).filter(edge -> !edge.equals(cut)));
                if (evaluator.evaluate(data.train(), without).metrics().get("kl") > 1e-9) {
                    matter.add(cut);
                }
            }
            assertEquals(new HashSet<>(truth().edges()), matter);
            Minimizer.Result minimal = new Minimizer(evaluator, data.train(), 1e-6).minimize(Circuit.full(graph));
            assertEquals(truth(), minimal.circuit());
            assertEquals(0, minimal.klAfter(), 1e-6);
            // A circuit that is not faithful becomes no less so.
            Circuit broken = truth().filter(edge -> !edge.reader().name().equals("resid_post"));
            Minimizer.Result less = new Minimizer(evaluator, data.train(), 1e-6).minimize(broken);
            assertTrue(less.klBefore() > 0.1 && less.klAfter() <= less.klBefore() + 1e-6);
            assertEquals(0, less.circuit().size());
        }
    }

    private CircuitCheck check(Circuit circuit) {
        return CircuitCheck.of(task.model(), circuit, Ablation.ZERO, 1000);
    }

    /** The edges of reverse's circuit, from the check of another one. */
    private Circuit truth() {
        Set<TruthEdge> truth = Set.copyOf(check(Circuit.full(graph)).truth());
        return Circuit.full(graph)
                .filter(e -> truth.contains(
                        new TruthEdge(e.writer().name(), e.reader().name())));
    }
}
