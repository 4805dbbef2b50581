package org.edgeprune.prune;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.edgeprune.AvailableMemory;
import org.edgeprune.eval.AblationStates;
import org.edgeprune.eval.Evaluator;
import org.edgeprune.eval.PromptCache;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.mask.HardConcrete;
import org.edgeprune.mask.MaskLayout;
import org.edgeprune.mask.MaskParameters;
import org.edgeprune.mask.MaskValues;
import org.edgeprune.mask.Noise;
import org.edgeprune.model.Execution;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.task.Dataset;
import org.edgeprune.task.Example;

/**
 * What a run would do, need and take: measured with some of its steps, of which nothing is written, or with steps of
 * smaller models.
 *
 * @param writers of the graph
 * @param readers of the graph
 * @param edges of the graph
 * @param positions that have masks of their own; 1 where all tokens have the same masks
 * @param trainExamples examples that masks are trained on
 * @param validationExamples examples of an evaluation during training
 * @param testExamples examples of the evaluation at the end
 * @param longestPrompt tokens of the longest prompt
 * @param steps of the run
 * @param batchSize examples of a step
 * @param edgeSparsity the target at the end
 * @param memoryBytes predicted peak, bytes; of all devices together
 * @param gpus the predicted peak of each GPU; none on the CPU
 * @param stepSeconds a step with no edge removed, on examples for which the full model has been run; later steps, in
 *     which removed edges are skipped, take less
 * @param firstStepSeconds the same with the full model's runs, as in the first epoch, and in all where data are fresh
 * @param rankingSeconds the ranking of the edges that the run starts from; 0 where there is none to be computed
 * @param runSeconds the run with its ranking and evaluations, an upper estimate for steps that take {@code stepSeconds}
 * @param forecast whether the times follow from steps of smaller models ({@link StepForecast}), because those of the
 *     whole model would take long or need more memory than there is
 */
