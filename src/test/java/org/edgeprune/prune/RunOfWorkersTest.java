package org.edgeprune.prune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.edgeprune.engine.Ranks;
import org.edgeprune.eval.AblationStates;
import org.edgeprune.eval.Evaluator;
import org.edgeprune.fixture.ThreadRanks;
import org.edgeprune.graph.Ablation;
import org.edgeprune.graph.Circuit;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.io.InputException;
import org.edgeprune.mask.MaskValues;
import org.edgeprune.model.ConfigTemplate;
import org.edgeprune.model.Execution;
import org.edgeprune.model.Models;
import org.edgeprune.model.Placement;
import org.edgeprune.model.RandomCheckpoint;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.task.Answer;
import org.edgeprune.task.Dataset;
import org.edgeprune.task.Example;
import org.edgeprune.task.Metrics;
import org.edgeprune.task.Scorer;
import org.edgeprune.torch.DType;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.TensorScope;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Whole runs: how many workers or copies of the model there are changes not one bit of what they write. */
class RunOfWorkersTest {
    private static final int STEPS = 8;
    private static final int MICRO_BATCH = 10;
    private static final int VOCABULARY = 23;
    private static final int LONGEST = 11;
    private static final Execution CUT = Execution.on(Device.CPU).withMicroBatch(MICRO_BATCH);
    private static final Scorer KL = (example, logits, full) -> Map.of("kl", Metrics.kl(full, logits));
    private static final Pruner.Listener SILENT = new Pruner.Listener() {};

    @TempDir
    private Path dir;

    @BeforeEach
    void writeModel() throws Exception {
        Path config = Files.writeString(dir.resolve("config.json"), """
                {"model_type": "gpt2", "n_layer": 2, "n_head": 2, "n_embd": 16, "n_inner": 32, "vocab_size": 23,
                 "n_positions": 12, "n_ctx": 12, "tie_word_embeddings": true}""");
        new RandomCheckpoint(ConfigTemplate.of(config.toString()), DType.BF16, 3)
                .write(dir.resolve("model"), Long.MAX_VALUE, List.of(), bytes -> {});
    }

    /** Cached runs and those that fill nothing, each kept, recomputed and offloaded, under every number of workers. */
    @ParameterizedTest
    @CsvSource({"kept, 1048576", "kept, 0", "recompute, 0", "offload, 1048576", "offload, 0"})
    void everyNumberOfWorkersWritesTheSameBits(String how, long cacheBytes) throws Exception {
        Execution execution =
                switch (how) {
                    case "recompute" -> CUT.recomputing();
                    case "offload" -> CUT.offloading();
                    default -> CUT;
                };
        long before = TensorScope.liveTensors();
        Map<String, String> expected = run(execution.withWorkers(1), cacheBytes, "1");
        for (int workers : new int[] {2, 3, 5}) {
            assertEquals(expected, run(execution.withWorkers(workers), cacheBytes, "" + workers), workers + " workers");
        }
        assertEquals(before, TensorScope.liveTensors(), "every tensor is freed");
    }

    /** Copies of the weights, as on several GPUs, also with layers on several devices, and on ranks. */
    @ParameterizedTest
    @CsvSource({"kept, 1048576", "kept, 0", "map, 0", "offload, 1048576"})
    void everyNumberOfCopiesWritesTheSameBits(String how, long cacheBytes) throws Exception {
        Execution execution = how.equals("offload") ? CUT.offloading() : CUT;
        long before = TensorScope.liveTensors();
        Map<String, String> expected = run(execution.withWorkers(1), cacheBytes, "1");
        for (int copies : new int[] {2, 3}) {
            Execution on = how.equals("map")
                    ? execution.withCopies(Placement.parse(
                            String.join(",", Collections.nCopies(copies, "cpu")),
                            Optional.of(String.join("/", Collections.nCopies(copies, "cpu,cpu")))))
                    : onCopies(execution, copies);
            assertEquals(expected, run(on, cacheBytes, "" + copies), copies + " copies");
        }
        assertEquals(expected, onRanks(2, onCopies(execution, 2), cacheBytes, "ranks", SILENT));
        assertEquals(before, TensorScope.liveTensors(), "every tensor is freed");
    }

