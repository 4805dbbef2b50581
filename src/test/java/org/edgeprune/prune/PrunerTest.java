package org.edgeprune.prune;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.edgeprune.graph.Ablation;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.io.InputException;
import org.edgeprune.model.Execution;
import org.edgeprune.model.RandomWeights;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.model.architecture.Gpt2;
import org.edgeprune.model.architecture.Gpt2Config;
import org.edgeprune.task.Answer;
import org.edgeprune.task.Dataset;
import org.edgeprune.task.Example;
import org.edgeprune.task.Metrics;
import org.edgeprune.task.Scorer;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.TensorScope;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The training loop on a tiny random GPT-2: what it writes, and that resuming changes nothing. */
class PrunerTest {
    private static final int STEPS = 12;
    private static final Gpt2Config TINY = Gpt2Config.ofSize(2, 2, 16, 32, 23, 12);
    private static final Scorer KL = (example, logits, full) -> Map.of("kl", Metrics.kl(full, logits));
    private static final Pruner.Listener SILENT = new Pruner.Listener() {};

    @TempDir
    private Path dir;

    private long live;
    private TransformerModel model;

    @BeforeEach
    void openModel() {
        live = TensorScope.liveTensors();
        model = TransformerModel.of(Gpt2.decoder(TINY), new RandomWeights(7), Execution.on(Device.CPU));
    }

    @AfterEach
    void closeModel() {
        model.close();
        assertEquals(live, TensorScope.liveTensors(), "every tensor is freed");
    }

    @Test
    void aResumedRunIsBitIdenticalToAnUninterruptedOne() throws Exception {
        Path whole = dir.resolve("whole");
        Path parts = dir.resolve("parts");
        pruner(whole, options(0.5), 4).run(false, SILENT);
        assertThrows(Interrupted.class, () -> pruner(parts, options(0.5), 4).run(false, new Pruner.Listener() {
            @Override
            public void stepped(StepMetrics metrics) {
                if (metrics.step() == 9) {
                    throw new Interrupted();
                }
            }
        }));
        int[] first = {-1};
        pruner(parts, options(0.5), 4).run(true, new Pruner.Listener() {
            @Override
            public void started(int firstStep, int steps) {
                first[0] = firstStep;
            }
        });
        assertEquals(8, first[0], "it goes on from the last checkpoint");
        assertArrayEquals(
                Files.readAllBytes(whole.resolve("masks.safetensors")),
                Files.readAllBytes(parts.resolve("masks.safetensors")));
        assertEquals(Files.readString(whole.resolve("edges.json")), Files.readString(parts.resolve("edges.json")));
        assertEquals(numbers(whole), numbers(parts));
    }

    /** The lines of metrics.jsonl without how long each step took. */
    private static String numbers(Path run) throws Exception {
        return Files.readString(run.resolve("metrics.jsonl")).replaceAll(",\"seconds\":[^,}]*", "");
    }

    @Test
    void itWritesWhatItFound() throws Exception {
        PruneResult result = pruner(dir, options(0.5), 4).run(false, SILENT);
        RunDirectory run = new RunDirectory(dir);
        assertEquals(result.circuit(), run.readCircuit(new ComputationGraph(model.graphShape())));
        Map<?, ?> metrics = new ObjectMapper().readValue(run.metricsFile().toFile(), Map.class);
        assertEquals(result.circuit().size(), metrics.get("num_edges"));
        assertEquals(result.circuit().edgeSparsity(), metrics.get("edge_sparsity"));
        assertEquals(result.binary().edgeSparsity(), metrics.get("edge_mask_sparsity"));
        assertEquals(result.circuit().connected().size(), metrics.get("num_edges_on_paths"));
        assertTrue(metrics.containsKey("kl") && metrics.containsKey("full_model_kl"), metrics.toString());
        assertEquals(options(0.5), run.readRecord().options());
        try (Stream<Path> checkpoints = Files.list(run.checkpoints())) {
            assertEquals(2, checkpoints.count(), "only the newest checkpoints are kept");
        }
        List<String> lines = Files.readAllLines(run.stepsFile());
        assertEquals(
                STEPS,
                lines.stream().filter(line -> line.contains("edge_target")).count());
        assertEquals(
                2, lines.stream().filter(line -> line.contains("validation")).count());
    }