public record PrunePlan(
        int writers,
        int readers,
        int edges,
        int positions,
        int trainExamples,
        int validationExamples,
        int testExamples,
        int longestPrompt,
        int steps,
        int batchSize,
        double edgeSparsity,
        long memoryBytes,
        List<GpuMemory> gpus,
        double stepSeconds,
        double firstStepSeconds,
        double rankingSeconds,
        double runSeconds,
        boolean forecast) {
    /** Weights of which a step takes so long that it is forecast, bytes. */
    private static final long LARGE = 4L << 30;

    /** Batches that are timed, after one that is not. */
    private static final int BATCHES = 3;

    /** Examples of the evaluation that is timed. */
    private static final int EVALUATED = 32;

    /**
     * Plans a new run: reads or generates its prompts, and makes some steps.
     *
     * @param session the run
     * @param listener receives notes about the prompts
     * @return the plan
     * @throws org.edgeprune.io.InputException if the prompts cannot be used or a step would not fit into memory
     */
    public static PrunePlan of(PruneSession session, Pruner.Listener listener) {
        PruneOptions options = session.options();
        TransformerModel model = session.model().model();
        Dataset data = session.newDataset(listener);
        List<Example> train = data.train();
        MemoryGuard guard = MemoryGuard.of(session, train);
        guard.require();
        ComputationGraph graph = options.graph().of(model.graphShape());
        int positions = options.controls().positions() ? train.getFirst().length() : 1;
        boolean forecast = model.execution().offload() || (model.execution().isOnCpu() && guard.weightBytes() > LARGE);
        StepTimes times = forecast ? forecast(session, data, listener) : measured(session, data, graph, positions);
        int steps = options.training().steps();
        // steps on examples for which the full model has not been run: those of the first epoch, or all on fresh data
        long unseen = options.controls().freshData()
                ? steps
                : Math.min(steps, Math.ceilDiv(train.size(), options.training().batchSize()));
        int every = session.pace().evaluateEvery();
        long evaluations = every == 0 ? 0 : (steps - 1) / every;
        int together = Math.min(options.training().batchSize(), train.size());
        double ranking =
                session.warmStart().map(start -> start.passes(train.size())).orElse(0L) * times.cached() / together;
        double run = ranking
                + unseen * times.full()
                + (steps - unseen) * times.cached()
                + times.evaluation()
                        * (evaluations * data.validation().size() + data.test().size());
        return new PrunePlan(
                graph.nodeCount(),
                graph.readers().size(),
                graph.edgeCount(),
                positions,
                train.size(),
                data.validation().size(),
                data.test().size(),
                longest(data),
                steps,
                together,
                options.targets().edgeSparsity().target(),
                StepMemory.of(guard.work()).total(),
                GpuMemory.of(guard.work()),
                times.cached(),
                times.full(),
                ranking,
                run,
                forecast);
    }

    /** Makes steps of the whole model. */
    private static StepTimes measured(PruneSession session, Dataset data, ComputationGraph graph, int positions) {
        PruneOptions options = session.options();
        TransformerModel model = session.model().model();
        List<Example> train = data.train();
        Noise noise = new Noise(options.seed());
        BatchSampler sampler = new BatchSampler(train.size(), options.training().batchSize(), noise);
        double[] first = new double[BATCHES];
        double[] again = new double[BATCHES];
        try (MaskParameters parameters = options.withNeurons(
                        MaskParameters.initial(
                                MaskLayout.positions(graph, positions),
                                HardConcrete.DEFAULT,
                                options.training().initialLogAlpha(),
                                noise,
                                model.device()),
                        model,
                        noise);
                MaskTrainer trainer = new MaskTrainer(model, parameters, options.dense());
                AblationStates ablation = session.ablationStates(train);
                PromptCache cache = new PromptCache(
                        model, train, session.scorer(), ablation, session.pace().cacheBytes())) {
            seconds(() -> trainer.step(0, cache.batches(sampler.batch(0))));
            for (int i = 0; i < BATCHES; i++) {
                int[] batch = sampler.batch(i + 1);
                first[i] = seconds(() -> trainer.step(0, cache.batches(batch)));
                again[i] = seconds(() -> trainer.step(0, cache.batches(batch)));
            }
            return new StepTimes(
                    median(first), median(again), evaluation(session, ablation, data.validation(), parameters));
        }
    }

    /** Makes steps of smaller models. The time of evaluations is that of an example here, too. */
    private static StepTimes forecast(PruneSession session, Dataset data, Pruner.Listener listener) {
        PruneOptions options = session.options();
        TransformerModel model = session.model().model();
        Execution execution = model.execution();
        List<Example> train = data.train();
        int prompts = Math.min(options.training().batchSize(), train.size());
        double tokens = train.stream().mapToInt(Example::length).average().orElse(1);
        int cut = execution.microBatchOf(model.sizes());
        StepForecast forecast = StepForecast.ofStored(
                session.model().directory(), execution, new StepTimer(options, train, session.scorer()));
        int few = forecast.few(prompts, tokens);
        listener.noted("timing some of %d layers, and narrow models of all of them, with %d and %d prompts"
                .formatted(model.graphShape().layers(), few, Math.min(2 * few, prompts)));
        StepTimes computed = forecast.of(prompts, tokens);
        int microBatches = cut == 0 ? 1 : (int) Math.max(1, Math.ceil(prompts * tokens / cut));
        StepTimes step = reads(session, listener)
                .map(reads -> computed.atLeast(reads.of(microBatches)))
                .orElse(computed);
        boolean kept = PromptCache.bytes(model, train, session.scorer(), options.ablation())
                <= session.pace().cacheBytes();
        return new StepTimes(step.full(), kept ? step.cached() : step.full(), step.evaluation() / prompts);
    }

    /** Offloaded weights that the machine cannot keep in memory; empty for others. */
    private static Optional<WeightReads> reads(PruneSession session, Pruner.Listener listener) {
        long stored = session.model().storedBytes();
        OptionalLong room = AvailableMemory.withOwn();
        if (!session.model().model().execution().offload() || room.isEmpty() || stored < room.getAsLong()) {
            return Optional.empty();
        }
        Optional<WeightReads> reads = WeightReads.of(session.model().directory(), stored);
        listener.noted(
                "the weights (%.1f GB) do not fit into memory (%.1f GB), so that each pass over them reads the disk, %s"
                        .formatted(
                                stored / 1e9,
                                room.getAsLong() / 1e9,
                                reads.map(disk -> "%.2f GB a second".formatted(disk.bytesPerSecond() / 1e9))
                                        .orElse("whose speed could not be measured: the times are too low")));
        return reads;
    }

    /** Seconds that the evaluation of an example takes. */
    private static double evaluation(
            PruneSession session, AblationStates ablation, List<Example> examples, MaskParameters parameters) {
        List<Example> some = examples.subList(0, Math.min(EVALUATED, examples.size()));
        MaskValues soft = parameters.deterministic();
        MaskValues binary = soft.binary(soft.thresholds());
        Evaluator evaluator = new Evaluator(
                session.model().model(),
                session.scorer(),
                ablation,
                session.options().training().batchSize());
        return seconds(() -> evaluator.evaluate(some, binary)) / some.size();
    }

    private static double seconds(Runnable work) {
        long began = System.nanoTime();
        work.run();
        return (System.nanoTime() - began) / 1e9;
    }

    private static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }

    private static int longest(Dataset data) {
        List<Example> all = new ArrayList<>(data.train());
        all.addAll(data.validation());
        all.addAll(data.test());
        return all.stream().mapToInt(Example::length).max().orElse(0);
    }
}
