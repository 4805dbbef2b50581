package org.edgeprune.attribute;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import org.edgeprune.engine.FullModel;
import org.edgeprune.eval.AblationStates;
import org.edgeprune.eval.Evaluation;
import org.edgeprune.eval.Evaluator;
import org.edgeprune.eval.PromptCache;
import org.edgeprune.eval.ReferencePrompts;
import org.edgeprune.eval.RepeatedEvaluator;
import org.edgeprune.graph.Ablation;
import org.edgeprune.graph.Circuit;
import org.edgeprune.mask.HardConcrete;
import org.edgeprune.mask.MaskLayout;
import org.edgeprune.mask.MaskParameters;
import org.edgeprune.mask.MaskValues;
import org.edgeprune.mask.NeuronParameters;
import org.edgeprune.mask.Noise;
import org.edgeprune.model.Execution;
import org.edgeprune.model.Placement;
import org.edgeprune.model.TokenBatch;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.prune.LoadedModel;
import org.edgeprune.prune.MaskLevel;
import org.edgeprune.prune.MaskTrainer;
import org.edgeprune.prune.PruneOptions;
import org.edgeprune.task.Example;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.ObservedReads;
import org.edgeprune.torch.TensorScope;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Two copies of a model on two devices, one of which has no elements: no tensor of one copy is used with one of the
 * other, and no more is read on the host than by two copies on the CPU, whose second copy's reads are answered from
 * that run. So the sums have the same bits.
 */
class CopiesOnDevicesTest {
    private static final Execution CUT = Execution.on(Device.CPU).withMicroBatch(40);

    /** What is computed on a model's copies. */
    @FunctionalInterface
    private interface Work {
        float[] of(AttributionSetting setting, List<Example> examples);
    }

    private static void requireApart(UnaryOperator<Execution> how, Ablation ablation, Work work) throws IOException {
        assumeTrue(CopiesOnDevicesTest.class.desiredAssertionStatus(), "mixed devices are seen with java -ea");
        long before = TensorScope.liveTensors();
        List<float[]> results = new ArrayList<>();
        ObservedReads onCpu = ObservedReads.recording();
        try (onCpu) {
            results.add(run(how.apply(CUT), Device.CPU, ablation, work));
        }
        try (ObservedReads reads = onCpu.replayedOnWorkers()) {
            results.add(run(how.apply(CUT), Device.META, ablation, work));
            assertEquals(onCpu.count(), reads.count(), "reads on the host");
        }
        assertTrue(results.getFirst().length > 0);
        assertEquals(Arrays.toString(results.getFirst()), Arrays.toString(results.getLast()));
        assertEquals(before, TensorScope.liveTensors(), "every tensor is freed");
    }

