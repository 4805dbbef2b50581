package org.edgeprune.eval;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.edgeprune.engine.MaskedPass;
import org.edgeprune.graph.Ablation;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.mask.MaskValues;
import org.edgeprune.mask.Masks;
import org.edgeprune.model.Execution;
import org.edgeprune.model.NaiveGpt2;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.model.architecture.Gpt2;
import org.edgeprune.model.architecture.Gpt2Config;
import org.edgeprune.task.Answer;
import org.edgeprune.task.Example;
import org.edgeprune.task.TokenScorer;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.GradMode;
import org.edgeprune.torch.LibTorch;
import org.edgeprune.torch.Tensor;
import org.edgeprune.torch.TensorScope;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every ablation against a forward pass that patches each edge by brute force, in double precision. */
class AblationStatesTest {
    private static final Gpt2Config CONFIG = Gpt2Config.ofSize(2, 3, 12, 20, 19, 10);
    private static final long SEED = 3;
    private static final List<Example> REFERENCE = List.of(
            example(4, new int[] {1, 2, 3, 4}, new int[] {1, 11, 3, 12}),
            example(9, new int[] {5, 6, 7}, new int[] {13, 6, 1}),
            example(1, new int[] {5, 9, 2}, new int[] {1, 9, 1}),
            example(2, new int[] {8, 9, 3, 2, 1, 4, 7}, new int[] {8, 9, 3, 2, 2, 18, 7}),
            example(3, new int[] {14, 9, 3, 2}, new int[] {2, 4, 2, 9}));
    private static final List<Example> EXAMPLES = List.of(
            example(7, new int[] {5, 1, 17}, new int[] {5, 1, 2}),
            example(4, new int[] {1, 2, 3, 4}, new int[] {1, 11, 3, 12}),
            example(6, new int[] {9, 9, 18, 0}, new int[] {9, 3, 4, 0}));

    private final NaiveGpt2 naive = new NaiveGpt2(CONFIG, new NaiveGpt2.RandomParameters(5));
    private final ComputationGraph graph = naive.graph();
    private final MaskValues masks = masks(graph);

    private static Example example(int target, int[] clean, int[] corrupted) {
        return new Example(
                clean, corrupted, clean.length - 1, clean.length, new Answer.Tokens(new int[] {target}, new int[] {
                    target + 1
                }));
    }

    /** Some edges whole, some cut, some in between. */
    private static MaskValues masks(ComputationGraph graph) {
        SplittableRandom random = new SplittableRandom(4);
        MaskValues masks = MaskValues.full(graph);
        for (int i = 0; i < graph.edgeCount(); i++) {
            masks.edges()[i] = new float[] {0, 0, 1, 1, random.nextFloat()}[random.nextInt(5)];
        }
        masks.nodes()[5] = 0.25f;
        return masks;
    }

    private static TransformerModel open(NaiveGpt2 naive) {
        LibTorch.load();
        return TransformerModel.of(Gpt2.decoder(CONFIG), naive.weights(), Execution.on(Device.CPU));
    }

    /** What the ablation has for an example's writers. */
    private double[][][] ablated(Ablation ablation, Example example) {
        double[][][] own = naive.run(example.clean()).states();
        return switch (ablation) {
            case Ablation.Interchange _ -> naive.run(example.corrupted()).states();
            case Ablation.Zero _ -> new double[own.length][example.length()][CONFIG.hiddenSize()];
            case Ablation.Mean _ -> means(example.length(), own.length, false);
            case Ablation.MeanPositional _ -> means(example.length(), own.length, true);
            case Ablation.Resample _ -> {
                int[] drawn = new ReferencePrompts(REFERENCE, SEED)
                        .resampled(List.of(example))
                        .getFirst()
                        .corrupted();
                assertTrue(REFERENCE.stream().anyMatch(other -> Arrays.equals(other.clean(), drawn)));
                yield naive.run(drawn).states();
            }
        };
    }

