package org.edgeprune.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import org.edgeprune.mini.MiniOptions;
import org.edgeprune.mini.MiniTraining;
import org.edgeprune.task.Split;
import org.edgeprune.torch.LibTorch;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code edgeprune train-mini}: makes the bundled model again. */
@Command(
        name = "train-mini",
        description = "Train the bundled mini GPT-2 from scratch and write it as a HuggingFace model directory.",
        mixinStandardHelpOptions = true,
        showDefaultValues = true)
public final class TrainMiniCommand implements Callable<Integer> {
    private final MiniOptions defaults = MiniOptions.defaults();

    @Option(names = "--out", required = true, paramLabel = "DIR", description = "directory to write the model to")
    private Path out;

    @Option(names = "--steps", description = "optimiser steps")
    private int steps = defaults.steps();

    @Option(names = "--seed", description = "seed of initial weights and texts")
    private long seed = defaults.seed();

    @Option(names = "--layers", description = "number of layers")
    private int layers = defaults.layers();

    @Option(names = "--heads", description = "attention heads a layer")
    private int heads = defaults.heads();

    @Option(names = "--width", description = "width of the residual stream")
    private int width = defaults.hiddenSize();

    @Option(names = "--batch-size", description = "texts a step")
    private int batchSize = defaults.batchSize();

    @Option(names = "--learning-rate", description = "highest learning rate")
    private double learningRate = defaults.learningRate();

    @Option(names = "--warmup-steps", description = "steps until the highest learning rate")
    private int warmupSteps = defaults.warmupSteps();

    @Option(names = "--weight-decay", description = "weight decay of matrices")
    private double weightDecay = defaults.weightDecay();

    @Option(names = "--context-weight", description = "loss weight of tokens before the answer")
    private double contextWeight = defaults.contextWeight();

    @Option(names = "--threads", description = "CPU threads")
    private int threads = 2;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        LibTorch.setThreads(threads);
        MiniOptions options = new MiniOptions(
                layers, heads, width, steps, batchSize, seed, learningRate, warmupSteps, weightDecay, contextWeight);
        PrintWriter text = spec.commandLine().getOut();
        try (ProgressBar bar = progressBar()) {
            MiniTraining.run(options, out, commandLine(), new MiniTraining.Listener() {
                @Override
                public void step(int step, double loss) {
                    if (bar != null) {
                        bar.stepTo(step);
                        bar.setExtraMessage(String.format(Locale.ROOT, "loss %.4f", loss));
                    }
                }

                @Override
                public void evaluated(int step, Split split, Map<String, Map<String, Double>> metrics) {
                    text.printf(Locale.ROOT, "step %d, %s: %s%n", step, split.key(), line(metrics));
                    text.flush();
                }
            });
        }
        text.println("wrote " + out);
        text.flush();
        return 0;
    }

    /** The bar, or null where nobody looks. */
    private ProgressBar progressBar() {
        return System.console() != null && System.console().isTerminal()
                ? new ProgressBarBuilder().setTaskName("train-mini").setInitialMax(steps).build()
                : null;
    }

    private String commandLine() {
        return "edgeprune train-mini " + spec.commandLine().getParseResult().originalArgs().stream()
                .collect(Collectors.joining(" "));
    }

    private static String line(Map<String, Map<String, Double>> metrics) {
        return metrics.entrySet().stream()
                .map(task -> task.getKey() + " " + task.getValue().entrySet().stream()
                        .map(m -> String.format(Locale.ROOT, "%s %.4f", m.getKey(), m.getValue()))
                        .collect(Collectors.joining(", ")))
                .collect(Collectors.joining("; "));
    }

    public static void main(String[] args) {
        System.exit(new CommandLine(new TrainMiniCommand()).execute(args));
    }
}