    private static Execution onCopies(Execution execution, int copies) {
        return execution.withCopies(Collections.nCopies(copies, Placement.on(Device.CPU)));
    }

    /**
     * The same of runs with masks of neurons, and with masks at each position, and of such a run that is interrupted
     * and continued.
     */
    @ParameterizedTest
    @CsvSource({"INTERCHANGE, false", "MEAN, false", "INTERCHANGE, true"})
    void masksOfNeuronsAndPositionsDoNotDependOnWorkersEither(String ablation, boolean positions) throws Exception {
        PruneOptions options = options(5)
                .with(ablation.equals("MEAN") ? Ablation.MEAN : Ablation.INTERCHANGE)
                .with(PruneControls.PUBLISHED
                        .withLevel(MaskLevel.EDGES_NODES_AND_NEURONS)
                        .withNeuronSparsity(0.6)
                        .withPositions(positions)
                        .withEarlyExit(7));
        long before = TensorScope.liveTensors();
        onRank(Ranks.alone(), false, CUT.withWorkers(1), 1 << 20, "one", SILENT, options);
        Map<String, String> expected = contents(dir.resolve("one"));
        assertTrue(expected.containsKey("neurons.json"), expected::toString);
        assertEquals(positions, expected.containsKey("positions.json"));
        assertEquals(!positions, expected.containsKey("edges.json"));
        assertThrows(
                Interrupted.class,
                () -> onRank(
                        Ranks.alone(),
                        false,
                        CUT.withWorkers(3),
                        1 << 20,
                        "parts",
                        new Pruner.Listener() {
                            @Override
                            public void stepped(StepMetrics metrics) {
                                if (metrics.step() == 5) {
                                    throw new Interrupted();
                                }
                            }
                        },
                        options));
        onRank(Ranks.alone(), true, CUT.withWorkers(2).recomputing(), 1 << 20, "parts", SILENT, options);
        assertEquals(expected, contents(dir.resolve("parts")));
        onRank(Ranks.alone(), false, CUT.withWorkers(2).recomputing(), 1 << 20, "recomputed", SILENT, options);
        assertEquals(expected, contents(dir.resolve("recomputed")));
        ThreadRanks.run(3, ranks -> onRank(ranks, false, CUT.withWorkers(2), 1 << 20, "ranks", SILENT, options));
        assertEquals(expected, contents(dir.resolve("ranks")));
        onRank(Ranks.alone(), false, onCopies(CUT, 3), 1 << 20, "copies", SILENT, options);
        assertEquals(expected, contents(dir.resolve("copies")));
        assertEquals(before, TensorScope.liveTensors(), "every tensor is freed");
    }

    /** Ranks that are threads; MpiRunTest has those of MPI. */
    @ParameterizedTest
    @CsvSource({"2, 1, 1048576", "3, 2, 1048576", "5, 1, 0"})
    void everyNumberOfRanksWritesTheSameBits(int size, int workers, long cacheBytes) throws Exception {
        long before = TensorScope.liveTensors();
        Map<String, String> expected = run(CUT.withWorkers(1), cacheBytes, "1");
        assertEquals(expected, onRanks(size, CUT.withWorkers(workers), cacheBytes, "ranks", SILENT));
        assertEquals(before, TensorScope.liveTensors(), "every tensor is freed");
    }

    @ParameterizedTest
    @CsvSource({"3, 1", "1, 2", "2, 3"})
    void aRunIsResumedByAnotherNumberOfRanks(int first, int second) throws Exception {
        Map<String, String> expected = run(CUT.withWorkers(1), 1 << 20, "whole");
        Pruner.Listener interrupting = new Pruner.Listener() {
            @Override
            public void stepped(StepMetrics metrics) {
                if (metrics.step() == 5) {
                    throw new Interrupted();
                }
            }
        };
        assertThrows(Interrupted.class, () -> onRanks(first, CUT.withWorkers(1), 1 << 20, "parts", interrupting));
        assertEquals(expected, onRanks(second, CUT.withWorkers(1), 1 << 20, "parts", SILENT));
    }

    @Test
    void ranksWhoseMasksDifferAreStopped() {
        InputException e = assertThrows(
                InputException.class,
                () -> ThreadRanks.run(
                        2,
                        ranks -> onRank(ranks, false, CUT.withWorkers(1), 0, "seeds", SILENT, options(ranks.rank()))));
        assertTrue(e.getMessage().startsWith("rank 1 and rank 0 differ in the masks of step 0"), e.getMessage());
    }

