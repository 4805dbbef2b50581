package org.edgeprune.prune;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import org.edgeprune.engine.Ranks;
import org.edgeprune.engine.Workers;
import org.edgeprune.eval.AblationStates;
import org.edgeprune.eval.Evaluation;
import org.edgeprune.eval.Evaluator;
import org.edgeprune.eval.ReferencePrompts;
import org.edgeprune.graph.Circuit;
import org.edgeprune.io.FolderLock;
import org.edgeprune.io.InputException;
import org.edgeprune.mask.MaskValues;
import org.edgeprune.mask.SparsitySchedule;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.task.DataRequest;
import org.edgeprune.task.DataReview;
import org.edgeprune.task.Dataset;
import org.edgeprune.task.Example;
import org.edgeprune.task.Generated;
import org.edgeprune.task.HeldOut;
import org.edgeprune.task.PromptLength;
import org.edgeprune.task.Records;
import org.edgeprune.task.Scorer;
import org.edgeprune.task.Split;
import org.edgeprune.task.Task;
import org.edgeprune.task.Tasks;

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
 * @param model the full model; the caller closes it
 * @param task the task that the circuit is for
 * @param data folder or file with the task's prompts; if empty they are generated into the run directory
 * @param maxTrainSamples how many of the training examples to use, from the first on; empty for all
 * @param options hyper-parameters
 * @param minimal how much the mean KL may rise when the circuit is minimized after the run ({@link #minimize}), nats;
 *     it is noted in {@code run.json}. Empty if the circuit is not to be minimized
 * @param pace how often to evaluate and to save
 * @param warmStart ranks the edges of a new run with a warm start ({@link PruneControls#warmStart})
 */
public record PruneSession(
        LoadedModel model,
        Task task,
        Optional<Path> data,
        OptionalInt maxTrainSamples,
        PruneOptions options,
        OptionalDouble minimal,
        Pruner.Pace pace,
        Optional<WarmStart> warmStart) {
    /** What takes more than a few seconds to read. */
    private static final long MUCH_TO_READ = 2L << 30;

    /** Lets the task adapt itself to the model's directory, see {@link Task#forModel}. */
    public PruneSession {
        task = task.forModel(model.directory());
    }

    /**
     * A session with generated prompts, all training examples and the model's usual hyper-parameters.
     *
     * @param model the full model; the caller closes it
     * @param task the task that the circuit is for
     * @return the session; nothing has been computed yet
     */
    public static PruneSession of(LoadedModel model, Task task) {
        return new PruneSession(
                model,
                task,
                Optional.empty(),
                OptionalInt.empty(),
                PruneOptions.preset(model),
                OptionalDouble.empty(),
                Pruner.Pace.REFERENCE,
                Optional.empty());
    }

    /**
     * The session that a run was made by, to evaluate other circuits on its prompts.
     *
     * @param model the full model; the caller closes it
     * @param run what the run was made from
     * @return the session
     */
    public static PruneSession of(LoadedModel model, RunRecord run) {
        return new PruneSession(
                model,
                Tasks.named(run.task()),
                Optional.ofNullable(run.data()).map(Path::of),
                OptionalInt.of(run.examples()),
                run.options(),
                run.minimal() == null ? OptionalDouble.empty() : OptionalDouble.of(run.minimal()),
                Pruner.Pace.REFERENCE,
                Optional.empty());
    }

    /**
     * The same session with prompts that are read instead of generated.
     *
     * @param newData folder or file with the task's prompts
     * @return a new session
     */
    public PruneSession withData(Path newData) {
        return new PruneSession(model, task, Optional.of(newData), maxTrainSamples, options, minimal, pace, warmStart);
    }

    /**
     * The same session with fewer training examples.
     *
     * @param count how many of them to use, at least 1
     * @return a new session
     */
    public PruneSession withMaxTrainSamples(int count) {
        return new PruneSession(model, task, data, OptionalInt.of(count), options, minimal, pace, warmStart);
    }

    /**
     * The same session with other hyper-parameters.
     *
     * @param newOptions all hyper-parameters
     * @return a new session
     */
    public PruneSession withOptions(PruneOptions newOptions) {
        return new PruneSession(model, task, data, maxTrainSamples, newOptions, minimal, pace, warmStart);
    }

    /**
     * The same session, whose {@code run.json} notes that the circuit is to be minimized. {@link #minimize} does it.
     *
     * @param tolerance how much the mean KL on the training part may rise in all, nats
     * @return a new session
     */
    public PruneSession withMinimal(double tolerance) {
        return new PruneSession(
                model, task, data, maxTrainSamples, options, OptionalDouble.of(tolerance), pace, warmStart);
    }

    /**
     * The same session with other intervals between evaluations and checkpoints, or another cache.
     *
     * @param newPace the intervals, in steps, and the cache's size
     * @return a new session
     */
    public PruneSession withPace(Pruner.Pace newPace) {
        return new PruneSession(model, task, data, maxTrainSamples, options, minimal, newPace, warmStart);
    }

    /**
     * The same session, whose edges start from a ranking. Sampled masks are at first as sparse as the edge sparsity's
     * target at the first step.
     *
     * @param ranks ranks the edges
     * @param sparsity edge sparsity at the first step, above 0 and below 1
     * @return a new session
     */
    public PruneSession withWarmStart(WarmStart ranks, double sparsity) {
        SparsitySchedule edges = options.targets().edgeSparsity();
        PruneOptions warm = options.with(options.controls().withWarmStart(ranks.name()))
                .with(options.targets()
                        .withEdgeSparsity(
                                new SparsitySchedule(edges.warmup(), sparsity, edges.target(), edges.warmupSteps())));
        return new PruneSession(model, task, data, maxTrainSamples, warm, minimal, pace, Optional.of(ranks));
    }

    /**
     * Finds a circuit and writes the run to a new directory, without reporting progress; otherwise as
     * {@link #run(FolderLock, boolean, Pruner.Listener)}.
     *
     * @param out the run directory: not there yet, or empty
     * @return the circuit, its masks and their evaluation on the test part
     */
    public PruneResult run(Path out) {
        return run(new RunDirectory(out), false, new Pruner.Listener() {});
    }

    /**
     * Finds a circuit, holding the directory's lock while it runs; otherwise as {@link #run(FolderLock, boolean,
     * Pruner.Listener)}.
     *
     * @param directory the run directory
     * @param resume whether to continue the run that the directory holds; a new one begins if it holds none
     * @param listener receives progress and notes, on the calling thread
     * @return the circuit, its masks and their evaluation on the test part
     */
    public PruneResult run(RunDirectory directory, boolean resume, Pruner.Listener listener) {
        try (FolderLock lock = FolderLock.of(directory.path())) {
            return run(lock, resume, listener);
        }
    }

    /**
     * Finds a circuit in a run directory that the caller has locked.
     *
     * @param lock the run directory's lock, taken before the caller first looked into the directory
     * @param resume whether to continue the run that the directory holds; a new one begins if it holds none
     * @param listener receives progress and notes, on the calling thread
     * @return the circuit, its masks and their evaluation on the test part
     * @throws InputException if the directory holds a run and {@code resume} is false, or another run, or files that do
     *     not belong to a run
     * @throws InputException if a step would not fit into memory; the message names settings that would
     * @throws InputException if the weights' file is changed or replaced during the run; no result is written then
     * @throws IllegalStateException if the model is closed before or during the run
     * @throws Pruner.DivergedException if the loss stops being finite
     */
    public PruneResult run(FolderLock lock, boolean resume, Pruner.Listener listener) {
        return run(lock, resume, listener, Ranks.alone());
    }

    /**
     * Finds a circuit together with other processes, which call this with the same session; otherwise as
     * {@link #run(FolderLock, boolean, Pruner.Listener)}. All ranks get the result. It has the same bits for every
     * number of ranks, on processors of one kind.
     *
     * @param lock that of this rank's {@link RankedDirectory}
     * @param resume whether to continue the run that the directory holds; a new one begins if it holds none
     * @param listener receives progress and notes of this rank, on the calling thread
     * @param ranks the processes
     * @return the circuit, its masks and their evaluation on the test part
     * @throws InputException also if the ranks differ in version, weights, prompts or options
     */
    public PruneResult run(FolderLock lock, boolean resume, Pruner.Listener listener, Ranks ranks) {
        RunDirectory directory = new RunDirectory(lock.folder());
        lock.note().ifPresent(listener::noted);
        if (!resume && directory.holdsRun()) {
            throw new InputException(directory.path()
                    + ": holds a run already: continue it with prune --resume, or choose another --out");
        }
        directory.requireRunOrEmpty();
        directory.removeTemporary();
        try (TransformerModel.Use _ = model.model().use()) {
            // throws if the model is closed; each step checks again
        }
        requireSource();
        Optional<Generated> generated = generate(directory, listener);
        Records records = generated.map(Generated::records).orElseGet(() -> records(directory));
        Dataset dataset = checked(records, listener);
        MemoryGuard memory = MemoryGuard.of(this, dataset.train());
        memory.require();
        memory.prediction().ifPresent(listener::noted);
        if (model.storedBytes() > MUCH_TO_READ) {
            listener.noted("reading %.1f GB of weights, to note in run.json which they are"
                    .formatted(model.storedBytes() / 1e9));
        }
        RunRecord record = record(dataset);
        SameRun.require(record, ranks);
        if (!directory.holdsRun()) {
            directory.write(record); // first, so that whatever else is in the folder is known to be a run's
        }
        if (generated.isPresent()
                && record.differencesFrom(directory.readRecord()).isEmpty()) {
            generated.get().records().writeNew(directory.data());
        }
        Pruner pruner = new Pruner(
                model.model(),
                dataset,
                scorer(),
                record,
                directory,
                ranks.isFirst() ? pace : pace.withoutCheckpoints(),
                new Pruner.Sources(
                        warmStart,
                        FreshPrompts.of(task, model, options, dataset.train().size()),
                        heldOut(dataset, listener)),
                ranks);
        PruneResult result = pruner.run(resume, listener);
        directory.writeExamples(result.evaluation().toJsonLines(model.tokenizer()));
        return result;
    }

    /** @throws InputException if prompts are given and are to be generated as well */
    private void requireSource() {
        if (options.controls().freshData() && data.isPresent()) {
            throw new InputException("fresh data are generated every epoch, and " + data.get()
                    + " was given: leave out --data, or --fresh-data");
        }
    }

    /** The examples of lines, of the training part those that are used; refused if a run could not use them. */
    private Dataset checked(Records records, Pruner.Listener listener) {
        Dataset dataset = limited(task.tokenise(records, model.tokenizer()));
        new DataReview(records, dataset)
                .requireFits(model.model().maxPositions())
                .notes(model.tokenizer())
                .forEach(listener::noted);
        requireAblation(dataset);
        if (options.controls().positions()) {
            requirePositions(dataset, listener);
        }
        return dataset;
    }

    /** Refuses prompts whose positions cannot be compared, and notes how alike they are. */
    private static void requirePositions(Dataset dataset, Pruner.Listener listener) {
        int length = PromptLength.of("training example", dataset.train());
        if (length == 1) {
            throw new InputException(
                    "--positions: the prompts have one token, and so one position: leave out --positions");
        }
        for (Split split : List.of(Split.VALIDATION, Split.TEST)) {
            PromptLength.require(length, "training example 1", split.key() + " example", dataset.part(split));
        }
        listener.noted("--positions: masks at %d positions; at %d of them all training prompts have the same token"
                .formatted(length, PromptLength.fixedTokens(dataset.train())));
    }

    /**
     * The examples of a new run, in memory.
     *
     * @throws InputException as a run would be refused
     */
    Dataset newDataset(Pruner.Listener listener) {
        requireSource();
        return checked(
                data.map(Records::divided).orElseGet(() -> generate(listener).records()), listener);
    }

    private RunRecord record(Dataset dataset) {
        return RunRecord.of(model, task, data, dataset, pace.cacheBytes(), minimal, options);
    }

    /**
     * Compares this session with the run in a directory. Reads the prompts and all weights.
     *
     * @param directory a run directory
     * @return how model, task, data and options differ, in words; empty if the session would repeat the run
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
        try (AblationStates states = ablationStates(training())) {
            return evaluate(masks, examples, states);
        }
    }

    /**
     * Evaluates masks on other examples of the task, where cut edges carry what the caller says: as
     * {@link #evaluate(MaskValues, List)}, which computes it anew on every call.
     *
     * @param masks masks of edges and nodes, such as {@link PruneResult#binary}
     * @param examples prompt pairs, such as a split of one's own
     * @param states what cut edges carry, such as {@link #ablationStates}; the caller closes it
     * @return metrics of the circuit and of the full model, example by example
     */
    public Evaluation evaluate(MaskValues masks, List<Example> examples, AblationStates states) {
        return evaluator(states).evaluate(examples, masks);
    }

    /**
     * Evaluates the full model on examples of the task.
     *
     * @param examples prompt pairs
     * @return metrics of the full model, example by example
     */
    public Evaluation evaluateFullModel(List<Example> examples) {
        return evaluator(AblationStates.ZERO).evaluateFullModel(examples);
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
        return minimize(directory, circuit, tolerance, Ranks.alone());
    }

    /**
     * The same together with other processes, which share the evaluations.
     *
     * @param directory this rank's directory of the run, for its prompts
     * @param circuit the circuit to start from
     * @param tolerance how much the mean KL on the training part may rise in all, nats
     * @param ranks the processes, which all call this
     * @return the smaller circuit with its KL before and after, on every rank
     */
    public Minimizer.Result minimize(RunDirectory directory, Circuit circuit, double tolerance, Ranks ranks) {
        List<Example> train = limited(read(directory)).train();
        try (AblationStates states = ablationStates(train)) {
            return new Minimizer(evaluator(states, ranks), train, tolerance).minimize(circuit);
        }
    }

    private Evaluator evaluator(AblationStates states) {
        return evaluator(states, Ranks.alone());
    }

    private Evaluator evaluator(AblationStates states, Ranks ranks) {
        return new Evaluator(
                model.model(),
                scorer(),
                states,
                Evaluator.batchSize(model.model(), options.training().batchSize()),
                Workers.of(model.model().execution()).on(ranks));
    }

    /**
     * What cut edges carry in a run of this session.
     *
     * @param train the run's training examples, of which means are taken, or prompts resampled from
     * @return the ablation, which the caller closes
     */
    public AblationStates ablationStates(List<Example> train) {
        return AblationStates.of(
                options.ablation(),
                model.model(),
                reference(train),
                options.training().batchSize(),
                options.controls().level().neurons());
    }

    private ReferencePrompts reference(List<Example> train) {
        return new ReferencePrompts(train, options.seed());
    }

    /**
     * Checks, before anything is computed, that the ablation is defined for all prompts, of which the training part is
     * its reference.
     *
     * @param dataset prompts of a run
     * @throws InputException as {@link ReferencePrompts#requireFor}
     */
    public void requireAblation(Dataset dataset) {
        for (Split split : Split.values()) {
            reference(dataset.train()).requireFor(options.ablation(), split.key(), dataset.part(split));
        }
    }

    /** The training examples, where the ablation needs them: generated once more where none were given. */
    private List<Example> training() {
        if (!options.ablation().needsReferencePrompts()) {
            return List.of();
        }
        Records records = data.map(Records::divided)
                .orElseGet(() -> task.generate(request()).records());
        return limited(task.tokenise(records, model.tokenizer())).train();
    }

    private DataRequest request() {
        return DataRequest.seeded(options.seed()).tokenizer(model.tokenizer());
    }

    /**
     * The scorer of the task for this model.
     *
     * @return what computes the task's metrics from logits
     */
    public Scorer scorer() {
        return task.scorer(model.tokenizer());
    }

    /**
     * Generates prompts if the run has none and is not given any. A run that was interrupted before it wrote its
     * prompts gets the same ones, which its digests confirm.
     */
    private Optional<Generated> generate(RunDirectory directory, Pruner.Listener listener) {
        boolean known = !directory.holdsRun() || directory.readRecord().inputs() != null;
        if (data.isPresent() || Files.exists(directory.data()) || !known) {
            return Optional.empty();
        }
        return Optional.of(generate(listener));
    }

    private Generated generate(Pruner.Listener listener) {
        Generated generated = task.generate(request());
        generated.notes().forEach(listener::noted);
        return generated;
    }

    /** More held-out prompts, where the run's own were generated; whoever gives prompts has others in mind. */
    private Map<HeldOut, List<Example>> heldOut(Dataset dataset, Pruner.Listener listener) {
        if (data.isPresent() || options.ablation().needsReferencePrompts()) {
            return Map.of();
        }
        Map<HeldOut, List<Example>> kinds = HeldOut.examples(
                task, DataRequest.seeded(options.seed()).tokenizer(model.tokenizer()), dataset.train());
        if (!options.controls().positions()) {
            return kinds;
        }
        int length = dataset.train().getFirst().length();
        Map<HeldOut, List<Example>> fitting = new EnumMap<>(HeldOut.class);
        kinds.forEach((kind, examples) -> {
            if (examples.stream().allMatch(example -> example.length() == length)) {
                fitting.put(kind, examples);
            } else {
                listener.noted("--positions: held-out prompts of the kind " + kind.key()
                        + " are left out: not all have " + length + " tokens");
            }
        });
        return fitting;
    }

    /**
     * The examples of a run of this session.
     *
     * @param directory the run, for the prompts that it generated
     * @return all parts; of the training part those that the session uses
     * @throws InputException if the prompts cannot be read
     */
    public Dataset dataset(RunDirectory directory) {
        return limited(read(directory));
    }

    private Dataset read(RunDirectory directory) {
        return task.tokenise(records(directory), model.tokenizer());
    }

    private Records records(RunDirectory directory) {
        // earlier versions did not divide files, nor record what was in the splits
        boolean undivided = directory.holdsRun() && directory.readRecord().inputs() == null;
        return data.map(path -> undivided ? Records.read(path) : Records.divided(path))
                .orElseGet(() -> Records.read(directory.data()));
    }

    private Dataset limited(Dataset dataset) {
        List<Example> train = dataset.train();
        int used = maxTrainSamples.orElse(Integer.MAX_VALUE);
        return used >= train.size() ? dataset : dataset.withTrain(train.subList(0, used));
    }
}
