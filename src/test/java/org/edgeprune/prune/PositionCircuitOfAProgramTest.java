package org.edgeprune.prune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import org.edgeprune.eval.AblationStates;
import org.edgeprune.eval.Evaluator;
import org.edgeprune.graph.Ablation;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.graph.PositionCircuit;
import org.edgeprune.mask.MaskValues;
import org.edgeprune.mask.SparsitySchedule;
import org.edgeprune.model.Models;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.task.Answer;
import org.edgeprune.task.DataRequest;
import org.edgeprune.task.Dataset;
import org.edgeprune.task.Example;
import org.edgeprune.task.Metrics;
import org.edgeprune.task.PromptTokenizer;
import org.edgeprune.task.Scorer;
import org.edgeprune.task.tracr.TracrTask;
import org.edgeprune.torch.Device;
import org.edgeprune.tracr.files.CompiledModelFiles;
import org.edgeprune.tracr.rasp.LibraryProgram;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A program whose circuit is known by position: of {@code reverse}, with only the last token scored, whose answer is
 * the first token after BOS. Under interchange ablation between inputs of one length only tokens differ, so that the
 * last attention head reads a value at position 1 and the output reads that head at the last position.
 */
class PositionCircuitOfAProgramTest {
    private static final Scorer KL = (example, logits, full) -> Map.of("kl", Metrics.kl(full, logits));
    private static final String HEAD = "a3.h0";

    @TempDir
    private Path dir;

    private Dataset data;
    private int last;

    @BeforeEach
    void compile() {
        TracrTask task = TracrTask.of(LibraryProgram.REVERSE);
        Path folder = dir.resolve("model");
        CompiledModelFiles.write(task.model(), folder);
        last = task.model().vocabulary().maxLength();
        try (PromptTokenizer tokenizer = PromptTokenizer.open(folder)) {
            Dataset all = task.tokenise(
                    task.generate(DataRequest.seeded(1).sizes(400, 100, 100)).records(), tokenizer);
            data = new Dataset(longest(all.train()), longest(all.validation()), longest(all.test()));
        }
        assertTrue(data.train().size() >= 32, () -> "" + data.train().size());
    }

    /** The inputs of the greatest length, scored at their last token. */
    private List<Example> longest(List<Example> examples) {
        return examples.stream()
                .filter(example -> example.length() == last + 1)
                .limit(64)
                .map(example -> new Example(
                        example.clean(),
                        example.corrupted(),
                        last,
                        last + 1,
                        new Answer.Tokens(new int[] {0}, new int[0])))
                .toList();
    }

    @Test
    void trainingFindsTheEdgesWithTheirPositions() {
        try (TransformerModel model = Models.open(dir.resolve("model"), Device.CPU)) {
            PositionCircuit known = known(new ComputationGraph(model.graphShape()), 0);
            double sparsity = 1 - (double) known.size() / known.total();
            PruneOptions options = new PruneOptions(
                    new PruneOptions.Training(200, 32, 0, 2),
                    PruneOptions.LearningRates.of(0.3, 0.3, 20),
                    PruneOptions.Targets.rising(sparsity, 0, 150)
                            .withEdgeSparsity(new SparsitySchedule(SparsitySchedule.Warmup.LINEAR, 0, sparsity, 150)),
                    new PruneOptions.Graph(true),
                    Ablation.INTERCHANGE,
                    3);
            PruneOptions byPosition = options.with(PruneControls.PUBLISHED
                    .withLevel(MaskLevel.EDGES)
                    .withHoldTarget(true)
                    .withPositions(true));
            RunDirectory run = new RunDirectory(dir.resolve("run"));
            RunDirectory.create(run.path());
            PruneResult result = new Pruner(
                            model,
                            data,
                            KL,
                            TestRecords.of(data, byPosition, model, 1 << 20),
                            run,
                            new Pruner.Pace(0, 0, 1 << 20))
                    .run(false, new Pruner.Listener() {});
            assertEquals(known.toJson(), result.binary().positionCircuit().toJson());
            assertEquals(known, run.readPositions().orElseThrow());
            assertEquals(0, result.evaluation().metrics().get("kl"), 1e-6);
        }
    }

    /** The same edges one position further are worth nothing, and as edges of all positions they are the circuit. */
    @Test
    void thePositionsMatter() {
        try (TransformerModel model = Models.open(dir.resolve("model"), Device.CPU)) {
            ComputationGraph graph = new ComputationGraph(model.graphShape());
            double nothing = kl(model, new MaskValues(graph, new float[graph.edgeCount()], ones(graph)));
            assertTrue(nothing > 0.05, () -> "" + nothing);
            assertEquals(0, kl(model, masks(known(graph, 0))), 1e-6);
            assertEquals(nothing, kl(model, masks(known(graph, 1))), 1e-6);
            assertEquals(0, kl(model, MaskValues.of(known(graph, 0).anywhere())), 1e-6);
        }
    }

    /** The circuit, with the value read at another position. */
    private PositionCircuit known(ComputationGraph graph, int shift) {
        BitSet kept = new BitSet();
        kept.set((1 + shift) * graph.edgeCount()
                + graph.edgeIndex(graph.writer("tok_embeds"), graph.reader(HEAD + ".v")));
        kept.set(last * graph.edgeCount() + graph.edgeIndex(graph.writer(HEAD), graph.reader("resid_post")));
        return PositionCircuit.of(graph, last + 1, kept);
    }

    private static float[] ones(ComputationGraph graph) {
        return MaskValues.full(graph).nodes();
    }

    private static MaskValues masks(PositionCircuit circuit) {
        float[] edges = new float[circuit.total()];
        circuit.edgeSet().stream().forEach(i -> edges[i] = 1);
        return new MaskValues(circuit.graph(), edges, ones(circuit.graph()));
    }

    private double kl(TransformerModel model, MaskValues masks) {
        return new Evaluator(model, KL, AblationStates.INTERCHANGE, 32)
                .evaluate(data.test(), masks)
                .metrics()
                .get("kl");
    }
}
