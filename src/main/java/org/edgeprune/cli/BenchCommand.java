package org.edgeprune.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import org.edgeprune.engine.Baseline;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.mask.HardConcrete;
import org.edgeprune.mask.MaskLayout;
import org.edgeprune.mask.MaskParameters;
import org.edgeprune.model.Gpt2Config;
import org.edgeprune.model.Execution;
import org.edgeprune.model.Gpt2;
import org.edgeprune.model.RandomWeights;
import org.edgeprune.model.TokenBatch;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.prune.MaskTrainer;
import org.edgeprune.eval.PromptBatch;
import org.edgeprune.prune.PruneOptions;
import org.edgeprune.task.Answer;
import org.edgeprune.task.Example;
import org.edgeprune.task.Scorer;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.TensorScope;
import picocli.CommandLine;

/** Times one optimisation step against one plain forward pass, at GPT-2 small's shape with random weights. */
@CommandLine.Command(
        name = "bench",
        description = {
            "Time a full pruning step against a plain forward pass, at GPT-2 small's shape with random weights and embedding nodes.",
            "A full step runs the full model on the clean and the corrupted prompts, then the masked model forward and backward, then "
                    + "the update. A cached step, as a run makes it from its second pass over the data, has the first part from memory."
        },
        footerHeading = "%nExamples:%n",
        footer = {"  edgeprune bench --batch-size 8 --tokens 20 --edge-sparsity 0.95"})
public final class BenchCommand implements Callable<Integer> {
    private static final double KEPT = 10;
    private static final double CUT = -10;
    private static final Scorer UNSCORED = (example, logits, full) -> Map.of();

    @CommandLine.Option(names = "--batch-size", defaultValue = "8", description = "prompts a step (default: ${DEFAULT-VALUE})")
    private int batchSize;

    @CommandLine.Option(names = "--tokens", defaultValue = "20", description = "tokens a prompt (default: ${DEFAULT-VALUE})")
    private int tokens;

    @CommandLine.Option(
            names = "--edge-sparsity",
            defaultValue = "0",
            description = "share of edges that is cut, at random (default: ${DEFAULT-VALUE})")
    private double edgeSparsity;

    @CommandLine.Option(names = "--repeat", defaultValue = "5", description = "timed steps (default: ${DEFAULT-VALUE})")
    private int repeat;

    @CommandLine.Mixin
    private ComputeOptions compute;

    @Override
    public Integer call() throws IOException {
        Device device = compute.start();
        try (TransformerModel model = TransformerModel.of(new Gpt2(Gpt2Config.small()), new RandomWeights(1), Execution.on(device))) {
            ComputationGraph graph = new ComputationGraph(model.graphShape());
            List<Example> examples = examples(model.vocabSize());
            PruneOptions options = PruneOptions.defaults();
            try (MaskParameters parameters = parameters(graph, device);
                    MaskTrainer trainer = new MaskTrainer(model, parameters, options)) {
                double forward = median(() -> {
                    TokenBatch batch = TokenBatch.of(examples.stream().map(Example::clean).toList(), device);
                    Baseline.logits(model, batch, null);
                });
                double step = median(() -> trainer.step(0, PromptBatch.of(model, examples, UNSCORED, true)));
                long peak = peakRssMegabytes();
                double cached;
                try (TensorScope scope = TensorScope.open()) {
                    PromptBatch batch = PromptBatch.of(model, examples, UNSCORED, true);
                    cached = median(() -> trainer.step(0, batch));
                }
                System.out.printf(
                        Locale.ROOT,
                        "{\"batch\": %d, \"tokens\": %d, \"edge_sparsity\": %.2f, \"t_fwd_s\": %.4f, \"step_s\": %.4f, "
                                + "\"ratio\": %.2f, \"cached_step_s\": %.4f, \"cached_ratio\": %.2f, \"peak_rss_mb\": %d}%n",
                        batchSize,
                        tokens,
                        edgeSparsity,
                        forward,
                        step,
                        step / forward,
                        cached,
                        cached / forward,
                        peak);
            }
        }
        return 0;
    }

    private List<Example> examples(int vocabulary) {
        SplittableRandom random = new SplittableRandom(1);
        List<Example> examples = new ArrayList<>();
        for (int i = 0; i < batchSize; i++) {
            int[] clean = random.ints(tokens, 0, vocabulary).toArray();
            int[] corrupted = random.ints(tokens, 0, vocabulary).toArray();
            examples.add(new Example(
                    clean, corrupted, tokens - 1, tokens, new Answer.Tokens(new int[] {0}, new int[0])));
        }
        return examples;
    }

    private MaskParameters parameters(ComputationGraph graph, Device device) {
        MaskLayout layout = MaskLayout.edges(graph);
        SplittableRandom random = new SplittableRandom(2);
        float[] edges = new float[layout.size()];
        float[] nodes = new float[graph.nodeCount()];
        Arrays.fill(nodes, (float) KEPT);
        for (int i = 0; i < edges.length; i++) {
            edges[i] = (float) (random.nextDouble() < edgeSparsity ? CUT : KEPT);
        }
        return new MaskParameters(layout, new HardConcrete(1e-6), edges, nodes, new float[4], device);
    }

    /** Median seconds of {@code repeat} runs after two that are not counted. */
    private double median(Runnable body) {
        double[] seconds = new double[repeat];
        for (int i = -2; i < repeat; i++) {
            long start = System.nanoTime();
            try (TensorScope scope = TensorScope.open()) {
                body.run();
            }
            if (i >= 0) {
                seconds[i] = (System.nanoTime() - start) / 1e9;
            }
        }
        Arrays.sort(seconds);
        return seconds[repeat / 2];
    }

    private static long peakRssMegabytes() throws IOException {
        return Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(line -> line.startsWith("VmHWM:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) / 1024)
                .findFirst()
                .orElseThrow();
    }
}