    private static float[] run(Execution how, Device second, Ablation ablation, Work work) throws IOException {
        GoldenScores golden = GoldenScores.of("tiny-llama-gqa");
        Execution execution = how.withCopies(List.of(Placement.on(Device.CPU), Placement.on(second)));
        try (LoadedModel model = LoadedModel.open("tiny", golden.model(), execution)) {
            assertEquals(
                    List.of(Device.CPU, second),
                    model.model().copies().stream()
                            .map(TransformerModel::device)
                            .toList());
            List<Example> examples = golden.examples(model.tokenizer()).subList(0, 8);
            try (TensorScope _ = TensorScope.open()) { // weights are checked on the host when they are first used
                FullModel.logits(
                        model.model(), TokenBatch.of(List.of(examples.getFirst().clean()), Device.CPU));
            }
            try (AblationStates states =
                    AblationStates.of(ablation, model.model(), new ReferencePrompts(examples, 1), 4)) {
                return work.of(GoldenScores.setting(model, Objective.KL, states, 8), examples);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        "kept, interchange, 1048576, EDGES_AND_NODES",
        "kept, interchange, 0, EDGES_AND_NODES",
        "kept, mean, 0, EDGES_NODES_AND_NEURONS",
        "recomputed, zero, 0, EDGES_NODES_AND_NEURONS",
        "offloaded, interchange, 1048576, EDGES_AND_NODES"
    })
    void training(String how, String ablation, long cacheBytes, MaskLevel level) throws IOException {
        UnaryOperator<Execution> execution =
                switch (how) {
                    case "recomputed" -> Execution::recomputing;
                    case "offloaded" -> Execution::offloading;
                    default -> UnaryOperator.identity();
                };
        requireApart(execution, Ablation.named(ablation), (setting, examples) -> {
            TransformerModel model = setting.model();
            PruneOptions published = PruneOptions.gpt2();
            PruneOptions options = published.with(published.controls().withLevel(level));
            try (MaskParameters masks = masks(setting, level);
                    MaskTrainer trainer = new MaskTrainer(model, masks, options);
                    PromptCache cache =
                            new PromptCache(model, examples, setting.scorer(), setting.ablation(), cacheBytes)) {
                for (int step = 0; step < 2; step++) {
                    trainer.step(step, cache.batches(new int[] {0, 1, 2, 3, 4, 5, 6, 7}));
                }
                return masks.edges().toFloats();
            }
        });
    }

    private static MaskParameters masks(AttributionSetting setting, MaskLevel level) {
        Device device = setting.model().device();
        MaskParameters masks = MaskParameters.initial(
                MaskLayout.edges(setting.graph()), HardConcrete.DEFAULT, 0, new Noise(1), device);
        int inner = Math.toIntExact(setting.model().sizes().inner());
        return level.neurons()
                ? masks.withNeurons(
                        NeuronParameters.initial(setting.graph().shape().layers(), inner, 0, new Noise(2), device))
                : masks;
    }

    @ParameterizedTest
    @ValueSource(strings = {"interchange", "mean"})
    void evaluation(String ablation) throws IOException {
        requireApart(UnaryOperator.identity(), Ablation.named(ablation), (setting, examples) -> {
            Evaluator evaluator = new Evaluator(setting.model(), setting.scorer(), setting.ablation(), 8);
            MaskValues half = MaskValues.of(
                    Circuit.full(setting.graph()).filter(edge -> edge.writer().index() % 2 == 0));
            List<Evaluation> made = new ArrayList<>(List.of(evaluator.evaluate(examples, half)));
            try (RepeatedEvaluator repeated = new RepeatedEvaluator(evaluator, examples, Long.MAX_VALUE)) {
                made.add(repeated.evaluate(half));
                made.add(repeated.evaluate(half));
            }
            float[] kl = new float[3];
            for (int i = 0; i < kl.length; i++) {
                kl[i] = made.get(i).metrics().get("kl").floatValue();
            }
            return kl;
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"gradients", "neurons", "exact", "mattr", "acdc"})
    void attribution(String method) throws IOException {
        requireApart(
                UnaryOperator.identity(),
                Ablation.INTERCHANGE,
                (setting, examples) -> scores(method, setting, examples));
    }

    private static float[] scores(String method, AttributionSetting setting, List<Example> examples) {
        AttributionSetting.Progress silent = AttributionSetting.Progress.NONE;
        return switch (method) {
            case "gradients" ->
                new GradientAttribution(setting, new GradientMethod.InputGradients(2))
                        .scores(examples, silent)
                        .toArray();
            case "neurons" ->
                new GradientAttribution(setting, new GradientMethod.Eap())
                        .scores(examples, new ScoreLevels(true, true, false), silent)
                        .neurons()
                        .orElseThrow()[0];
            case "exact" -> {
                ExactPatching exact = new ExactPatching(setting);
                yield exact.scores(examples, ExactState.fresh(exact), silent)
                        .edges()
                        .toArray();
            }
            case "mattr" -> {
                try (MatryoshkaAttribution training = new MatryoshkaAttribution(
                        setting, new MatryoshkaAttribution.Options(2, 0.05, 0.5, 1), examples, 1 << 20)) {
                    yield training.train((step, k, loss, now) -> {}).toArray();
                }
            }
            default ->
                new Acdc(setting, Acdc.Order.PUBLISHED)
                        .search(examples, 0.02, Long.MAX_VALUE, silent)
                        .rises()
                        .toArray();
        };
    }
}
