package org.edgeprune.prune;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.edgeprune.attribute.AttributionSetting;
import org.edgeprune.attribute.MatryoshkaAttribution;
import org.edgeprune.attribute.MatryoshkaSchedule;
import org.edgeprune.attribute.Objective;
import org.edgeprune.engine.FullModel;
import org.edgeprune.eval.AblationStates;
import org.edgeprune.eval.Evaluator;
import org.edgeprune.eval.PromptCache;
import org.edgeprune.fixture.Fixtures;
import org.edgeprune.graph.Ablation;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.mask.HardConcrete;
import org.edgeprune.mask.MaskLayout;
import org.edgeprune.mask.MaskParameters;
import org.edgeprune.mask.MaskParameters.Multiplier;
import org.edgeprune.mask.MaskValues;
import org.edgeprune.mask.NeuronParameters;
import org.edgeprune.mask.Noise;
import org.edgeprune.model.Execution;
import org.edgeprune.model.Models;
import org.edgeprune.model.TokenBatch;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.task.Answer;
import org.edgeprune.task.Example;
import org.edgeprune.task.Scorer;
import org.edgeprune.torch.DType;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.ObservedReads;
import org.edgeprune.torch.Tensor;
import org.edgeprune.torch.TensorScope;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What runs on a GPU runs on a device whose tensors have no elements, but for operators that libtorch composes in
 * Python there: no tensor is on the wrong device, and the host reads what is listed here and nothing else. A run on the
 * CPU comes first, and the host is given what it read there.
 */
class MetaDeviceTest {
    private static final Scorer UNSCORED = (example, logits, full) -> Map.of();
    private static final int STEPS = 3;

    /** Which nodes are live; and the losses, norms and multipliers of the update. */
    private static final int READS_OF_A_STEP = 2;

