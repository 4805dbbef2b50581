package org.edgeprune.prune;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.edgeprune.Version;
import org.edgeprune.eval.Evaluation;
import org.edgeprune.eval.Evaluator;
import org.edgeprune.graph.Circuit;
import org.edgeprune.io.FolderLock;
import org.edgeprune.io.InputException;
import org.edgeprune.mask.MaskValues;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.task.DataRequest;
import org.edgeprune.task.DataReview;
import org.edgeprune.task.Dataset;
import org.edgeprune.task.Example;
import org.edgeprune.task.Generated;
import org.edgeprune.task.Records;
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
 * @param minimal how much KL {@link #minimize} will be allowed to cost afterwards, nats, as {@code run.json} will say;
 *     null where it is not asked for
 * @param pace how often to evaluate and to save
 */
public record PruneSession(
        LoadedModel model,
        Task task,
        Path data,
        Integer maxTrainSamples,
        PruneOptions options,
        Double minimal,
        Pruner.Pace pace) {
    /** What takes more than a few seconds to read. */
    private static final long MUCH_TO_READ = 2L << 30;

    public PruneSession {
        task = task.forModel(model.directory());
    }

    /** Generated prompts and the model's usual hyper-parameters. */
    public static PruneSession of(LoadedModel model, Task task) {
        return new PruneSession(model, task, null, null, PruneOptions.preset(model), null, Pruner.Pace.REFERENCE);
    }

    public PruneSession withData(Path newData) {
        return new PruneSession(model, task, newData, maxTrainSamples, options, minimal, pace);
    }

    public PruneSession withOptions(PruneOptions newOptions) {
        return new PruneSession(model, task, data, maxTrainSamples, newOptions, minimal, pace);
    }

    /** The same run, whose circuit is to be minimized afterwards. */
    public PruneSession withMinimal(Double tolerance) {
        return new PruneSession(model, task, data, maxTrainSamples, options, tolerance, pace);
    }

    /** Finds a circuit and writes everything to a new run directory. */
    public PruneResult run(Path out) {
        return run(new RunDirectory(out), false, new Pruner.Listener() {});
    }

    /** The same, and reports its progress to a listener; see {@link #run(FolderLock, boolean, Pruner.Listener)}. */
    public PruneResult run(RunDirectory directory, boolean resume, Pruner.Listener listener) {
        try (FolderLock lock = FolderLock.of(directory.path())) {
            return run(lock, resume, listener);
        }
    }

    /**
     * The same in a folder that the caller has locked.
     *
     * @param lock of the run's folder, held from before the caller's first look at the folder
     * @param resume whether to go on with the run that the folder holds; begin if it holds none
     * @throws InputException if the folder holds a run and is not to be resumed, or holds another run, or files that
     *     are no run's
     * @throws InputException if a step would not fit into memory, naming what would
     * @throws InputException if the weights' file is written to or replaced meanwhile; no result is written then
     * @throws IllegalStateException if the model is closed, also meanwhile
     * @throws Pruner.DivergedException if the loss stops being finite
     */
    public PruneResult run(FolderLock lock, boolean resume, Pruner.Listener listener) {
        RunDirectory directory = new RunDirectory(lock.folder());
        lock.note().ifPresent(listener::noted);
        if (!resume && directory.holdsRun()) {
            throw new InputException(directory.path()
                    + ": holds a run already: continue it with prune --resume, or choose another --out");
        }
        directory.requireRunOrEmpty();
        directory.removeTemporary();
        try (TransformerModel.Use _ = model.model().use()) {
            // open, as far as the beginning is concerned; each step sees for itself
        }
        Optional<Generated> generated = generate(directory, listener);
        Records records = generated.map(Generated::records).orElseGet(() -> records(directory));
        Dataset dataset = limited(task.tokenise(records, model.tokenizer()));
        new DataReview(records, dataset)
                .requireFits(model.model().maxPositions())
                .notes(model.tokenizer())
                .forEach(listener::noted);
        MemoryGuard.of(this, dataset.train()).require();
        if (model.storedBytes() > MUCH_TO_READ) {
            listener.noted("reading %.1f GB of weights, to note in run.json which they are"
                    .formatted(model.storedBytes() / 1e9));
        }
        RunRecord record = record(dataset);
        if (!directory.holdsRun()) {
            directory.write(record); // first, so that whatever else is in the folder is known to be a run's
        }
        if (generated.isPresent()
                && record.differencesFrom(directory.readRecord()).isEmpty()) {
            generated.get().records().writeNew(directory.data());
        }
        Pruner pruner = new Pruner(model.model(), dataset, scorer(), record, directory, pace);
        PruneResult result = pruner.run(resume, listener);
        directory.writeExamples(result.evaluation().toJsonLines(model.tokenizer()));
        return result;
    }

    private RunRecord record(Dataset dataset) {
        return new RunRecord(
                Version.number(),
                LibTorch.version(),
                model.name(),
                model.sha256(),
                task.fullName(),
                data == null ? null : data.toString(),
                dataset.train().size(),
                RunInputs.of(dataset, model),
                LibTorch.threads(),
                model.model().execution(),
                pace.cacheBytes(),
                minimal,
                options);
    }

    /**
     * In what this session's model, task, data and options differ from those of the run in a directory, in words; empty
     * if it would make the same run.
     *
     * @see RunRecord#differencesFrom
     */
    public List<String> differencesFrom(RunDirectory directory) {
        return record(limited(read(directory))).differencesFrom(directory.readRecord());
    }

    /**
     * Evaluates masks on other examples of the task.
     *
     * @param masks masks of edges and nodes, such as {@link PruneResult#binary}
     * @param examples prompt pairs, such as a split of one's own
     * @return metrics of the circuit and of the full model, example by example
     */
    public Evaluation evaluate(MaskValues masks, List<Example> examples) {
        return evaluator().evaluate(examples, masks);
    }

    /**
     * Evaluates the full model on examples of the task.
     *
     * @param examples prompt pairs
     * @return metrics of the full model, example by example
     */
    public Evaluation evaluateFullModel(List<Example> examples) {
        return evaluator().evaluateFullModel(examples);
    }

    /**
     * Cuts what a circuit of a run of this session can spare on the training part, see {@link Minimizer}.
     *
     * @param directory the run, for its prompts
     * @param circuit the circuit to start from
     * @param tolerance how much the mean KL on the training part may rise in all, nats
     * @return the smaller circuit with its KL before and after
     */
    public Minimizer.Result minimize(RunDirectory directory, Circuit circuit, double tolerance) {
        return new Minimizer(evaluator(), limited(read(directory)).train(), tolerance).minimize(circuit);
    }

    private Evaluator evaluator() {
        return new Evaluator(
                model.model(), scorer(), options.ablation(), options.training().batchSize());
    }

    /** The task's judge. */
    public Scorer scorer() {
        return task.scorer(model.tokenizer());
    }

    /**
     * New prompts, where the run is to have some of its own and has none yet: also one that was cut off before it wrote
     * them, where its digests will show that they are the same.
     */
    private Optional<Generated> generate(RunDirectory directory, Pruner.Listener listener) {
        boolean known = !directory.holdsRun() || directory.readRecord().inputs() != null;
        if (data != null || Files.exists(directory.data()) || !known) {
            return Optional.empty();
        }
        Generated generated = task.generate(DataRequest.seeded(options.seed()).tokenizer(model.tokenizer()));
        generated.notes().forEach(listener::noted);
        return Optional.of(generated);
    }

    private Dataset read(RunDirectory directory) {
        return task.tokenise(records(directory), model.tokenizer());
    }

    private Records records(RunDirectory directory) {
        return Records.read(data == null ? directory.data() : data);
    }

    private Dataset limited(Dataset dataset) {
        List<Example> train = dataset.train();
        return maxTrainSamples == null || maxTrainSamples >= train.size()
                ? dataset
                : new Dataset(train.subList(0, maxTrainSamples), dataset.validation(), dataset.test());
    }
}
