package org.edgeprune.prune;

import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.edgeprune.Version;
import org.edgeprune.eval.Evaluation;
import org.edgeprune.eval.Evaluator;
import org.edgeprune.graph.Circuit;
import org.edgeprune.io.InputException;
import org.edgeprune.mask.MaskValues;
import org.edgeprune.task.DataRequest;
import org.edgeprune.task.Dataset;
import org.edgeprune.task.Example;
import org.edgeprune.task.Generated;
import org.edgeprune.task.Scorer;
import org.edgeprune.task.Task;
import org.edgeprune.torch.LibTorch;

/**
 * From a model and a task to a circuit: the library's front door, and what {@code edgeprune prune} does.
 *
 * <pre>{@code
 * try (LoadedModel model = LoadedModel.open("mini-gpt2", Device.CPU)) {
 *     PruneResult result = PruneSession.of(model, Tasks.named("ioi")).run(Path.of("out/ioi"));
 *     result.circuit().edges().forEach(System.out::println);
 * }
 * }</pre>
 *
 * @param model the full model; it stays the caller's to close
 * @param task what the circuit is to do
 * @param data the task's prompts, a folder or file; null to generate them into the run's directory
 * @param maxTrainSamples how many of the training examples to use; null for all
 * @param options hyper-parameters
 * @param pace how often to evaluate and to save
 */
public record PruneSession(
        LoadedModel model, Task task, Path data, Integer maxTrainSamples, PruneOptions options, Pruner.Pace pace) {
    /** What takes more than a few seconds to read. */
    private static final long MUCH_TO_READ = 2L << 30;

    public PruneSession {
        task = task.forModel(model.directory());
    }

    /** Generated prompts and the model's usual hyper-parameters. */
    public static PruneSession of(LoadedModel model, Task task) {
        return new PruneSession(model, task, null, null, PruneOptions.preset(model), Pruner.Pace.REFERENCE);
    }

    public PruneSession withData(Path newData) {
        return new PruneSession(model, task, newData, maxTrainSamples, options, pace);
    }

    public PruneSession withOptions(PruneOptions newOptions) {
        return new PruneSession(model, task, data, maxTrainSamples, newOptions, pace);
    }

    /** Finds a circuit and writes everything to a new run directory. */
    public PruneResult run(Path out) {
        return run(new RunDirectory(out), false, new Pruner.Listener() {});
    }

    /**
     * The same, and hears of the progress.
     *
     * @param resume whether to go on with the run that the directory holds; begin if it holds none
     * @throws InputException if the directory holds a run and is not to be resumed, or holds another run
     * @throws InputException if a step would not fit into memory, naming what would
     * @throws Pruner.DivergedException if the loss stops being finite
     */
    public PruneResult run(RunDirectory directory, boolean resume, Pruner.Listener listener) {
        if (!resume && directory.holdsRun()) {
            throw new InputException(directory.path()
                    + ": holds a run already: continue it with prune --resume, or choose another --out");
        }
        Dataset dataset = limited(dataset(directory, listener));
        MemoryGuard.of(this, dataset.train()).require();
        if (model.storedBytes() > MUCH_TO_READ) {
            listener.noted("reading %.1f GB of weights, to note in run.json which they are"
                    .formatted(model.storedBytes() / 1e9));
        }
        RunRecord record = new RunRecord(
                Version.number(),
                LibTorch.version(),
                model.name(),
                model.sha256(),
                task.fullName(),
                data == null ? null : data.toString(),
                dataset.train().size(),
                LibTorch.threads(),
                model.model().execution(),
                pace.cacheBytes(),
                options);
        Pruner pruner =
                new Pruner(model.model(), dataset, scorer(), record, RunDirectory.create(directory.path()), pace);
        PruneResult result = pruner.run(resume, listener);
        directory.writeExamples(result.evaluation().toJsonLines(model.tokenizer()));
        return result;
    }

    /** Whether a run was made with this session's model, task, data and options. */
    public boolean made(RunRecord record) {
        return record.modelSha256().equals(model.sha256())
                && record.task().equals(task.fullName())
                && Objects.equals(record.data(), data == null ? null : data.toString())
                && record.options().equals(options);
    }

    /** Evaluates masks on other examples of the task, such as {@code result.binary()} on a split of one's own. */
    public Evaluation evaluate(MaskValues masks, List<Example> examples) {
        return new Evaluator(
                        model.model(),
                        scorer(),
                        options.ablation(),
                        options.training().batchSize())
                .evaluate(examples, masks);
    }

    /** Cuts what a circuit of a run of this session can spare on the training part, see {@link Minimizer}. */
    public Minimizer.Result minimize(RunDirectory directory, Circuit circuit, double tolerance) {
        List<Example> examples = limited(task.read(data == null ? directory.data() : data, model.tokenizer()))
                .train();
        return new Minimizer(
                        new Evaluator(
                                model.model(),
                                scorer(),
                                options.ablation(),
                                options.training().batchSize()),
                        examples,
                        tolerance)
                .minimize(circuit);
    }

    /** The task's judge. */
    public Scorer scorer() {
        return task.scorer(model.tokenizer());
    }

    private Dataset dataset(RunDirectory directory, Pruner.Listener listener) {
        if (data == null && !directory.holdsRun()) {
            Generated generated =
                    task.generate(DataRequest.seeded(options.seed()).tokenizer(model.tokenizer()));
            generated.notes().forEach(listener::noted);
            generated.records().write(directory.data());
        }
        return task.read(data == null ? directory.data() : data, model.tokenizer());
    }

    private Dataset limited(Dataset dataset) {
        List<Example> train = dataset.train();
        return maxTrainSamples == null || maxTrainSamples >= train.size()
                ? dataset
                : new Dataset(train.subList(0, maxTrainSamples), dataset.validation(), dataset.test());
    }
}
