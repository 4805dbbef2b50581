package org.edgeprune.cli;

import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.edgeprune.InputException;
import org.edgeprune.model.BundledModel;
import org.edgeprune.prune.PruneOptions;
import org.edgeprune.prune.PruneResult;
import org.edgeprune.prune.Pruner;
import org.edgeprune.prune.RunDirectory;
import org.edgeprune.prune.RunRecord;
import org.edgeprune.torch.Device;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code edgeprune prune}: finds a circuit. */
@Command(
        name = "prune",
        description = {
            "Find a task's circuit: train edge masks on its prompts, then evaluate the circuit on held-out prompts.",
            "Hyper-parameters that are not given are those published for GPT-2, or for the bundled model shorter ones;",
            "OUT/run.json says which. The result is in OUT/metrics.json and OUT/edges.json."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  edgeprune prune --task ioi --out out/ioi",
            "  edgeprune prune --task gt --model path/to/gpt2 --edge-sparsity 0.99 --embedding-nodes --out out/gt",
            "  edgeprune prune --task ioi --data data/ioi --max-train-samples 200 --out out/ioi-200",
            "  edgeprune prune --out out/ioi --resume"
        })
final class PruneCommand implements Callable<Integer> {
    @Mixin
    private ModelOption model;

    @Mixin
    private TaskOptions task;

    @Option(names = "--out", paramLabel = "DIR", required = true, description = "Folder of the run.")
    private Path out;

    @Option(
            names = "--resume",
            description = "Continue the run in --out from its newest checkpoint, with its own options; begin if there is none.")
    private boolean resume;

    @Option(names = "--max-train-samples", paramLabel = "N", description = "Train on the first N examples only.")
    private Integer maxTrainSamples;

    @Mixin
    private PruneSettings settings;

    @Option(
            names = "--evaluate-every",
            paramLabel = "N",
            defaultValue = "64",
            description = "Steps between evaluations on the validation part; 0 for none (default: ${DEFAULT-VALUE}).")
    private int evaluateEvery;

    @Option(
            names = "--save-every",
            paramLabel = "N",
            defaultValue = "64",
            description = "Steps between checkpoints; 0 for none (default: ${DEFAULT-VALUE}).")
    private int saveEvery;

    @Option(
            names = "--cache-mb",
            paramLabel = "N",
            defaultValue = "4096",
            description = "Memory for the full model's states, which are then computed once (default: ${DEFAULT-VALUE}).")
    private long cacheMegabytes;

    @Mixin
    private ComputeOptions compute;

    @Mixin
    private Results results;

    @Override
    public Integer call() {
        if (maxTrainSamples != null && maxTrainSamples < 1) {
            throw new InputException("--max-train-samples " + maxTrainSamples + ": must be at least 1");
        }
        RunDirectory directory = new RunDirectory(out);
        Optional<RunRecord> before = resume && directory.holdsRun() ? Optional.of(directory.readRecord()) : Optional.empty();
        Device device = compute.start(
                before.map(RunRecord::threads).orElse(null), before.map(r -> Device.parse(r.device())).orElse(Device.CPU));
        String modelName = model.name(before.map(RunRecord::model).orElse(BundledModel.NAME));
        PruneSession session = new PruneSession(
                directory,
                modelName,
                task.name(before.map(RunRecord::task)),
                task.data(before.map(RunRecord::data)),
                maxTrainSamples != null ? maxTrainSamples : before.map(RunRecord::examples).orElse(null),
                device,
                settings.over(before.map(RunRecord::options).orElse(preset(modelName))),
                new Pruner.Pace(evaluateEvery, saveEvery, cacheMegabytes << 20));
        PruneResult result = session.run(resume, results);
        results.print(result.metrics(), () -> PruneSession.text(directory, result));
        return 0;
    }

    static PruneOptions preset(String modelName) {
        return PruneOptions.defaults();
    }
}
