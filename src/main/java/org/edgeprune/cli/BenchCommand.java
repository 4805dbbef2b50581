package org.edgeprune.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.edgeprune.engine.FullModel;
import org.edgeprune.engine.Workers;
import org.edgeprune.eval.AblationStates;
import org.edgeprune.eval.PromptBatches;
import org.edgeprune.eval.PromptCache;
import org.edgeprune.graph.Ablation;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.io.InputException;
import org.edgeprune.io.Json;
import org.edgeprune.mask.HardConcrete;
import org.edgeprune.mask.MaskLayout;
import org.edgeprune.mask.MaskParameters;
import org.edgeprune.model.ConfigTemplate;
import org.edgeprune.model.Decoder;
import org.edgeprune.model.Execution;
import org.edgeprune.model.Models;
import org.edgeprune.model.RandomWeights;
import org.edgeprune.model.TokenBatch;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.prune.MaskTrainer;
import org.edgeprune.prune.PruneOptions;
import org.edgeprune.prune.StepForecast;
import org.edgeprune.prune.StepMemory;
import org.edgeprune.prune.StepTimer;
import org.edgeprune.prune.StepTimes;
import org.edgeprune.task.Answer;
import org.edgeprune.task.Example;
import org.edgeprune.task.Scorer;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.LibTorch;
import org.edgeprune.torch.TensorScope;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * {@code edgeprune bench}: time and memory of one optimisation step, compared with a plain forward pass and the
 * prediction.
 */
@Command(
        name = "bench",
        description = {
            "Time a pruning step against a plain forward pass of the same prompts, and compare its memory with the prediction.",
            "A full step runs the full model on the clean and the corrupted prompts, then the masked model forward and backward, then "
                    + "updates the masks. A cached step, as in a run's second pass over the data, reads the full model's states from memory.",
            "Prompts are random, and embeddings are nodes of the graph. Without --model, the weights are random too."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  edgeprune bench --batch-size 8 --tokens 20 --edge-sparsity 0.95",
            "  edgeprune bench --config codellama-13b --layers 2 --batch-size 2 --tokens 16 --recompute",
            "  edgeprune bench --model path/to/model --offload --repeat 1 --warm-up 0 --json"
        })
final class BenchCommand implements Callable<Integer> {
    private static final int MOST_TOKENS = 1 << 24;
    private static final int MOST_REPEATS = 1_000_000;

    /** On a machine without other work, the slowest step takes no more than this times the fastest. */
    private static final double QUIET = 1.3;

    private static final double KEPT = 10;
    private static final double CUT = -10;
    private static final Scorer UNSCORED = (example, logits, full) -> Map.of();

    @Option(
            names = "--model",
            paramLabel = "MODEL",
            description = "A model's directory or name (default: random weights of the shape given by --config).")
    private String model;

    @Mixin
    private ShapeOptions shape;

    @Mixin
    private final StepOptions prompts = new StepOptions(8);

    @Option(
            names = "--edge-sparsity",
            paramLabel = "S",
            defaultValue = "0",
            description = "Fraction of edges that are removed, at random (default: ${DEFAULT-VALUE}).")
    private double edgeSparsity;

    @Option(names = "--cached", description = "Time cached steps instead of full ones.")
    private boolean cached;

    @Option(
            names = "--repeat",
            paramLabel = "N",
            defaultValue = "5",
            description = "Timed steps, of which the median is printed (default: ${DEFAULT-VALUE}).")
    private int repeat;

    @Option(
            names = "--warm-up",
            paramLabel = "N",
            defaultValue = "2",
            description = "Steps before the timed ones (default: ${DEFAULT-VALUE}).")
    private int warmUp;

    @Option(
            names = "--forecast",
            description =
                    "Also forecast the step from steps of some of the layers and of narrow models, as prune --dry-run does for large models.")
    private boolean forecast;

    @Mixin
    private ExecutionOptions compute;

    @Mixin
    private RecomputeOption recompute;

    @Mixin
    private Results results;

    @Override
    public Integer call() {
        requireSound();
        Outcome outcome = model == null ? random() : stored();
        ObjectNode json = Json.SNAKE_CASE.objectTree(outcome.result());
        outcome.forecastS().ifPresent(seconds -> json.put("forecast_s", seconds)
                .put("forecast_ratio", seconds / outcome.result().stepS()));
        results.print(json, () -> text(outcome));
        return 0;
    }

    private void requireSound() {
        prompts.requirePositive();
        if (repeat < 1 || warmUp < 0 || repeat > MOST_REPEATS || warmUp > MOST_REPEATS) {
            throw new InputException("--repeat " + repeat + " --warm-up " + warmUp + ": --repeat must be from 1 to "
                    + MOST_REPEATS + ", --warm-up from 0 to " + MOST_REPEATS);
        }
        if ((long) prompts.batchSize() * prompts.tokens() > MOST_TOKENS) {
            throw new InputException("--batch-size " + prompts.batchSize() + " --tokens " + prompts.tokens()
                    + ": at most " + MOST_TOKENS + " tokens in a batch");
        }
        if (!(edgeSparsity >= 0 && edgeSparsity <= 1)) {
            throw new InputException(
                    "--edge-sparsity " + edgeSparsity + ": must be a fraction from 0 to 1; 95% is written 0.95");
        }
        if (model != null && shape.given()) {
            throw new InputException(
                    "--model has the shape of its own config.json: omit --config, --layers and --heads");
        }
    }

