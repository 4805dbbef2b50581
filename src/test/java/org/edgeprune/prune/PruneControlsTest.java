package org.edgeprune.prune;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntFunction;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.edgeprune.engine.Workers;
import org.edgeprune.graph.Ablation;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.io.InputException;
import org.edgeprune.mask.HardConcrete;
import org.edgeprune.mask.MaskLayout;
import org.edgeprune.mask.MaskParameters;
import org.edgeprune.model.Execution;
import org.edgeprune.model.RandomWeights;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.model.architecture.Gpt2;
import org.edgeprune.model.architecture.Gpt2Config;
import org.edgeprune.safetensors.KeptState;
import org.edgeprune.task.Answer;
import org.edgeprune.task.Dataset;
import org.edgeprune.task.Example;
import org.edgeprune.task.HeldOut;
import org.edgeprune.task.Metrics;
import org.edgeprune.task.Scorer;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.Tensor;
import org.edgeprune.torch.TensorScope;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a run may do beyond the published algorithm, on a tiny random GPT-2. */
class PruneControlsTest {
    private static final int STEPS = 24;
    private static final int BATCH = 4;
    private static final Gpt2Config TINY = Gpt2Config.ofSize(2, 4, 16, 32, 23, 12);
    private static final Scorer KL = (example, logits, full) -> Map.of("kl", Metrics.kl(full, logits));
    private static final Pruner.Listener SILENT = new Pruner.Listener() {};

    @TempDir
    private Path dir;

    private TransformerModel model;

    @BeforeEach
    void openModel() {
        model = TransformerModel.of(Gpt2.decoder(TINY), new RandomWeights(7), Execution.on(Device.CPU));
    }

    @AfterEach
    void closeModel() {
        model.close();
    }

    /** Multipliers that hardly grow: without a hold the masks stay where they begin. */
    @Test
    void aHeldTargetIsReachedWithWeakMultipliers() throws IOException {
        PruneOptions weak = options(c -> c);
        weak = weak.with(weak.learningRates().withEdgeMultiplierLearningRate(1e-6));
        PruneResult free =
                pruner(dir.resolve("free"), weak, Pruner.Sources.NONE).run(false, SILENT);
        PruneOptions held = weak.with(weak.controls().withHoldTarget(true));
        PruneResult result =
                pruner(dir.resolve("held"), held, Pruner.Sources.NONE).run(false, SILENT);

        assertTrue(
                free.binary().edgeSparsity() < 0.5, "without: " + free.binary().edgeSparsity());
        assertEquals(0.8, 1 - (double) result.circuit().size() / edges(), 0.01);
        assertEquals(result.circuit(), saved(dir.resolve("held")).circuit());
        for (JsonNode line : steps(dir.resolve("held"))) {
            double behind = line.get("edge_target").asDouble()
                    - line.get("edge_sparsity").asDouble();
            assertTrue(behind < 0.0501, line.toString());
        }
    }

    @Test
    void aStableCircuitEndsTheRunAndStaysItsEnd() throws IOException {
        PruneOptions still = options(c -> c.withEarlyExit(3));
        still = still.with(still.learningRates().withEdgeLearningRate(0).withNodeLearningRate(0))
                .with(new PruneOptions.Training(40, BATCH, 1.0, 2));
        PruneResult result = pruner(dir, still, Pruner.Sources.NONE).run(false, SILENT);
        // the target rises for 12 steps; looks after 16 and 24 steps, the second of which finds the circuit of the
        // first
        assertEquals(24, result.steps());
        assertEquals(24, result.metrics().get("steps"));
        assertEquals(24, steps(dir).size());
        assertEquals(
                24, pruner(dir, still, Pruner.Sources.NONE).run(true, SILENT).steps(), "a resumed run makes no more");
    }

    @Test
    void aCircuitIsStableUpToAHundredthOfItsEdges() {
        BitSet all = new BitSet();
        all.set(0, 200);
        StableCircuit stable = new StableCircuit(5, all);
        assertEquals(stable, stable.then(8, all));
        BitSet close = (BitSet) all.clone();
        close.clear(7);
        assertEquals(5, stable.then(8, close).since());
        BitSet other = (BitSet) all.clone();
        other.clear(7, 12);
        assertEquals(new StableCircuit(8, other), stable.then(8, other));
    }

