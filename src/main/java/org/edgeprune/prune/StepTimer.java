package org.edgeprune.prune;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.edgeprune.eval.AblationStates;
import org.edgeprune.eval.Evaluator;
import org.edgeprune.eval.PromptCache;
import org.edgeprune.eval.ReferencePrompts;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.mask.HardConcrete;
import org.edgeprune.mask.MaskLayout;
import org.edgeprune.mask.MaskParameters;
import org.edgeprune.mask.MaskValues;
import org.edgeprune.mask.Noise;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.task.Example;
import org.edgeprune.task.Scorer;
import org.edgeprune.torch.LibTorch;
import org.edgeprune.torch.TensorScope;

/**
 * Times steps with no edge removed, as a run's first ones.
 *
 * @param options of the run
 * @param examples that steps are made of, from the first one on
 * @param scorer computes the task's metrics
 */
public record StepTimer(PruneOptions options, List<Example> examples, Scorer scorer) implements StepForecast.Timer {
    private static final int LEAST = 3;
    private static final int MOST = 15;

    /** Few steps of what takes long are timed, many of what is over at once, and so is noisy. */
    private static final double SHORT = 0.1;

    private static final double LONG = 10;

    @Override
    public StepTimes time(TransformerModel model, int prompts) {
        List<Example> some = examples.subList(0, Math.min(prompts, examples.size()));
        int[] all = IntStream.range(0, some.size()).toArray();
        Noise noise = new Noise(options.seed());
        ComputationGraph graph = options.graph().of(model.graphShape());
        int positions = options.controls().positions() ? some.getFirst().length() : 1;
        try (MaskParameters parameters = options.withNeurons(
                        MaskParameters.initial(
                                MaskLayout.positions(graph, positions),
                                HardConcrete.DEFAULT,
                                PruneOptions.PUBLISHED_LOG_ALPHA,
                                noise,
                                model.device()),
                        model,
                        noise);
                MaskTrainer trainer = new MaskTrainer(model, parameters, options.dense());
                AblationStates ablation = AblationStates.of(
                        options.ablation(),
                        model,
                        new ReferencePrompts(some, options.seed()),
                        some.size(),
                        options.controls().level().neurons());
                PromptCache uncached = new PromptCache(model, some, scorer, ablation, 0);
                PromptCache cached = new PromptCache(model, some, scorer, ablation, Long.MAX_VALUE)) {
            Evaluator evaluator =
                    new Evaluator(model, scorer, ablation, Evaluator.batchSize(model, some.size()), trainer.workers());
            MaskValues whole = MaskValues.full(graph);
            return new StepTimes(
                    median(model, () -> trainer.step(0, uncached.batches(all))),
                    median(model, () -> trainer.step(0, cached.batches(all))),
                    median(model, () -> evaluator.evaluate(some, whole)));
        }
    }

    /** Of several times, after one that is not counted. */
    private static double median(TransformerModel model, Runnable work) {
        seconds(model, work);
        double[] times = new double[MOST];
        double sum = 0;
        int count = 0;
        while (count < MOST && (count < LEAST ? sum < LONG : sum < SHORT)) {
            times[count] = seconds(model, work);
            sum += times[count++];
        }
        Arrays.sort(times, 0, count);
        return times[count / 2];
    }

    private static double seconds(TransformerModel model, Runnable work) {
        long began = System.nanoTime();
        try (TensorScope _ = TensorScope.open()) {
            work.run();
        }
        LibTorch.synchronize(model.device());
        return (System.nanoTime() - began) / 1e9;
    }
}