    /** The cut matters in the last digits, or the runs above would be compared with themselves. */
    @Test
    void anotherCutIsAnotherSum() throws Exception {
        Map<String, String> cut = run(CUT, 0, "cut");
        Map<String, String> whole = run(CUT.withMicroBatch(0), 0, "whole");
        assertNotEquals(cut.get("metrics.jsonl"), whole.get("metrics.jsonl"));
    }

    @ParameterizedTest
    @CsvSource({"1, 3", "5, 2", "2, 1"})
    void aRunIsResumedByAnotherNumberOfWorkers(int first, int second) throws Exception {
        Map<String, String> expected = run(CUT.withWorkers(3), 1 << 20, "whole");
        assertThrows(
                Interrupted.class,
                () -> run(CUT.withWorkers(first), 1 << 20, "parts", new Pruner.Listener() {
                    @Override
                    public void stepped(StepMetrics metrics) {
                        if (metrics.step() == 5) {
                            throw new Interrupted();
                        }
                    }
                }));
        RunRecord record = new RunDirectory(dir.resolve("parts")).readRecord();
        assertEquals(MICRO_BATCH, record.microBatch());
        assertEquals(expected, run(record.execution().withWorkers(second), 1 << 20, "parts"));
    }

    @Test
    void aRunOnSeveralCopiesIsResumedOnOne() throws Exception {
        Map<String, String> expected = run(CUT.withWorkers(1), 1 << 20, "whole");
        assertThrows(
                Interrupted.class,
                () -> run(onCopies(CUT, 3), 1 << 20, "parts", new Pruner.Listener() {
                    @Override
                    public void stepped(StepMetrics metrics) {
                        if (metrics.step() == 5) {
                            throw new Interrupted();
                        }
                    }
                }));
        RunRecord record = new RunDirectory(dir.resolve("parts")).readRecord();
        assertEquals("cpu,cpu,cpu", record.device());
        assertEquals(3, record.execution().copies().size());
        Execution one = record.execution().withCopies(List.of(Placement.on(Device.CPU)));
        assertEquals(expected, run(one, 1 << 20, "parts"));
    }

    @Test
    void evaluationDoesNotDependOnWorkersOrCopies() {
        List<Example> examples = examples(40, 4);
        List<String> seen = new ArrayList<>();
        for (Execution execution : List.of(
                CUT.withWorkers(1), CUT.withWorkers(2), CUT.withWorkers(5), onCopies(CUT, 2), onCopies(CUT, 3))) {
            try (TransformerModel model = Models.open(dir.resolve("model"), execution)) {
                Evaluator evaluator = new Evaluator(model, KL, AblationStates.INTERCHANGE, 16);
                MaskValues masks = half(model);
                seen.add(evaluator.evaluate(examples, masks).metrics() + " "
                        + evaluator.evaluate(examples, masks).examples().stream()
                                .map(scored -> scored.metrics() + Arrays.toString(scored.predicted()))
                                .toList()
                        + evaluator.evaluateFullModel(examples).metrics());
            }
        }
        assertEquals(1, seen.stream().distinct().count(), seen::toString);
    }

    /**
     * What is wrong with one micro-batch ends the run as the one exception that it is, under all numbers of workers and
     * copies.
     */
    @ParameterizedTest
    @CsvSource({"1, 1", "2, 1", "5, 1", "3, 3"})
    void aFailureInAMicroBatchIsTheRuns(int workers, int copies) {
        InputException failure = new InputException("bad");
        Scorer failing = (example, logits, full) -> {
            throw failure;
        };
        try (TransformerModel model =
                Models.open(dir.resolve("model"), onCopies(CUT, copies).withWorkers(workers))) {
            Evaluator evaluator = new Evaluator(model, failing, AblationStates.INTERCHANGE, 16);
            long before = TensorScope.liveTensors();
            InputException thrown =
                    assertThrows(InputException.class, () -> evaluator.evaluate(examples(40, 4), half(model)));
            assertSame(failure, thrown);
            assertEquals(before, TensorScope.liveTensors(), "every tensor is freed");
        }
    }