    @Test
    void everyEpochTrainsOnItsOwnPromptsAlsoAfterAnInterruption() throws IOException {
        List<Integer> epochs = new ArrayList<>();
        Pruner.Sources fresh = new Pruner.Sources(
                Optional.empty(),
                Optional.of(number -> {
                    epochs.add(number);
                    return examples(10, 100 + number);
                }),
                Map.of());
        PruneOptions options = options(c -> c.withFreshData(true));
        Path whole = dir.resolve("whole");
        Path parts = dir.resolve("parts");
        pruner(whole, options, fresh).run(false, SILENT);
        // two batches of 4 of 10 examples an epoch
        assertEquals(IntStream.range(1, 12).boxed().toList(), epochs);

        assertThrows(Interrupted.class, () -> pruner(parts, options, fresh).run(false, interruptedAfter(14)));
        pruner(parts, options, fresh).run(true, SILENT);
        assertArrayEquals(
                Files.readAllBytes(whole.resolve("masks.safetensors")),
                Files.readAllBytes(parts.resolve("masks.safetensors")));

        Path same = dir.resolve("same");
        pruner(same, options(c -> c), Pruner.Sources.NONE).run(false, SILENT);
        assertNotEquals(losses(whole), losses(same));
    }

    /** Generators that discard draws give epochs of several sizes. */
    @Test
    void epochsOfOtherSizesHaveAsManySteps() {
        List<Integer> epochs = new ArrayList<>();
        IntFunction<Pruner.Sources> largest = size -> new Pruner.Sources(
                Optional.empty(),
                Optional.of(number -> {
                    epochs.add(number);
                    return examples(number % 2 == 0 ? 9 : size, 100 + number);
                }),
                Map.of());
        PruneOptions options = options(c -> c.withFreshData(true));
        pruner(dir.resolve("longer"), options, largest.apply(14)).run(false, SILENT);
        assertEquals(IntStream.range(1, 12).boxed().toList(), epochs);

        Pruner shorter = pruner(dir.resolve("shorter"), options, largest.apply(7));
        String message = assertThrows(InputException.class, () -> shorter.run(false, SILENT))
                .getMessage();
        assertTrue(message.startsWith("epoch 1: only 7 fresh prompts could be generated, and its 2 steps train on 8"));
    }

    @Test
    void aWarmStartBeginsAtItsSparsityInItsOrder() throws IOException {
        int[] ranking = IntStream.range(0, edges()).map(i -> edges() - 1 - i).toArray();
        PruneOptions warm = warm(0.6);
        pruner(dir, warm, starting(ranking)).run(false, SILENT);
        double sampled = steps(dir).getFirst().get("edge_sparsity").asDouble();
        assertEquals(0.6, sampled, 0.05);
        float[] start = start(dir);
        for (int i = 1; i < start.length; i++) {
            assertTrue(start[i - 1] <= start[i], "edge " + i);
        }
        assertTrue(start[start.length - 1] - start[0] > 6, "they are spread");
    }

    @Test
    void anInterruptedWarmStartNeedsItsScoresNoMore() throws IOException {
        int[] ranking = IntStream.range(0, edges()).toArray();
        Path whole = dir.resolve("whole");
        Path parts = dir.resolve("parts");
        pruner(whole, warm(0.5), starting(ranking)).run(false, SILENT);
        // killed before its first checkpoint
        assertThrows(Interrupted.class, () -> pruner(parts, warm(0.5), starting(ranking))
                .run(false, interruptedAfter(2)));
        pruner(parts, warm(0.5), Pruner.Sources.NONE).run(true, SILENT);
        assertArrayEquals(
                Files.readAllBytes(whole.resolve("masks.safetensors")),
                Files.readAllBytes(parts.resolve("masks.safetensors")));

        Path lost = dir.resolve("lost");
        InputException e = assertThrows(InputException.class, () -> pruner(lost, warm(0.5), Pruner.Sources.NONE)
                .run(false, SILENT));
        assertTrue(
                e.getMessage().contains("start.safetensors is not there")
                        && e.getMessage().contains("--warm-start"),
                e.getMessage());
    }