    /** @param forecastS the forecast of the step, seconds, if one was asked for */
    private record Outcome(Result result, OptionalDouble forecastS) {}

    private Outcome outcome(Result result, Function<StepTimer, StepForecast> forecasts, int vocabulary) {
        if (!forecast) {
            return new Outcome(result, OptionalDouble.empty());
        }
        PruneOptions options = PruneOptions.gpt2().with(new PruneOptions.Graph(true));
        StepTimes times = forecasts
                .apply(new StepTimer(options, examples(vocabulary), UNSCORED))
                .of(prompts.batchSize(), prompts.tokens());
        return new Outcome(result, OptionalDouble.of(cached ? times.cached() : times.full()));
    }

    private Outcome stored() {
        Path directory = ModelOption.directory(model);
        Execution execution = recompute.over(compute.start(directory));
        Result result;
        try (PeakMemory memory = PeakMemory.watching();
                TransformerModel opened = Models.open(directory, execution)) {
            result = measure(model, opened, Models.decoder(directory), Models.copied(directory, execution), memory);
        }
        return outcome(
                result,
                timer -> StepForecast.ofStored(directory, execution, timer),
                Models.sizes(directory).vocabulary());
    }

    private Outcome random() {
        ConfigTemplate template = shape.template("gpt2");
        Decoder decoder = Models.decoder(template.config());
        Execution execution = recompute.over(compute.start(decoder.sizes()));
        if (execution.offload()) {
            throw new InputException(
                    "--offload needs weights on disk: write a model with edgeprune init, and name it with --model");
        }
        if (execution.copies().size() > 1) {
            throw new InputException(
                    "several devices need weights on disk, which each reads: write a model with edgeprune init, and name it with --model");
        }
        Result result;
        try (PeakMemory memory = PeakMemory.watching();
                TransformerModel opened = TransformerModel.of(decoder, new RandomWeights(1), execution)) {
            result = measure("random", opened, decoder, Long.MAX_VALUE, memory);
        }
        return outcome(
                result,
                timer -> StepForecast.ofRandom(template, execution, timer),
                decoder.sizes().vocabulary());
    }

    private Result measure(String name, TransformerModel model, Decoder decoder, long copied, PeakMemory memory) {
        ComputationGraph graph = new ComputationGraph(model.graphShape());
        List<Example> examples = examples(model.sizes().vocabulary());
        Device device = model.device();
        try (MaskParameters masks = masks(graph, device);
                MaskTrainer trainer = new MaskTrainer(model, masks, PruneOptions.gpt2());
                PromptCache cache = new PromptCache(
                        model, examples, UNSCORED, AblationStates.INTERCHANGE, cached ? Long.MAX_VALUE : 0);
                Progress progress = new Progress("bench", "steps", 2L * (warmUp + repeat))) {
            int[] all = IntStream.range(0, prompts.batchSize()).toArray();
            int threads = LibTorch.threads();
            PromptBatches batch = cache.batches(all);
            Times step = time(progress, 0, () -> {
                trainer.step(0, batch);
                LibTorch.synchronize(device);
            });
            // Before the forward pass, whose logits of all tokens no step has.
            PeakMemory.Resident peak = memory.peak();
            int forwardThreads = forwardThreads(model, batch.count());
            LibTorch.setThreads(forwardThreads);
            Times forward = time(progress, warmUp + repeat, () -> {
                FullModel.logits(
                        model,
                        TokenBatch.of(examples.stream().map(Example::clean).toList(), device));
                LibTorch.synchronize(device);
            });
            LibTorch.setThreads(threads);
            StepMemory predicted = StepMemory.of(StepMemory.Work.of(
                            decoder,
                            copied,
                            graph,
                            model.execution(),
                            Ablation.INTERCHANGE,
                            StepMemory.Tokens.of(prompts.batchSize(), prompts.tokens()))
                    .withCacheBytes(cached ? PromptCache.bytes(model, examples, UNSCORED, Ablation.INTERCHANGE) : 0));
            return new Result(
                    name,
                    model.architecture(),
                    model.graphShape().layers(),
                    model.graphShape().heads(),
                    model.hiddenSize(),
                    graph.edgeCount(),
                    prompts.batchSize(),
                    prompts.tokens(),
                    edgeSparsity,
                    cached,
                    model.execution().recompute(),
                    model.execution().offload(),
                    model.execution().dtype().name(),
                    threads,
                    trainer.workers().last(),
                    batch.count(),
                    forwardThreads,
                    forward.median(),
                    step.median(),
                    step.least(),
                    step.most(),
                    step.median() / forward.median(),
                    peak.anonymous(),
                    peak.file(),
                    peak.highest(),
                    predicted.own(),
                    (double) peak.anonymous() / predicted.own());
        }
    }

