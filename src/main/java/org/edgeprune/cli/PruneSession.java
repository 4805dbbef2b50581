package org.edgeprune.cli;

import java.nio.file.Path;
import java.util.List;
import org.edgeprune.InputException;
import org.edgeprune.model.Models;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.prune.PruneOptions;
import org.edgeprune.prune.PruneResult;
import org.edgeprune.prune.Pruner;
import org.edgeprune.prune.RunDirectory;
import org.edgeprune.prune.RunRecord;
import org.edgeprune.safetensors.Checkpoint;
import org.edgeprune.task.DataRequest;
import org.edgeprune.task.Dataset;
import org.edgeprune.task.Example;
import org.edgeprune.task.Generated;
import org.edgeprune.task.PromptTokenizer;
import org.edgeprune.task.Task;
import org.edgeprune.task.Tasks;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.LibTorch;

/**
 * One pruning run from the command line.
 *
 * @param directory where the run is kept
 * @param model directory or name
 * @param task the task's name, with its mode if it has one
 * @param data its data; null to generate them into the run's directory
 * @param maxTrainSamples how many of the training examples to use; null for all
 * @param device where to compute; libtorch is loaded and ready for it
 * @param options hyper-parameters
 * @param pace how often to evaluate and to save
 */
record PruneSession(
        RunDirectory directory,
        String model,
        String task,
        Path data,
        Integer maxTrainSamples,
        Device device,
        PruneOptions options,
        Pruner.Pace pace) {

    /** Runs to the end, with progress on standard error. */
    PruneResult run(boolean resume, Results results) {
        if (!resume && directory.holdsRun()) {
            throw new InputException(directory.path() + ": holds a run already: continue it with prune --resume, or choose another --out");
        }
        Path modelDirectory = ModelOption.directory(model);
        Task chosen = Tasks.named(task);
        try (TransformerModel opened = Models.open(modelDirectory, device);
                PromptTokenizer tokenizer = PromptTokenizer.open(modelDirectory)) {
            Dataset dataset = limited(dataset(chosen, tokenizer, results));
            RunRecord record = new RunRecord(
                    Main.Version.number(),
                    LibTorch.version(),
                    model,
                    sha256(modelDirectory),
                    task,
                    data == null ? null : data.toString(),
                    dataset.train().size(),
                    LibTorch.threads(),
                    device.toString(),
                    options);
            try (PruneProgress progress = new PruneProgress(chosen.scorer(tokenizer).headline())) {
                return new Pruner(opened, dataset, chosen.scorer(tokenizer), record, RunDirectory.create(directory.path()), pace)
                        .run(resume, progress);
            }
        }
    }

    private Dataset dataset(Task chosen, PromptTokenizer tokenizer, Results results) {
        if (data == null && !directory.holdsRun()) {
            Generated generated = chosen.generate(DataRequest.seeded(options.seed()).tokenizer(tokenizer));
            generated.notes().forEach(results::note);
            generated.records().write(directory.data());
        }
        return chosen.read(data == null ? directory.data() : data, tokenizer);
    }

    private Dataset limited(Dataset dataset) {
        List<Example> train = dataset.train();
        return maxTrainSamples == null || maxTrainSamples >= train.size()
                ? dataset
                : new Dataset(train.subList(0, maxTrainSamples), dataset.validation(), dataset.test());
    }

    private static String sha256(Path modelDirectory) {
        try (Checkpoint checkpoint = Checkpoint.open(modelDirectory)) {
            return checkpoint.sha256();
        }
    }

    /** What the user wants to see at the end. */
    static String text(RunDirectory directory, PruneResult result) {
        Table table = new Table();
        result.metrics().forEach(table::row);
        return table + "\nThe run is in " + directory.path() + "; its circuit in " + directory.edgesFile();
    }
}
