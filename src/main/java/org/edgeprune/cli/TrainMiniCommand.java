package org.edgeprune.cli;

import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.edgeprune.mini.MiniOptions;
import org.edgeprune.mini.MiniTraining;
import org.edgeprune.torch.Device;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code edgeprune train-mini}: trains the bundled model. */
@Command(
        name = "train-mini",
        description = {
            "Train a small GPT-2 on the tasks ioi, gt and gp from scratch, and write it as a HuggingFace model directory.",
            "The defaults are those of the bundled model. The last line has the metrics on prompts outside the training data."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  edgeprune train-mini --out out/mini",
            "  edgeprune train-mini --out out/deep --layers 8 --heads 4 --width 64 --steps 5000"
        })
final class TrainMiniCommand implements Callable<Integer> {
    private static final MiniOptions BUNDLED = MiniOptions.defaults();
    private static final String DEFAULT = " (default: ${DEFAULT-VALUE}).";

    @Option(
            names = {"-o", "--out"},
            required = true,
            paramLabel = "DIR",
            description = "Directory of the new model.")
    private Path out;

    @Mixin
    private SeedOption seed;

    @Option(names = "--steps", paramLabel = "N", description = "Optimiser steps" + DEFAULT)
    private int steps = BUNDLED.steps();

    @Option(names = "--batch-size", paramLabel = "N", description = "Texts per step" + DEFAULT)
    private int batchSize = BUNDLED.batchSize();

    @Option(names = "--layers", paramLabel = "N", description = "Layers" + DEFAULT)
    private int layers = BUNDLED.layers();

    @Option(names = "--heads", paramLabel = "N", description = "Attention heads per layer" + DEFAULT)
    private int heads = BUNDLED.heads();

    @Option(names = "--width", paramLabel = "N", description = "Width of the residual stream" + DEFAULT)
    private int width = BUNDLED.hiddenSize();

    @Option(names = "--learning-rate", paramLabel = "X", description = "Highest learning rate" + DEFAULT)
    private double learningRate = BUNDLED.learningRate();

    @Option(names = "--warmup-steps", paramLabel = "N", description = "Steps until the highest learning rate" + DEFAULT)
    private int warmupSteps = BUNDLED.warmupSteps();

    @Option(
            names = "--weight-decay",
            paramLabel = "X",
            description = "Weight decay of matrices and embeddings" + DEFAULT)
    private double weightDecay = BUNDLED.weightDecay();

    @Option(
            names = "--context-weight",
            paramLabel = "X",
            description = "Loss weight of a token before the answer" + DEFAULT)
    private double contextWeight = BUNDLED.contextWeight();

    @Mixin
    private ComputeOptions compute;

    @Mixin
    private Results results;

    @Spec
    private CommandSpec spec;

    private record Result(String out, int steps, long parameters, Map<String, Map<String, Double>> metrics) {}

    @Override
    public Integer call() {
        MiniOptions options = new MiniOptions(
                layers,
                heads,
                width,
                steps,
                batchSize,
                seed.value(),
                learningRate,
                warmupSteps,
                weightDecay,
                contextWeight);
        Device device = compute.start(ComputeOptions.threadsAlone(width), Device.CPU);
        try (Progress progress = new Progress("train-mini", "steps", steps)) {
            MiniTraining training = new MiniTraining(options, device, new MiniTraining.Listener() {
                @Override
                public void step(int step, double loss) {
                    progress.at(step, () -> String.format("loss %.4f", loss));
                }

                @Override
                public void evaluated(int step, Map<String, Map<String, Double>> metrics) {
                    results.note("step " + step + ", validation: " + line(metrics));
                }
            });
            MiniTraining.Trained trained = training.run(out, commandLine());
            Result result = new Result(out.toString(), steps, trained.parameters(), trained.metrics());
            results.print(result, () -> out + ": " + line(trained.metrics()));
        }
        return 0;
    }

    /** The command line that trains the same model. */
    private String commandLine() {
        return spec.qualifiedName() + " "
                + spec.commandLine().getParseResult().originalArgs().stream().collect(Collectors.joining(" "));
    }

    private static String line(Map<String, Map<String, Double>> metrics) {
        return metrics.entrySet().stream()
                .map(task -> task.getKey() + " "
                        + task.getValue().entrySet().stream()
                                .map(metric -> String.format("%s %.4f", metric.getKey(), metric.getValue()))
                                .collect(Collectors.joining(", ")))
                .collect(Collectors.joining("; "));
    }
}
