package org.edgeprune.prune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.SplittableRandom;
import org.edgeprune.eval.Evaluation;
import org.edgeprune.eval.Evaluator;
import org.edgeprune.eval.PromptCache;
import org.edgeprune.graph.Circuit;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.mask.HardConcrete;
import org.edgeprune.mask.MaskLayout;
import org.edgeprune.mask.MaskParameters;
import org.edgeprune.mask.MaskValues;
import org.edgeprune.mask.Noise;
import org.edgeprune.mask.SparsitySchedule;
import org.edgeprune.model.Models;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.task.DataRequest;
import org.edgeprune.task.Dataset;
import org.edgeprune.task.Example;
import org.edgeprune.task.PromptTokenizer;
import org.edgeprune.task.Scorer;
import org.edgeprune.task.Task;
import org.edgeprune.task.Tasks;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.TensorScope;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Gendered pronouns in a trained Llama of 260 thousand parameters, from templates to a circuit that still knows Lily from Tom. */
class StoriesTest {
    private static final List<String> TEMPLATES = List.of(
            "{NAME} was very happy because",
            "{NAME} was playing in the park when",
            "{NAME} smiled and said that",
            "{NAME} liked to play. One day,",
            "{NAME} did not know what",
            "{NAME} had a red ball. When",
            "{NAME} wanted to play with the ball, but",
            "One day, {NAME} saw a big ball and",
            "{NAME} was so happy that",
            "{NAME} was sad because");
    private static final List<String> NAMES = List.of(
            "Lily f", "Mia f", "Sue f", "Amy f", "Lucy f", "Sarah f", "Jane f", "Anna f", "Tim m", "Tom m", "Ben m", "Max m",
            "Jack m", "Sam m", "Bob m", "John m");
    private static final PruneOptions OPTIONS = new PruneOptions(
            30, 6, 5, 0.5, 0.5, 2, 2, 2,
            new SparsitySchedule(SparsitySchedule.Warmup.LINEAR, 0.2, 0.8, 20),
            new SparsitySchedule(SparsitySchedule.Warmup.LINEAR, 0, 0.2, 20),
            true, true, true, true, PruneOptions.Ablation.INTERCHANGE, 1.0);

    @TempDir
    Path dir;

    @Test
    void aSparseCircuitStillChoosesThePronoun() throws Exception {
        Path directory = Path.of(System.getProperty("edgeprune.models", "../shared/reference/models"), "stories260k");
        Assumptions.assumeTrue(
                Files.isDirectory(directory), "no model at " + directory + ": name its folder with -Dedgeprune.models=DIR");
        Path templates = Files.write(dir.resolve("templates.txt"), TEMPLATES);
        Path names = Files.write(dir.resolve("names.txt"), NAMES);
        Task gp = Tasks.named("gp");
        long live = TensorScope.liveTensors();
        try (TransformerModel model = Models.open(directory, Device.CPU);
                PromptTokenizer tokenizer = PromptTokenizer.open(directory)) {
            DataRequest request =
                    DataRequest.seeded(1).sizes(40, 4, 16).names(names).templates(templates).tokenizer(tokenizer);
            Dataset data = gp.tokenise(gp.generate(request).records(), tokenizer);
            Circuit circuit = prune(model, data.train(), gp.scorer(tokenizer));

            Evaluator evaluator = new Evaluator(model, gp.scorer(tokenizer), true, 16);
            Evaluation found = evaluator.evaluate(data.test(), MaskValues.of(circuit));
            Evaluation random = evaluator.evaluate(data.test(), MaskValues.of(randomOf(circuit)));
            String seen = circuit + ": " + found.metrics() + ", at random: " + random.metrics() + ", full: " + found.fullModelMetrics();
            assertTrue(circuit.edgeSparsity() > 0.7, seen);
            assertTrue(found.metrics().get("accuracy") >= 0.75, seen);
            assertTrue(found.metrics().get("logit_difference") > 1, seen);
            assertTrue(found.metrics().get("kl") < 0.5 * random.metrics().get("kl"), seen);
        }
        assertEquals(live, TensorScope.liveTensors(), "every tensor is freed");
    }

    /**
     * Starts where a long run is when it begins to cut: masks near one that can move. From the usual start, log_alpha 10, a sample below
     * one, and with it a gradient, comes once in 4,500 steps.
     */
    private static Circuit prune(TransformerModel model, List<Example> examples, Scorer scorer) {
        ComputationGraph graph = new ComputationGraph(model.graphShape());
        float[] edges = new float[graph.edgeCount()];
        float[] nodes = new float[graph.nodeCount()];
        Arrays.fill(edges, 2);
        Arrays.fill(nodes, 5);
        BatchSampler sampler = new BatchSampler(examples.size(), OPTIONS.batchSize(), new Noise(OPTIONS.seed()));
        try (MaskParameters masks = new MaskParameters(
                        MaskLayout.edges(graph), HardConcrete.DEFAULT, edges, nodes, new float[4], Device.CPU);
                MaskTrainer trainer = new MaskTrainer(model, masks, OPTIONS);
                PromptCache cache = new PromptCache(model, examples, scorer, true, 1 << 28)) {
            for (int step = 0; step < OPTIONS.steps(); step++) {
                try (TensorScope scope = TensorScope.open()) {
                    assertTrue(trainer.step(step, cache.batch(sampler.batch(step))).sound());
                }
            }
            MaskValues soft = masks.deterministic();
            return soft.binary(soft.thresholds()).circuit();
        }
    }

    private static Circuit randomOf(Circuit circuit) {
        ComputationGraph graph = circuit.graph();
        SplittableRandom random = new SplittableRandom(3);
        BitSet edges = new BitSet();
        while (edges.cardinality() < circuit.size()) {
            edges.set(random.nextInt(graph.edgeCount()));
        }
        return Circuit.of(graph, edges);
    }
}