    private static MaskValues half(TransformerModel model) {
        return MaskValues.of(Circuit.full(new ComputationGraph(model.graphShape()))
                .filter(edge -> (edge.writer().index() + edge.reader().layer()) % 2 == 0));
    }

    /** Stands for a crash between two checkpoints. */
    private static final class Interrupted extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }

    private Map<String, String> run(Execution execution, long cacheBytes, String name) throws Exception {
        return run(execution, cacheBytes, name, SILENT);
    }

    /** Runs, or continues, and gives the contents of the files whose bits are promised. */
    private Map<String, String> run(Execution execution, long cacheBytes, String name, Pruner.Listener listener)
            throws Exception {
        onRank(Ranks.alone(), Files.exists(dir.resolve(name)), execution, cacheBytes, name, listener, options(5));
        return contents(dir.resolve(name));
    }

    private Map<String, String> onRanks(
            int size, Execution execution, long cacheBytes, String name, Pruner.Listener listener) throws Exception {
        boolean resume = Files.exists(dir.resolve(name));
        ThreadRanks.run(size, ranks -> onRank(ranks, resume, execution, cacheBytes, name, listener, options(5)));
        return contents(dir.resolve(name));
    }

    private PruneResult onRank(
            Ranks ranks,
            boolean resume,
            Execution execution,
            long cacheBytes,
            String name,
            Pruner.Listener listener,
            PruneOptions options) {
        int shortest = options.controls().positions() ? LONGEST : 6;
        Dataset data = new Dataset(examples(10, 1, shortest), examples(9, 2, shortest), examples(7, 3, shortest));
        try (TransformerModel model = Models.open(dir.resolve("model"), execution);
                RankedDirectory directory = RankedDirectory.of(dir.resolve(name), ranks)) {
            RunRecord record = TestRecords.of(data, options, model, cacheBytes);
            return new Pruner(
                            model,
                            data,
                            KL,
                            record,
                            new RunDirectory(directory.lock().folder()),
                            new Pruner.Pace(3, 4, cacheBytes),
                            Pruner.Sources.NONE,
                            ranks)
                    .run(resume, listener);
        }
    }

    private static Map<String, String> contents(Path out) throws IOException {
        Map<String, String> contents = new TreeMap<>();
        try (Stream<Path> files = Files.walk(out)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                String relative = out.relativize(file).toString();
                if (relative.endsWith(".safetensors")) {
                    contents.put(relative, HexFormat.of().formatHex(Files.readAllBytes(file)));
                } else if (!relative.equals("run.json")) {
                    // what a run of several ranks says beside
                    contents.put(
                            relative,
                            Files.readString(file)
                                    .replaceAll("\"(ranks|gathered_bytes|gather_seconds)\":[^,]*,", "")
                                    .replaceAll("\"seconds\"\\s*:[^,}]*", ""));
                }
            }
        }
        assertTrue(contents.containsKey("masks.safetensors"), contents::toString);
        return contents;
    }

    private static PruneOptions options(int seed) {
        return new PruneOptions(
                new PruneOptions.Training(STEPS, 8, 1.0, 2),
                PruneOptions.LearningRates.of(0.5, 0.5, 2),
                PruneOptions.Targets.rising(0.8, 0.8, 6).withNodeLoss(true),
                new PruneOptions.Graph(true),
                Ablation.INTERCHANGE,
                seed);
    }

    /** Prompts of different lengths, some of which agree with their corrupted ones at the beginning. */
    private static List<Example> examples(int count, long seed) {
        return examples(count, seed, 6);
    }

    private static List<Example> examples(int count, long seed, int shortest) {
        SplittableRandom random = new SplittableRandom(seed);
        List<Example> examples = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int length = random.nextInt(shortest, LONGEST + 1);
            int[] clean = random.ints(length, 0, VOCABULARY).toArray();
            int[] corrupted = clean.clone();
            for (int t = i % 3 == 0 ? 4 : 0; t < length; t++) {
                corrupted[t] = random.nextInt(VOCABULARY);
            }
            examples.add(
                    new Example(clean, corrupted, length - 2, length, new Answer.Tokens(new int[] {1, 2}, new int[0])));
        }
        return examples;
    }
}