    private double[][][] means(int length, int writers, boolean byPosition) {
        double[][][] means = new double[writers][length][CONFIG.hiddenSize()];
        for (int t = 0; t < length; t++) {
            int counted = 0;
            for (Example reference : REFERENCE) {
                double[][][] states = naive.run(reference.clean()).states();
                for (int s = 0; s < reference.length(); s++) {
                    if (!byPosition || s == t) {
                        counted++;
                        for (int w = 0; w < writers; w++) {
                            for (int i = 0; i < CONFIG.hiddenSize(); i++) {
                                means[w][t][i] += states[w][s][i];
                            }
                        }
                    }
                }
            }
            for (double[][] writer : means) {
                for (int i = 0; i < CONFIG.hiddenSize(); i++) {
                    writer[t][i] /= counted;
                }
            }
        }
        return means;
    }

    private double[] expected(Ablation ablation, Example example) {
        float[][] whole = new float[CONFIG.layers()][CONFIG.innerSize()];
        Arrays.stream(whole).forEach(row -> Arrays.fill(row, 1));
        NaiveGpt2.Run states = new NaiveGpt2.Run(ablated(ablation, example), new double[0][][], new double[0][]);
        return naive.run(example.clean(), new NaiveGpt2.Patch(graph, masks.edges(), masks.nodes(), whole, states, -1))
                .logits()[example.length() - 1];
    }

    @ParameterizedTest
    @ValueSource(strings = {"interchange", "zero", "mean", "mean-positional", "resample"})
    void circuitsAreThosePatchedByBruteForce(Ablation ablation) {
        try (TransformerModel model = open(naive);
                AblationStates states = AblationStates.of(ablation, model, new ReferencePrompts(REFERENCE, SEED), 2)) {
            List<Evaluation.Scored> scored = new Evaluator(model, new TokenScorer(), states, 2)
                    .evaluate(EXAMPLES, masks)
                    .examples();
            for (int i = 0; i < EXAMPLES.size(); i++) {
                int target = ((Answer.Tokens) EXAMPLES.get(i).answer()).targets()[0];
                double[] logits = expected(ablation, EXAMPLES.get(i));
                assertEquals(
                        logits[target] - logits[target + 1],
                        scored.get(i).metrics().get("logit_difference"),
                        1e-4,
                        "example " + i);
            }
        }
    }

    /** A training step's batches, whether the full model's runs are kept or not. */
    @ParameterizedTest
    @ValueSource(strings = {"interchange", "zero", "mean", "mean-positional", "resample"})
    void batchesOfACacheCarryTheSame(Ablation ablation) {
        for (long bytes : new long[] {0, Long.MAX_VALUE}) {
            try (TransformerModel model = open(naive);
                    AblationStates states =
                            AblationStates.of(ablation, model, new ReferencePrompts(REFERENCE, SEED), 3);
                    PromptCache cache = new PromptCache(model, EXAMPLES, new TokenScorer(), states, bytes);
                    GradMode _ = GradMode.disabled();
                    TensorScope _ = TensorScope.open()) {
                PromptBatch batch = cache.batch(IntStream.range(0, 3).toArray());
                MaskedPass pass = MaskedPass.forward(
                        model,
                        batch.clean(),
                        batch.baseline(),
                        Masks.of(masks, Device.CPU),
                        batch.scored(),
                        MaskedPass.Gradients.NONE);
                Tensor logits = model.logits(pass.finalResidual());
                for (int i = 0; i < EXAMPLES.size(); i++) {
                    double[] expected = expected(ablation, EXAMPLES.get(i));
                    float[] actual = logits.select(0, i).toFloats();
                    for (int v = 0; v < actual.length; v++) {
                        assertEquals(expected[v], actual[v], 1e-4, "example " + i + ", token " + v);
                    }
                }
            }
        }
    }
}