    /** What a start keeps is there for the run that goes on, not for one that begins, and is removed with its use. */
    @Test
    void aStartThatIsInterruptedGoesOn() {
        AtomicInteger kept = new AtomicInteger();
        WarmStart start = new TestStart() {
            private KeptState state;

            @Override
            public WarmStart keeping(KeptState its) {
                state = its;
                return this;
            }

            @Override
            public int[] ranking(ComputationGraph graph, List<Example> train, Workers workers) {
                assertTrue(state.isDue(6) && !state.isDue(7), "as often as checkpoints");
                int before = state.read(file -> Integer.parseInt(file.metadata().get("count")))
                        .orElse(0);
                kept.set(before + 1);
                try (TensorScope _ = TensorScope.open()) {
                    state.write(Map.of("x", Tensor.ones(1)), Map.of("count", Integer.toString(before + 1)));
                }
                if (before < 2) {
                    throw new Interrupted();
                }
                return IntStream.range(0, graph.edgeCount()).toArray();
            }
        };
        Pruner.Sources sources = new Pruner.Sources(Optional.of(start), Optional.empty(), Map.of());
        for (boolean resume : new boolean[] {true, false, true}) {
            assertThrows(
                    Interrupted.class, () -> pruner(dir, warm(0.6), sources).run(resume, SILENT));
            assertTrue(Files.exists(new RunDirectory(dir).rankingFile()));
        }
        assertEquals(2, kept.get(), "the second run began anew");
        pruner(dir, warm(0.6), sources).run(true, SILENT);
        assertEquals(3, kept.get());
        assertFalse(Files.exists(new RunDirectory(dir).rankingFile()));
    }

    @Test
    void withoutNodeMasksNoNodeIsCut() {
        PruneOptions options = options(c -> c.withLevel(MaskLevel.EDGES).withHoldTarget(true));
        PruneResult result = pruner(dir, options, Pruner.Sources.NONE).run(false, SILENT);
        assertEquals(0, result.binary().nodeSparsity());
        assertEquals(
                1 - (double) result.circuit().size() / edges(), result.binary().edgeSparsity(), 1e-9);
        assertEquals(0.8, result.binary().edgeSparsity(), 0.01);
    }

    @Test
    void withoutNodeMasksNoNodeTargetIsPursued() throws IOException {
        pruner(dir, options(c -> c.withLevel(MaskLevel.EDGES)), Pruner.Sources.NONE)
                .run(false, SILENT);
        JsonNode first = steps(dir).getFirst();
        JsonNode last = steps(dir).getLast();
        assertEquals(0, last.get("node_loss").asDouble());
        assertNotEquals(first.at("/multipliers/0"), last.at("/multipliers/0"));
        assertEquals(first.at("/multipliers/2"), last.at("/multipliers/2"));
        assertEquals(first.at("/multipliers/3"), last.at("/multipliers/3"));
    }

    /** The edge target rises, too, and is not looked at. */
    @Test
    void withMasksOfNodesAloneACircuitHasAllEdgesOfItsNodes() {
        PruneOptions options = options(c -> c.withLevel(MaskLevel.NODES));
        PruneOptions nodes = options.with(options.targets()
                .withNodeLoss(true)
                .withNodeSparsity(new org.edgeprune.mask.SparsitySchedule(
                        org.edgeprune.mask.SparsitySchedule.Warmup.LINEAR, 0, 0.5, 8)));
        PruneResult result = pruner(dir, nodes, Pruner.Sources.NONE).run(false, SILENT);
        assertEquals(0, result.binary().edgeSparsity());
        assertTrue(result.binary().nodeSparsity() > 0.2, "" + result.binary().nodeSparsity());
        result.circuit()
                .graph()
                .writers()
                .forEach(writer -> assertEquals(
                        result.binary().nodes()[writer.index()] == 1,
                        result.circuit().edges().stream()
                                .anyMatch(edge -> edge.writer().equals(writer)),
                        writer.name()));
        assertEquals(
                Math.round(
                        (1 - result.binary().nodeSparsity()) * result.binary().nodes().length),
                ((Number) result.metrics().get("num_nodes")).longValue());
        assertEquals(result.binary().nodeSparsity(), saved(dir).binary().nodeSparsity());
    }

