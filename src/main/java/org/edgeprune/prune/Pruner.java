package org.edgeprune.prune;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.edgeprune.engine.Ranks;
import org.edgeprune.engine.Workers;
import org.edgeprune.eval.AblationStates;
import org.edgeprune.eval.Evaluation;
import org.edgeprune.eval.Evaluator;
import org.edgeprune.eval.FiniteLogits;
import org.edgeprune.eval.PromptBatch;
import org.edgeprune.eval.PromptBatches;
import org.edgeprune.eval.PromptCache;
import org.edgeprune.eval.ReferencePrompts;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.io.InputException;
import org.edgeprune.io.Json;
import org.edgeprune.mask.HardConcrete;
import org.edgeprune.mask.MaskLayout;
import org.edgeprune.mask.MaskParameters;
import org.edgeprune.mask.MaskValues;
import org.edgeprune.mask.Noise;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.safetensors.KeptState;
import org.edgeprune.safetensors.SafeTensorsWriter;
import org.edgeprune.task.Dataset;
import org.edgeprune.task.Example;
import org.edgeprune.task.HeldOut;
import org.edgeprune.task.PromptLength;
import org.edgeprune.task.Scorer;
import org.edgeprune.torch.TensorScope;

/**
 * Trains masks on the training part of a data set and writes everything to a run directory. {@link PruneSession} makes
 * one from a model and a task.
 *
 * @param model the full model
 * @param data training, validation and test examples
 * @param scorer computes the task's metrics from logits
 * @param record what {@code run.json} will say; its options are the run's
 * @param directory the run directory, whose lock the caller holds
 * @param pace how often to evaluate and to save
 * @param sources what the run's controls ask for beside the data
 * @param ranks the processes that make the run together, each with a directory of its own; the run's is rank 0's
 */