    /** The plain forward pass has the cores that the step has; a small model's runs faster on one. */
    private static int forwardThreads(TransformerModel model, int microBatches) {
        int threads = LibTorch.threads();
        int cores = Math.min(microBatches, Workers.most(model.execution())) * threads;
        return Math.max(threads, Math.min(cores, ComputeOptions.threadsAlone(model.hiddenSize())));
    }

    private List<Example> examples(int vocabulary) {
        SplittableRandom random = new SplittableRandom(1);
        List<Example> examples = new ArrayList<>();
        for (int i = 0; i < prompts.batchSize(); i++) {
            int[] clean = random.ints(prompts.tokens(), 0, vocabulary).toArray();
            int[] corrupted = random.ints(prompts.tokens(), 0, vocabulary).toArray();
            examples.add(new Example(
                    clean,
                    corrupted,
                    prompts.tokens() - 1,
                    prompts.tokens(),
                    new Answer.Tokens(new int[] {0}, new int[0])));
        }
        return examples;
    }

    private MaskParameters masks(ComputationGraph graph, Device device) {
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

    /** Of the timed runs, in seconds. */
    private record Times(double median, double least, double most) {}

    private Times time(Progress progress, int done, Runnable body) {
        double[] seconds = new double[repeat];
        for (int i = -warmUp; i < repeat; i++) {
            progress.at(done + warmUp + i, () -> done == 0 ? "step" : "forward");
            long start = System.nanoTime();
            try (TensorScope _ = TensorScope.open()) {
                body.run();
            }
            if (i >= 0) {
                seconds[i] = (System.nanoTime() - start) / 1e9;
            }
        }
        Arrays.sort(seconds);
        return new Times(seconds[repeat / 2], seconds[0], seconds[repeat - 1]);
    }

    private static String text(Outcome outcome) {
        Result r = outcome.result();
        Table table = new Table()
                .row(
                        "model",
                        "%s, %s, %d layers of %d heads, width %d, %,d edges, edge sparsity %.0f%%"
                                .formatted(
                                        r.model(),
                                        r.architecture(),
                                        r.layers(),
                                        r.heads(),
                                        r.hidden(),
                                        r.edges(),
                                        100 * r.edgeSparsity()))
                .row("batch", "%d prompts of %d tokens".formatted(r.batch(), r.tokens()))
                .row("forward", "%.4f s on %d threads".formatted(r.forwardS(), r.forwardThreads()))
                .row(
                        r.cached() ? "cached step" : "full step",
                        "%.4f s, %.2f forwards, %d micro-batches by %d workers of %d threads%s"
                                .formatted(
                                        r.stepS(),
                                        r.ratio(),
                                        r.microBatches(),
                                        r.workers(),
                                        r.threads(),
                                        r.offload() ? ", offloaded" : r.recompute() ? ", recomputed" : ""))
                .row("  spread", spread(r))
                .row(
                        "peak memory",
                        "%,.1f MB, predicted %,.1f MB, ratio %.2f"
                                .formatted(
                                        r.peakAnonymousBytes() / 1e6,
                                        r.predictedBytes() / 1e6,
                                        r.measuredToPredicted()))
                .row(
                        "  with files",
                        "%,.1f MB resident at most, %,.1f MB of mapped files"
                                .formatted(r.vmHwmBytes() / 1e6, r.peakFileBytes() / 1e6));
        outcome.forecastS()
                .ifPresent(seconds -> table.row(
                        "forecast",
                        "%.4f s a step, ratio to the measured one %.2f".formatted(seconds, seconds / r.stepS())));
        return table.toString();
    }

    private static String spread(Result r) {
        return "%.4f s to %.4f s%s"
                .formatted(
                        r.stepLeastS(),
                        r.stepMostS(),
                        r.stepMostS() > QUIET * r.stepLeastS()
                                ? ": the machine is not quiet, or warms up; compare ratios only"
                                : "");
    }

    /**
     * What really ran: workers of the last step, threads of its operations, threads of the forward pass. Times in
     * seconds; memory in bytes, {@code peakAnonymousBytes} is what the prediction is of.
     */
    private record Result(
            String model,
            String architecture,
            int layers,
            int heads,
            int hidden,
            int edges,
            int batch,
            int tokens,
            double edgeSparsity,
            boolean cached,
            boolean recompute,
            boolean offload,
            String dtype,
            int threads,
            int workers,
            int microBatches,
            int forwardThreads,
            double forwardS,
            double stepS,
            double stepLeastS,
            double stepMostS,
            double ratio,
            long peakAnonymousBytes,
            long peakFileBytes,
            long vmHwmBytes,
            long predictedBytes,
            double measuredToPredicted) {}
}