    @Test
    void runsOfEarlierVersionsCanBeContinued() throws Exception {
        pruner(dir, options(0.5), 4).run(false, SILENT);
        RunDirectory run = new RunDirectory(dir);
        ObjectNode json = (ObjectNode) new ObjectMapper().readTree(run.runFile().toFile());
        json.remove(List.of("compute_dtype", "device_map", "offload", "recompute", "micro_batch"));
        Files.writeString(run.runFile(), json.toString());
        assertEquals(
                Execution.on(Device.CPU).withMicroBatch(0),
                run.readRecord().execution(),
                "batches of earlier versions were whole");
        ObjectNode incomplete = json.deepCopy();
        ((ObjectNode) incomplete.get("options")).remove("initial_log_alpha");
        Files.writeString(run.runFile(), incomplete.toString());
        String lacking = assertThrows(InputException.class, run::readRecord).getMessage();
        assertTrue(lacking.contains("options: lacks initial_log_alpha"), lacking);
        for (String damage :
                List.of("null", "{}", json.deepCopy().put("threads", 0).toString())) {
            Files.writeString(run.runFile(), damage);
            String message = assertThrows(InputException.class, run::readRecord).getMessage();
            assertTrue(message.startsWith(run.runFile() + ": lacks"), message);
        }
    }

    @Test
    void aRunThatIsThereIsNeitherOverwrittenNorContinuedByAnother() {
        pruner(dir, options(0.5), 4).run(false, SILENT);
        InputException again = assertThrows(
                InputException.class, () -> pruner(dir, options(0.5), 4).run(false, SILENT));
        assertTrue(again.getMessage().contains("--resume"), again.getMessage());
        InputException other = assertThrows(
                InputException.class, () -> pruner(dir, options(0.25), 4).run(true, SILENT));
        assertTrue(other.getMessage().contains("other options"), other.getMessage());
    }

    @Test
    void divergenceStopsTheRunAndKeepsTheLastGoodCheckpoint() {
        PruneOptions wild = options(0.5);
        wild = wild.with(
                wild.learningRates().withEdgeMultiplierLearningRate(1e36).withNodeMultiplierLearningRate(1e36));
        PruneOptions tooFast = wild;
        Pruner.DivergedException e = assertThrows(
                Pruner.DivergedException.class, () -> pruner(dir, tooFast, 1).run(false, SILENT));
        assertTrue(e.getMessage().contains("diverged") && e.getMessage().contains("step-00"), e.getMessage());
    }

    /** Stands for a crash between two checkpoints. */
    private static final class Interrupted extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }

    private Pruner pruner(Path out, PruneOptions options, int saveEvery) {
        Dataset data = new Dataset(examples(10, 1), examples(4, 2), examples(4, 3));
        RunRecord record = TestRecords.of(data, options);
        return new Pruner(model, data, KL, record, RunDirectory.create(out), new Pruner.Pace(5, saveEvery, 1 << 20));
    }

    private static PruneOptions options(double learningRate) {
        return new PruneOptions(
                new PruneOptions.Training(STEPS, 4, 1.0, 10),
                PruneOptions.LearningRates.of(0.5, 0.5, 2).withEdgeLearningRate(learningRate),
                PruneOptions.Targets.rising(0.9, 0.9, 6).withNodeLoss(true),
                new PruneOptions.Graph(true),
                Ablation.INTERCHANGE,
                5);
    }

    private static List<Example> examples(int count, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        List<Example> examples = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int length = random.nextInt(5, 9);
            int[] clean = random.ints(length, 0, 23).toArray();
            int[] corrupted = random.ints(length, 0, 23).toArray();
            examples.add(
                    new Example(clean, corrupted, length - 2, length, new Answer.Tokens(new int[] {1, 2}, new int[0])));
        }
        return examples;
    }
}