public record Pruner(
        TransformerModel model,
        Dataset data,
        Scorer scorer,
        RunRecord record,
        RunDirectory directory,
        Pace pace,
        Sources sources,
        Ranks ranks) {
    /** Steps between two looks at the circuit, for an early exit. */
    private static final int STEPS_PER_LOOK = 8;

    /**
     * What {@link PruneControls} may ask for beside the data.
     *
     * @param start ranks the edges of a run with a warm start; may be empty if the directory has its start already
     * @param fresh generates the prompts of later epochs; empty for a run on one set of prompts
     * @param heldOut more prompts to evaluate the circuit on, by what is new in them
     */
    public record Sources(
            Optional<WarmStart> start, Optional<FreshPrompts> fresh, Map<HeldOut, List<Example>> heldOut) {
        /** For runs of the published algorithm. */
        public static final Sources NONE = new Sources(Optional.empty(), Optional.empty(), Map.of());
    }

    /**
     * A run that needs no {@link Sources}.
     *
     * @param model the full model
     * @param data training, validation and test examples
     * @param scorer computes the task's metrics from logits
     * @param record what {@code run.json} will say; its options are the run's
     * @param directory the run directory, whose lock the caller holds
     * @param pace how often to evaluate and to save
     */
    public Pruner(
            TransformerModel model, Dataset data, Scorer scorer, RunRecord record, RunDirectory directory, Pace pace) {
        this(model, data, scorer, record, directory, pace, Sources.NONE);
    }

    /**
     * A run of one process.
     *
     * @param model the full model
     * @param data training, validation and test examples
     * @param scorer computes the task's metrics from logits
     * @param record what {@code run.json} will say; its options are the run's
     * @param directory the run directory, whose lock the caller holds
     * @param pace how often to evaluate and to save
     * @param sources what the run's controls ask for beside the data
     */
    public Pruner(
            TransformerModel model,
            Dataset data,
            Scorer scorer,
            RunRecord record,
            RunDirectory directory,
            Pace pace,
            Sources sources) {
        this(model, data, scorer, record, directory, pace, sources, Ranks.alone());
    }

    /**
     * How often a run is evaluated and saved, and how much memory it may use to be faster. None of it changes what is
     * trained, except that the cache decides in which order sums are made, which changes their last bits.
     *
     * @param evaluateEvery steps between evaluations on the validation part; 0 for none
     * @param saveEvery steps between checkpoints; 0 for none
     * @param cacheBytes memory for the full model's runs, bytes, see {@link PromptCache}
     */
    public record Pace(int evaluateEvery, int saveEvery, long cacheBytes) {
        /**
         * Checks the ranges.
         *
         * @throws IllegalArgumentException if a value is negative
         */
        public Pace {
            if (evaluateEvery < 0 || saveEvery < 0 || cacheBytes < 0) {
                throw new IllegalArgumentException("evaluateEvery " + evaluateEvery + ", saveEvery " + saveEvery
                        + ", cacheBytes " + cacheBytes + ": must not be negative");
            }
        }

        /** The same for a process whose directory is not kept. */
        Pace withoutCheckpoints() {
            return new Pace(evaluateEvery, 0, cacheBytes);
        }

        /** Evaluations and checkpoints every 64 steps, as published, and a cache of 4 GiB. */
        public static final Pace REFERENCE = new Pace(64, 64, 4L << 30);
    }

    /** Receives the progress of a run, on the thread that runs it. */
    public interface Listener {
        /**
         * Called with something to know about the data, or about the run that is resumed.
         *
         * @param note one line
         */
        default void noted(String note) {}

        /** Called before the edges are ranked that a new run starts from; from then on the run can be continued. */
        default void ranking() {}

        /**
         * Called before the first step.
         *
         * @param firstStep index of the first step; above 0 if the run is resumed
         * @param steps number of steps of the whole run
         */
        default void started(int firstStep, int steps) {}

        /**
         * Called after each step.
         *
         * @param metrics what the step measured
         */
        default void stepped(StepMetrics metrics) {}

        /**
         * Called after each evaluation on the validation part.
         *
         * @param step index of the last step made
         * @param binary the binary masks at this step, which give the circuit
         * @param metrics its mean metrics by name
         */
        default void evaluated(int step, MaskValues binary, Map<String, Double> metrics) {}
    }

    /** Thrown by a run whose loss or gradient norm became NaN or infinite. Its last checkpoint is intact. */
    public static final class DivergedException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        DivergedException(String message) {
            super(message);
        }
    }

    /**
     * Runs to the last step, evaluates the circuit on the test part, and writes the results.
     *
     * @param resume whether to continue from the directory's newest checkpoint
     * @param listener receives progress and notes
     * @return the circuit, its masks and their evaluation
     * @throws InputException if the directory holds another run, or a run and {@code resume} is false
     * @throws DivergedException if the loss stops being finite
     */
    public PruneResult run(boolean resume, Listener listener) {
        PruneOptions options = record.options();
        ComputationGraph graph = options.graph().of(model.graphShape());
        TrainingState checkpoints = new TrainingState(directory.checkpoints(), record);
        if (resume && directory.holdsRun()) {
            requireSame(directory.readRecord(), listener);
        }
        Optional<Path> start = resume ? checkpoints.newestIntact(listener::noted) : Optional.empty();
        if (!resume && checkpoints.newest().isPresent()) {
            throw new InputException(
                    directory.path() + ": holds a run already: continue it with --resume, or choose another --out");
        }
        if (!resume) {
            rankingState().remove();
        }
        if (start.isEmpty() && options.controls().warm()) {
            listener.ranking();
        }
        Noise noise = new Noise(options.seed());
        long began = System.nanoTime();
        try (MaskParameters parameters = parameters(graph, noise, start);
                AblationStates ablation = ablation();
                MaskTrainer trainer = new MaskTrainer(model, parameters, options, workers());
                TrainingPrompts prompts = new TrainingPrompts(
                        data.train(),
                        sources.fresh(),
                        options.training().batchSize(),
                        noise,
                        examples -> cache(examples, ablation))) {
            int first = start.map(file -> checkpoints.restore(file, trainer.optimizer()))
                    .orElse(0);
            Optional<StableCircuit> stable = start.flatMap(checkpoints::readStable);
            model.requireUnchanged();
            directory.write(record);
            if (start.isEmpty() && options.controls().warm()) {
                SafeTensorsWriter.write(directory.startFile(), TrainingState.parameterTensors(parameters));
                rankingState().remove();
            }
            directory.forgetStepsFrom(first);
            listener.started(first, options.training().steps());
            int made = first;
            for (int step = first; step < options.training().steps() && !isStable(stable, step); step++) {
                long stepBegan = System.nanoTime();
                StepMetrics metrics = step(trainer, prompts.batch(step), step, step == first);
                if (!metrics.sound()) {
                    throw new DivergedException(diverged(metrics, checkpoints));
                }
                ObjectNode line = RunDirectory.JSON.objectTree(metrics);
                metrics.neurons().ifPresent(neurons -> line.setAll(RunDirectory.JSON.objectTree(neurons)));
                if (ranks.size() > 1) {
                    Workers.Gathered gathered = trainer.workers().gathered();
                    line.put("ranks", ranks.size())
                            .put("gathered_bytes", gathered.bytes())
                            .put("gather_seconds", gathered.seconds());
                }
                directory.append(line.put("seconds", (System.nanoTime() - stepBegan) / 1e9));
                listener.stepped(metrics);
                made = step + 1;
                if (isLookedAt(made)) {
                    stable = Optional.of(look(stable, step, parameters, options));
                }
                if (due(made, pace.evaluateEvery(), options.training().steps())) {
                    MaskValues soft = parameters.deterministic();
                    MaskValues binary = soft.binary(options.thresholds(soft, made));
                    Map<String, Double> scores = evaluator(ablation)
                            .evaluate(data.validation(), binary)
                            .metrics();
                    directory.append(Json.object().put("step", step).set("validation", RunDirectory.JSON.tree(scores)));
                    listener.evaluated(step, binary, scores);
                }
                if (due(made, pace.saveEvery(), options.training().steps())) {
                    save(checkpoints, made, parameters, trainer, stable);
                }
            }
            if (pace.saveEvery() > 0) {
                save(checkpoints, made, parameters, trainer, stable);
            }
            return finish(parameters, ablation, made, (System.nanoTime() - began) / 1e9);
        }
    }

    /** A checkpoint, which is relied on: the log of its steps is on the disk, and all were steps of one model. */
    private void save(
            TrainingState checkpoints,
            int step,
            MaskParameters parameters,
            MaskTrainer trainer,
            Optional<StableCircuit> stable) {
        model.requireUnchanged();
        directory.syncSteps();
        checkpoints.save(step, parameters, trainer.optimizer(), stable);
    }

    /** The full model's runs on a list of examples, which are kept if each is used more than once. */
    private PromptCache cache(List<Example> examples, AblationStates ablation) {
        return new PromptCache(
                model, examples, scorer, ablation, sources.fresh().isPresent() ? 0 : pace.cacheBytes());
    }

    /** Whether an early exit is due: the circuit was just compared, and has been the same for the steps asked for. */
    private boolean isStable(Optional<StableCircuit> stable, int made) {
        return stable.isPresent()
                && isLookedAt(made)
                && made - 1 - stable.get().since()
                        >= record.options().controls().earlyExit();
    }

    /** From the end of the target's warm-up on: before it, the circuit is to change. */
    private boolean isLookedAt(int made) {
        PruneOptions options = record.options();
        return options.controls().earlyExit() > 0
                && made % STEPS_PER_LOOK == 0
                && made > options.targets().edgeSparsity().risen();
    }

    private static StableCircuit look(
            Optional<StableCircuit> before, int step, MaskParameters parameters, PruneOptions options) {
        MaskValues soft = parameters.deterministic();
        BitSet kept = StableCircuit.kept(soft.binary(options.thresholds(soft, step + 1)));
        return before.map(stable -> stable.then(step, kept)).orElseGet(() -> new StableCircuit(step, kept));
    }

    /** @throws InputException if the run that the directory holds is another one */
    private void requireSame(RunRecord before, Listener listener) {
        List<String> differences = record.differencesFrom(before);
        if (!differences.isEmpty()) {
            throw new InputException(
                    directory.path() + ": belongs to a run with other options, data or model (changed: "
                            + String.join(", ", differences)
                            + "): resume with what run.json says, or start anew in another --out");
        }
        if (before.inputs() == null) {
            listener.noted(directory.runFile() + ": is of an earlier version, which did not note the contents of data,"
                    + " config.json and tokenizer: taken to be unchanged");
        }
    }

    private StepMetrics step(MaskTrainer trainer, TrainingPrompts.Batch prompts, int step, boolean first) {
        try (TensorScope _ = TensorScope.open()) {
            PromptBatches batch = prompts.parts();
            StepMetrics metrics = trainer.step(
                    step,
                    first ? batch.each((part, numbers) -> requireFinite(part, prompts.examples(), numbers)) : batch);
            if (!metrics.sound()) {
                // else it is not the model's fault, and the run has diverged
                requireFinite(prompts.whole(), prompts.examples(), prompts.numbers());
            }
            return metrics;
        }
    }

    private void requireFinite(PromptBatch batch, List<Example> all, int[] numbers) {
        FiniteLogits.require(
                batch.fullLogits(),
                IntStream.of(numbers).mapToObj(all::get).toList(),
                scorer,
                i -> "training example " + (numbers[i] + 1) + " of " + all.size());
    }

    private static boolean due(int made, int every, int steps) {
        return every > 0 && made % every == 0 && made < steps;
    }

    private MaskParameters parameters(ComputationGraph graph, Noise noise, Optional<Path> start) {
        MaskLayout layout = layout(graph);
        HardConcrete distribution = HardConcrete.DEFAULT;
        boolean warm = record.options().controls().warm();
        Optional<Path> from =
                start.or(() -> Optional.of(directory.startFile()).filter(file -> warm && Files.exists(file)));
        return from.map(file -> TrainingState.readParameters(file, layout, distribution, model.device()))
                .orElseGet(() -> record.options()
                        .withNeurons(
                                warm
                                        ? ranked(graph, noise)
                                        : MaskParameters.initial(
                                                layout, distribution, edgeMean(), nodeMean(), noise, model.device()),
                                model,
                                noise));
    }

    /** Masks at each position are of prompts that all have as many tokens. */
    private MaskLayout layout(ComputationGraph graph) {
        return record.options().controls().positions()
                ? MaskLayout.positions(graph, PromptLength.of("training example", data.train()))
                : MaskLayout.edges(graph);
    }

    /** Edges without masks, like nodes without, are given such that no threshold could cut one. */
    private double edgeMean() {
        return record.options().controls().level().edges()
                ? record.options().training().initialLogAlpha()
                : PruneOptions.PUBLISHED_LOG_ALPHA;
    }

    private double nodeMean() {
        return record.options().controls().level().nodes()
                ? record.options().training().initialLogAlpha()
                : PruneOptions.PUBLISHED_LOG_ALPHA;
    }

    private MaskParameters ranked(ComputationGraph graph, Noise noise) {
        WarmStart start = sources.start()
                .orElseThrow(() -> new InputException(directory.path() + ": starts from "
                        + record.options().controls().warmStart()
                        + ", and start.safetensors is not there: name the scores again with --warm-start"));
        return MaskParameters.ranked(
                graph,
                HardConcrete.DEFAULT,
                start.keeping(rankingState()).ranking(graph, data.train(), workers()),
                record.options().targets().edgeSparsity().start(),
                nodeMean(),
                noise,
                model.device());
    }

    private KeptState rankingState() {
        return new KeptState(directory.rankingFile(), record.identity(), pace.saveEvery());
    }

    /** Its means are of the training examples. */
    private AblationStates ablation() {
        PruneOptions options = record.options();
        return AblationStates.of(
                options.ablation(),
                model,
                new ReferencePrompts(data.train(), options.seed()),
                options.training().batchSize(),
                options.controls().level().neurons());
    }

    private Evaluator evaluator(AblationStates ablation) {
        return new Evaluator(
                model,
                scorer,
                ablation,
                Evaluator.batchSize(model, record.options().training().batchSize()),
                workers());
    }

    private Workers workers() {
        return Workers.of(model.execution()).on(ranks);
    }

    private PruneResult finish(MaskParameters parameters, AblationStates ablation, int steps, double seconds) {
        MaskValues soft = parameters.deterministic();
        MaskValues.Thresholds thresholds = record.options().thresholds(soft, steps);
        MaskValues binary = soft.binary(thresholds);
        Evaluation evaluation =
                evaluator(ablation).evaluate(data.test(), binary); // the last use of the model, which checks it
        Map<HeldOut, Evaluation> heldOut = new EnumMap<>(HeldOut.class);
        sources.heldOut()
                .forEach((kind, examples) ->
                        heldOut.put(kind, evaluator(ablation).evaluate(examples, binary)));
        directory.syncSteps();
        PruneResult result = new PruneResult(soft, thresholds, binary, evaluation, heldOut, steps, seconds);
        SafeTensorsWriter.write(directory.masksFile(), TrainingState.parameterTensors(parameters));
        directory.writeCircuit(binary);
        if (binary.hasNeurons()) {
            directory.writeNeurons(binary);
        }
        directory.writeMetrics(result.metrics());
        return result;
    }

    private static String diverged(StepMetrics metrics, TrainingState checkpoints) {
        return "step " + metrics.step() + ": loss " + metrics.loss() + ", gradient norm " + metrics.gradNorm()
                + ": the run has diverged; lower the learning rates. "
                + checkpoints
                        .newest()
                        .map(f -> "The last good checkpoint is " + f)
                        .orElse("There is no checkpoint yet");
    }
}
