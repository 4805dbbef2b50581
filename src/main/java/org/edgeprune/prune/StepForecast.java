package org.edgeprune.prune;

import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.IntFunction;
import org.edgeprune.engine.Workers;
import org.edgeprune.graph.ComputationGraph;
import org.edgeprune.model.ConfigTemplate;
import org.edgeprune.model.Decoder;
import org.edgeprune.model.Execution;
import org.edgeprune.model.ModelSizes;
import org.edgeprune.model.Models;
import org.edgeprune.model.Placement;
import org.edgeprune.model.RandomWeights;
import org.edgeprune.model.TransformerModel;

/**
 * Forecasts the time of a step of a large model on this machine, on which nothing else runs, from steps of models that
 * are small in one direction:
 *
 * <ul>
 *   <li>its first layers, in their width: what each layer adds, which is attention, MLP and, with offloading, the
 *       loading of its weights;
 *   <li>all its layers and heads, in two small widths: what an edge takes. The number of edges grows with the square of
 *       the layers, and the time of mixing one with the width.
 * </ul>
 *
 * A step of l layers in width h is taken to be
 *
 * <pre>  T(l, h) = a(h) + b(h) l + c(h) E(l)</pre>
 *
 * with E(l) edges. Slices of 1 and m layers in the model's width H give the line through T(1, H) and T(m, H); narrow
 * models of 1, L / 2 and L layers give c in their widths, and the line through these gives c(H). At L layers
 *
 * <pre>  T(L, H) = line(T(1, H), T(m, H)) + c(H) (E(L) - line(E(1), E(m)))</pre>
 *
 * All are measured with few prompts and with twice as many, and taken to lie on a line, too. That the weights of all
 * layers do not fit into the page cache together, as those of a slice do, is not part of it: see {@link WeightReads}.
 */
public final class StepForecast {
    /** Weights of a slice, bytes in F32: of more layers, time is measured the better. */
    private static final long SLICE_BYTES = 1L << 30;

    private static final int LEAST_LAYERS = 3;

    /** Values of a head in the narrow models. */
    private static final int[] HEAD_DIMS = {2, 4};

    /** Below this many layers the model is its own slice. */
    private static final int FEW_LAYERS = 4;

    /** Tokens that small models are timed with where a batch is not cut into micro-batches. */
    private static final int FEW_TOKENS = 80;

    private final int layers;
    private final int slices;
    private final int hidden;
    private final Execution execution;
    private final IntFunction<TransformerModel> slice;
    private final IntFunction<IntFunction<TransformerModel>> narrow;
    private final Timer timer;

    /** Times steps of a model on prompts. */
    @FunctionalInterface
    public interface Timer {
        /**
         * Times steps.
         *
         * @param model the model; its vocabulary is that of the forecast's model
         * @param prompts how many of the prompts are in a step
         * @return seconds
         */
        StepTimes time(TransformerModel model, int prompts);
    }

    private StepForecast(
            ModelSizes sizes,
            Execution execution,
            IntFunction<TransformerModel> slice,
            IntFunction<IntFunction<TransformerModel>> narrow,
            Timer timer) {
        this.layers = sizes.graph().layers();
        this.slices = Math.clamp(
                SLICE_BYTES / (Float.BYTES * sizes.layerParameters()),
                LEAST_LAYERS,
                Math.max(LEAST_LAYERS, layers / 2));
        this.hidden = sizes.hidden();
        this.execution = execution;
        this.slice = slice;
        this.narrow = narrow;
        this.timer = timer;
    }

    /**
     * A forecast for the model of a directory. Reads some of its layers, embeddings and unembedding.
     *
     * @param directory a model directory
     * @param execution how the model is run
     * @param timer times steps
     * @return what measures when it is asked
     */
    public static StepForecast ofStored(Path directory, Execution execution, Timer timer) {
        ConfigTemplate template = ConfigTemplate.of(directory.toString());
        return of(template, execution, (decoder, how) -> Models.open(directory, decoder, how), timer);
    }

    /**
     * A forecast for a model of random weights.
     *
     * @param template its configuration
     * @param execution how the model is run, not offloaded
     * @param timer times steps
     * @return what measures when it is asked
     */
    public static StepForecast ofRandom(ConfigTemplate template, Execution execution, Timer timer) {
        return of(
                template, execution, (decoder, how) -> TransformerModel.of(decoder, new RandomWeights(1), how), timer);
    }