    /** The targets of edges and nodes rise, too, and are not looked at. */
    @Test
    void withMasksOfNeuronsAloneEdgesAndNodesAreAllKept() throws IOException {
        PruneOptions options = options(c -> c.withLevel(MaskLevel.NEURONS).withNeuronSparsity(0.75));
        PruneResult result = pruner(dir, options, Pruner.Sources.NONE).run(false, SILENT);
        assertEquals(edges(), result.circuit().size());
        assertEquals(0, result.binary().nodeSparsity());
        assertTrue(result.binary().neuronSparsity() > 0.1, "" + result.binary().neuronSparsity());
        assertEquals(2 * 32, result.metrics().get("total_neurons"));
        assertEquals(result.binary().neuronCount(), result.metrics().get("num_neurons"));
        assertEquals(result.binary().neuronSparsity(), result.metrics().get("neuron_sparsity"));
        JsonNode last = steps(dir).getLast();
        assertEquals(0.75, last.get("neuron_target").asDouble());
        assertTrue(
                last.get("neuron_sparsity").asDouble()
                        > steps(dir).getFirst().get("neuron_sparsity").asDouble() + 0.1,
                last.toString());
        assertEquals(0, last.get("edge_loss").asDouble());
        assertEquals(0, last.get("node_loss").asDouble());

        SavedMasks saved = saved(dir);
        assertArrayEquals(result.soft().neurons(), saved.soft().neurons());
        assertArrayEquals(result.binary().neurons(), saved.binary().neurons());
        assertEquals(saved.thresholds().neurons(), result.metrics().get("neuron_threshold"));
        // as sparse as the soft masks to the nearest neuron
        assertEquals(
                saved.soft().neuronSparsity(),
                saved.binary().neuronSparsity(),
                1.0 / saved.binary().neurons().length);
        JsonNode kept =
                new ObjectMapper().readTree(new RunDirectory(dir).neuronsFile().toFile());
        for (int layer = 0; layer < 2; layer++) {
            List<Integer> listed = new ArrayList<>();
            kept.get("m" + layer).forEach(neuron -> listed.add(neuron.asInt()));
            assertEquals(
                    IntStream.of(result.binary().keptNeurons(layer)).boxed().toList(), listed);
        }
        Files.writeString(new RunDirectory(dir).neuronsFile(), "{}");
        assertTrue(assertThrows(InputException.class, () -> saved(dir))
                .getMessage()
                .contains("neurons.json: is not the file that metrics.json was measured on"));
    }

    /** Their constraint is met at the same time as those of edges and nodes. */
    @Test
    void neuronsHaveMasksBesideEdgesAndNodes() throws IOException {
        PruneOptions options =
                options(c -> c.withLevel(MaskLevel.EDGES_NODES_AND_NEURONS).withHoldTarget(true));
        PruneResult result = pruner(dir, options, Pruner.Sources.NONE).run(false, SILENT);
        assertEquals(0.8, result.circuit().edgeSparsity(), 0.03);
        assertTrue(result.binary().neuronSparsity() > 0.1, "" + result.binary().neuronSparsity());
        assertNotEquals(0, steps(dir).getLast().get("edge_loss").asDouble());
        assertNotEquals(0, steps(dir).getLast().get("node_loss").asDouble());
        assertNotEquals(0, steps(dir).getLast().get("neuron_loss").asDouble());
    }

    @Test
    void whatNeedsMasksOfEdgesIsRefusedWithoutThem() {
        for (UnaryOperator<PruneControls> other :
                List.<UnaryOperator<PruneControls>>of(c -> c.withHoldTarget(true), c -> c.withWarmStart("test"))) {
            PruneControls nodes = PruneControls.PUBLISHED.withLevel(MaskLevel.NODES);
            String message = assertThrows(IllegalArgumentException.class, () -> other.apply(nodes))
                    .getMessage();
            assertTrue(message.endsWith("is for masks of edges, and level nodes has none"), message);
        }
        assertEquals(MaskLevel.EDGES_AND_NODES, MaskLevel.named("Nodes,edges"));
        assertEquals(
                "no masks of 'layers': use edges,nodes or edges or nodes or neurons or edges,neurons or nodes,neurons or"
                        + " edges,nodes,neurons",
                assertThrows(InputException.class, () -> MaskLevel.named("layers"))
                        .getMessage());
        assertThrows(IllegalArgumentException.class, () -> PruneControls.PUBLISHED.withNeuronSparsity(1));
    }