    /**
     * A way to run.
     *
     * @param reads on the host in each step
     */
    record Way(
            String name,
            String model,
            UnaryOperator<Execution> execution,
            UnaryOperator<PruneOptions> options,
            Ablation ablation,
            boolean cached,
            int reads) {
        static Way of(String name, String model, UnaryOperator<Execution> execution) {
            return new Way(
                    name, model, execution, UnaryOperator.identity(), Ablation.INTERCHANGE, true, READS_OF_A_STEP);
        }

        Way with(UnaryOperator<PruneOptions> changed) {
            return new Way(name, model, execution, changed, ablation, cached, reads);
        }

        Way uncached(Ablation other) {
            return new Way(name, model, execution, options, other, false, reads);
        }

        /** Sums over micro-batches are made on the host: each is read, with its loss, and finds its own live nodes. */
        Way inMicroBatches(int count) {
            return new Way(name, model, execution, options, ablation, cached, 2 * count + 1);
        }

        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Way> ways() {
        return Stream.of(
                Way.of("GPT-2", "gpt2", e -> e.withMicroBatch(0)),
                Way.of("Llama, whose heads share keys and values", "llama", e -> e.withMicroBatch(0)),
                Way.of("in bf16", "llama", e -> e.withMicroBatch(0).withDtype(DType.BF16)),
                Way.of("recomputed", "gpt2", e -> e.withMicroBatch(0).recomputing()),
                Way.of("offloaded", "llama", e -> e.withMicroBatch(0).offloading()),
                Way.of("with the full model's run in every step", "gpt2", e -> e.withMicroBatch(0))
                        .uncached(Ablation.INTERCHANGE),
                Way.of("zero ablation", "gpt2", e -> e.withMicroBatch(0)).uncached(Ablation.ZERO),
                Way.of("sparser nodes relaxed", "gpt2", e -> e.withMicroBatch(0))
                        .with(o -> o.with(o.targets().withNodeLoss(true).withRelaxSparserNodes(true))),
                Way.of("neuron masks", "gpt2", e -> e.withMicroBatch(0))
                        .with(o -> o.with(o.controls().withLevel(MaskLevel.EDGES_NODES_AND_NEURONS))),
                Way.of("two micro-batches", "gpt2", e -> e.withMicroBatch(24)).inMicroBatches(2));
    }

    @ParameterizedTest
    @MethodSource("ways")
    void aStepReadsOnceForItsStructureAndOnceForItsMetrics(Way way) {
        try (ObservedReads onCpu = train(way, Device.CPU, ObservedReads::recording)) {
            train(way, Device.META, onCpu::replayed).close();
        }
    }

    private static ObservedReads train(Way way, Device device, Supplier<ObservedReads> observed) {
        PruneOptions options = way.options().apply(PruneOptions.gpt2());
        try (TransformerModel model = open(way.model(), way.execution().apply(Execution.on(device)));
                MaskParameters masks = masks(model, options);
                MaskTrainer trainer = new MaskTrainer(model, masks, options);
                PromptCache cache = new PromptCache(
                        model,
                        examples(model.sizes().vocabulary()),
                        UNSCORED,
                        way.ablation().equals(Ablation.ZERO) ? AblationStates.ZERO : AblationStates.INTERCHANGE,
                        way.cached() ? Long.MAX_VALUE : 0);
                ObservedReads reads = observed.get()) {
            for (int step = 0; step < STEPS; step++) {
                int before = reads.count();
                trainer.step(step, cache.batches(new int[] {0, 1, 2, 3, 4, 5}));
                assertEquals(way.reads(), reads.count() - before, "reads of step " + step);
            }
            assertEquals(STEPS, trainer.optimizer().steps(), "updates that were made");
            for (Tensor tensor : Stream.of(
                            List.of(masks.edges(), masks.nodes(), masks.multiplier(Multiplier.EDGES_1)),
                            trainer.optimizer().firstMoments(),
                            trainer.optimizer().secondMoments())
                    .flatMap(List::stream)
                    .toList()) {
                assertEquals(device, tensor.device());
            }
            return reads;
        }
    }

    /** Which nodes are live, and the loss: the soft top k, its gradient and the update are made on the device. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aStepOfMatryoshkaAttributionReadsAsOften(boolean annealed) {
        try (ObservedReads onCpu = attribute(annealed, Device.CPU, ObservedReads::recording)) {
            attribute(annealed, Device.META, onCpu::replayed).close();
        }
    }

    private static ObservedReads attribute(boolean annealed, Device device, Supplier<ObservedReads> observed) {
        try (TransformerModel model = open("gpt2", Execution.on(device).withMicroBatch(0))) {
            AttributionSetting setting = new AttributionSetting(
                    model,
                    new ComputationGraph(model.graphShape()),
                    UNSCORED,
                    Objective.KL,
                    AblationStates.INTERCHANGE,
                    6);
            MatryoshkaAttribution.Options options = new MatryoshkaAttribution.Options(
                    STEPS, 0.05, 0.5, 1, annealed ? MatryoshkaSchedule.ANNEALED : MatryoshkaSchedule.PUBLISHED);
            try (MatryoshkaAttribution training = new MatryoshkaAttribution(
                            setting, options, examples(model.sizes().vocabulary()), Long.MAX_VALUE);
                    ObservedReads reads = observed.get()) {
                List<Integer> counts = new ArrayList<>();
                training.train((step, k, loss, now) -> counts.add(reads.count()));
                assertEquals(
                        IntStream.rangeClosed(1, STEPS)
                                .mapToObj(step -> READS_OF_A_STEP * step)
                                .toList(),
                        counts);
                return reads;
            }
        }
    }

    /** Structure, logits of the full model, logits of the circuit. */
    @ParameterizedTest
    @ValueSource(strings = {"gpt2", "llama"})
    void evaluationReadsStructureAndLogits(String name) {
        try (ObservedReads onCpu = evaluate(name, Device.CPU, ObservedReads::recording)) {
            evaluate(name, Device.META, onCpu::replayed).close();
        }
    }

    private static ObservedReads evaluate(String name, Device device, Supplier<ObservedReads> observed) {
        try (TransformerModel model = open(name, Execution.on(device).withMicroBatch(0));
                ObservedReads reads = observed.get()) {
            ComputationGraph graph = new ComputationGraph(model.graphShape());
            SplittableRandom random = new SplittableRandom(3);
            float[] edges = new float[graph.edgeCount()];
            for (int i = 0; i < edges.length; i++) {
                edges[i] = random.nextInt(2);
            }
            MaskValues masks =
                    new MaskValues(graph, edges, MaskValues.full(graph).nodes());
            new Evaluator(model, UNSCORED, AblationStates.INTERCHANGE, 8)
                    .evaluate(examples(model.sizes().vocabulary()), masks);
            assertEquals(3, reads.count());
            return reads;
        }
    }

    /** The model after its first run, before which its weights are checked on the host. */
    private static TransformerModel open(String name, Execution execution) {
        TransformerModel model = Models.open(Fixtures.edgePruning().resolve(name), execution.withWorkers(1));
        try (TensorScope _ = TensorScope.open()) {
            FullModel.logits(model, TokenBatch.of(List.of(new int[] {1, 2, 3}), model.device()));
        }
        return model;
    }

    /** Some masks are 0, some 1 and some in between, so that some heads of a layer are live and others are not. */
    private static MaskParameters masks(TransformerModel model, PruneOptions options) {
        ComputationGraph graph = new ComputationGraph(model.graphShape());
        SplittableRandom random = new SplittableRandom(4);
        float[] edges = new float[graph.edgeCount()];
        float[] nodes = new float[graph.nodeCount()];
        for (int i = 0; i < edges.length; i++) {
            edges[i] = random.nextInt(3) * 4 - 6;
        }
        for (int i = 0; i < nodes.length; i++) {
            nodes[i] = i % 3 == 2 ? -9 : 3;
        }
        MaskParameters masks = new MaskParameters(
                MaskLayout.edges(graph), HardConcrete.DEFAULT, edges, nodes, new float[4], model.device());
        Optional<Integer> inner = options.controls().level().neurons()
                ? Optional.of(Math.toIntExact(model.sizes().inner()))
                : Optional.empty();
        return inner.map(neurons -> masks.withNeurons(
                        NeuronParameters.initial(graph.shape().layers(), neurons, 0, new Noise(5), model.device())))
                .orElse(masks);
    }

    /** Two lengths; clean and corrupted prompts share their first four tokens. */
    private static List<Example> examples(int vocabulary) {
        SplittableRandom random = new SplittableRandom(1);
        return IntStream.range(0, 6)
                .mapToObj(i -> {
                    int length = 7 + i % 2;
                    int[] clean = random.ints(length, 0, vocabulary).toArray();
                    int[] corrupted = random.ints(length, 0, vocabulary).toArray();
                    System.arraycopy(clean, 0, corrupted, 0, 4);
                    return new Example(
                            clean, corrupted, length - 1, length, new Answer.Tokens(new int[] {0}, new int[] {1}));
                })
                .toList();
    }
}