    /** Makes a model of the first layers. */
    @FunctionalInterface
    private interface Opener {
        TransformerModel open(Decoder decoder, Execution execution);
    }

    private static StepForecast of(ConfigTemplate template, Execution asked, Opener opener, Timer timer) {
        ModelSizes sizes = Models.decoder(template.config()).sizes();
        // a smaller model's default would be another
        Execution execution = new Execution(
                List.of(Placement.on(asked.device())), // slices have fewer layers than a map of devices
                asked.dtype(),
                asked.offload(),
                asked.recompute(),
                OptionalInt.of(asked.microBatchOf(sizes)),
                asked.workers());
        return new StepForecast(
                sizes,
                execution,
                count -> opener.open(Models.decoder(template.withLayers(count).config()), execution),
                headDim -> {
                    ConfigTemplate thin = ConfigTemplate.llama(sizes, headDim);
                    return count -> TransformerModel.of(
                            Models.decoder(thin.withLayers(count).config()), new RandomWeights(1), resident(execution));
                },
                timer);
    }

    /** Random weights are not in a file, from which they could be loaded. */
    private static Execution resident(Execution execution) {
        return new Execution(
                execution.copies(),
                execution.dtype(),
                false,
                execution.recompute(),
                execution.microBatch(),
                execution.workers());
    }

    /**
     * The prompts that small models are timed with, besides twice as many: those that the workers run at a time, or
     * some 80 tokens where batches are not cut. GPUs take as long for few prompts as for some more, and get all.
     *
     * @param prompts of a step
     * @param tokens of a prompt, on average
     * @return at least 1
     */
    public int few(int prompts, double tokens) {
        if (!execution.isOnCpu()) {
            return prompts;
        }
        int cut = execution.microBatch().orElseThrow();
        return (int) Math.clamp((cut == 0 ? FEW_TOKENS : (long) cut * Workers.most(execution)) / tokens, 1, prompts);
    }

    /**
     * Measures, and forecasts a step.
     *
     * @param prompts of a step
     * @param tokens of a prompt, on average
     * @return seconds of a step with no edge removed
     */
    public StepTimes of(int prompts, double tokens) {
        int few = few(prompts, tokens);
        if (prompts <= 2 * few) {
            return atPrompts(prompts);
        }
        return atPrompts(few).line(few, atPrompts(2 * few), 2.0 * few, prompts);
    }

    private StepTimes atPrompts(int prompts) {
        if (layers < FEW_LAYERS) {
            return timed(slice.apply(layers), prompts).times();
        }
        Timed one = timed(slice.apply(1), prompts);
        Timed more = timed(slice.apply(slices), prompts);
        StepTimes each = one.times().line(1, more.times(), slices, layers).atLeast(one.times());
        Timed[] thin = new Timed[HEAD_DIMS.length];
        for (int i = 0; i < thin.length; i++) {
            thin[i] = edge(narrow.apply(HEAD_DIMS[i]), prompts);
        }
        StepTimes edge = thin[0].times()
                .line(thin[0].hidden(), thin[1].times().atLeast(thin[0].times()), thin[1].hidden(), hidden)
                .atLeast(StepTimes.NONE);
        return each.plus(edge.times(thin[0].edges() - line(1, one.edges(), slices, more.edges(), layers)));
    }

    /** What an edge takes in one of the small widths, c(h). */
    private Timed edge(IntFunction<TransformerModel> models, int prompts) {
        int half = layers / 2;
        Timed one = timed(models.apply(1), prompts);
        Timed some = timed(models.apply(half), prompts);
        Timed all = timed(models.apply(layers), prompts);
        StepTimes beyond = all.times().minus(one.times().line(1, some.times(), half, layers));
        double edges = all.edges() - line(1, one.edges(), half, some.edges(), layers);
        return new Timed(beyond.times(1 / edges).atLeast(StepTimes.NONE), all.edges(), all.hidden());
    }

    private static double line(double x1, double y1, double x2, double y2, double x) {
        return y1 + (y2 - y1) * (x - x1) / (x2 - x1);
    }

    /**
     * @param times of a step, or of an edge in it
     * @param edges of the model's graph
     * @param hidden its width
     */
    private record Timed(StepTimes times, int edges, int hidden) {}

    private Timed timed(TransformerModel model, int prompts) {
        try (model) {
            return new Timed(
                    timer.time(model, prompts),
                    new ComputationGraph(model.graphShape()).edgeCount(),
                    model.hiddenSize());
        }
    }
}