    @Test
    void theCircuitIsEvaluatedOnEachKindOfHeldOutPrompts() throws IOException {
        Pruner.Sources sources = new Pruner.Sources(
                Optional.empty(),
                Optional.empty(),
                Map.of(HeldOut.NEW_WORDS, examples(3, 50), HeldOut.SAME_KIND, examples(5, 51)));
        PruneResult result = pruner(dir, options(c -> c), sources).run(false, SILENT);
        JsonNode heldOut = new ObjectMapper()
                .readTree(new RunDirectory(dir).metricsFile().toFile())
                .get("held_out");
        assertEquals(5, heldOut.at("/same_kind/examples").asInt());
        assertEquals(
                result.heldOut().get(HeldOut.NEW_WORDS).metrics().get("kl"),
                heldOut.at("/new_words/kl").asDouble());
        assertEquals(2, heldOut.size());
        assertNotEquals(
                heldOut.at("/new_words/kl").asDouble(),
                heldOut.at("/same_kind/kl").asDouble());
    }

    private SavedMasks saved(Path run) {
        return SavedMasks.open(run, model.sizes(), note -> {});
    }

    private int edges() {
        return new ComputationGraph(model.graphShape()).edgeCount();
    }

    private float[] start(Path run) {
        try (MaskParameters parameters = TrainingState.readParameters(
                new RunDirectory(run).startFile(),
                MaskLayout.edges(new ComputationGraph(model.graphShape())),
                HardConcrete.DEFAULT,
                Device.CPU)) {
            return parameters.edgeLogAlphas();
        }
    }

    private static PruneOptions warm(double sparsity) {
        PruneOptions options = options(c -> c.withWarmStart("test"));
        return options.with(options.targets()
                .withEdgeSparsity(new org.edgeprune.mask.SparsitySchedule(
                        org.edgeprune.mask.SparsitySchedule.Warmup.LINEAR, sparsity, 0.8, 12)));
    }

    /** A start that costs nothing. */
    private abstract static class TestStart implements WarmStart {
        @Override
        public String name() {
            return "test";
        }

        @Override
        public long passes(int examples) {
            return 0;
        }
    }

    private static Pruner.Sources starting(int[] ranking) {
        return new Pruner.Sources(
                Optional.of(new TestStart() {
                    @Override
                    public int[] ranking(ComputationGraph graph, List<Example> train, Workers workers) {
                        return ranking.clone();
                    }
                }),
                Optional.empty(),
                Map.of());
    }

    /** Stands for a crash between two checkpoints. */
    private static final class Interrupted extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }

    private static Pruner.Listener interruptedAfter(int step) {
        return new Pruner.Listener() {
            @Override
            public void stepped(StepMetrics metrics) {
                if (metrics.step() == step) {
                    throw new Interrupted();
                }
            }
        };
    }

    private static List<JsonNode> steps(Path run) throws IOException {
        List<JsonNode> steps = new ArrayList<>();
        for (String line : Files.readAllLines(new RunDirectory(run).stepsFile())) {
            JsonNode json = new ObjectMapper().readTree(line);
            if (json.has("edge_target")) {
                steps.add(json);
            }
        }
        return steps;
    }

    private static List<Double> losses(Path run) throws IOException {
        return steps(run).stream().map(line -> line.get("loss").asDouble()).toList();
    }

    private static PruneOptions options(UnaryOperator<PruneControls> controls) {
        return new PruneOptions(
                new PruneOptions.Training(STEPS, BATCH, 1.0, 2),
                PruneOptions.LearningRates.of(0.5, 0.5, 2),
                PruneOptions.Targets.rising(0.8, 0.5, 12).withNodeLoss(true),
                new PruneOptions.Graph(true),
                controls.apply(PruneControls.PUBLISHED),
                Ablation.INTERCHANGE,
                5);
    }

    private Pruner pruner(Path out, PruneOptions options, Pruner.Sources sources) {
        Dataset data = new Dataset(examples(10, 1), examples(4, 2), examples(4, 3));
        RunRecord record = TestRecords.of(data, options);
        return new Pruner(model, data, KL, record, RunDirectory.create(out), new Pruner.Pace(0, 6, 1 << 20), sources);
    }

    private static List<Example> examples(int count, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        List<Example> examples = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int length = random.nextInt(5, 9);
            int[] clean = random.ints(length, 0, 23).toArray();
            int[] corrupted =
                    Arrays.stream(clean).map(token -> (token + 7) % 23).toArray();
            examples.add(
                    new Example(clean, corrupted, length - 2, length, new Answer.Tokens(new int[] {1, 2}, new int[0])));
        }
        return examples;
    }
}
