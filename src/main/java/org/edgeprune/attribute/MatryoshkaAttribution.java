package org.edgeprune.attribute;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.edgeprune.engine.LossGradients;
import org.edgeprune.engine.MaskedPass;
import org.edgeprune.engine.Ranks;
import org.edgeprune.eval.PromptBatch;
import org.edgeprune.eval.PromptBatches;
import org.edgeprune.eval.PromptCache;
import org.edgeprune.io.InputException;
import org.edgeprune.mask.MaskLayout;
import org.edgeprune.mask.Masks;
import org.edgeprune.mask.Noise;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.prune.AdamW;
import org.edgeprune.prune.BatchSampler;
import org.edgeprune.safetensors.KeptState;
import org.edgeprune.task.Example;
import org.edgeprune.torch.Autograd;
import org.edgeprune.torch.DType;
import org.edgeprune.torch.Tensor;
import org.edgeprune.torch.TensorScope;

/**
 * Matryoshka attribution (MAttr, Arora et al. 2026): trains one score for every edge so that the circuit of the best k
 * edges is good for every k.
 *
 * <p>Each step draws {@code k = exp(U(0, ln n))} of n edges and some examples, masks the model with the
 * {@link SoftTopK} of the scores, and descends the objective in the scores. Scores begin at zero, or at a ranking
 * ({@link #startFrom}); a {@link MatryoshkaSchedule} may draw k from fewer sizes, and make masks harder and steps
 * smaller in the course of the training. Edges rank by their signed scores.
 *
 * <p>Owns scores and optimiser.
 */
public final class MatryoshkaAttribution implements AutoCloseable {
    private final AttributionSetting setting;
    private final Options options;
    private final List<Example> examples;
    private final PromptCache cache;
    private final BatchSampler sampler;
    private final Noise noise;
    private final Tensor scores;
    private final AdamW optimizer;

    /**
     * Hyper-parameters.
     *
     * @param steps number of steps
     * @param learningRate of Adam, above 0 and at most {@value #LARGEST}
     * @param temperature T of {@link SoftTopK}, in the same range
     * @param seed of the draws of k and of examples
     * @param schedule how these change from step to step
     */
    public record Options(int steps, double learningRate, double temperature, long seed, MatryoshkaSchedule schedule) {
        /** Steps of {@link #annealed}. */
        public static final int STEPS = 300;

        /** Examples of a step that go with {@link #STEPS}. */
        public static final int BATCH = 8;

        /** Far beyond anything that is of use; larger numbers overflow. */
        public static final double LARGEST = 1000;

        /** The usual rate of Adam. */
        public static final double LEARNING_RATE = 0.05;

        /** The usual temperature. */
        public static final double TEMPERATURE = 0.5;

        /** Checks the values. */
        public Options {
            if (steps < 1 || !inRange(learningRate) || !inRange(temperature)) {
                throw new IllegalArgumentException(
                        steps + " steps, learning rate " + learningRate + ", temperature " + temperature);
            }
        }

        /**
         * Hyper-parameters of a training with the published schedule.
         *
         * @param steps number of steps
         * @param learningRate of Adam, above 0 and at most {@value #LARGEST}
         * @param temperature T of {@link SoftTopK}, in the same range
         * @param seed of the draws of k and of examples
         */
        public Options(int steps, double learningRate, double temperature, long seed) {
            this(steps, learningRate, temperature, seed, MatryoshkaSchedule.PUBLISHED);
        }

        /**
         * Hyper-parameters of a short training whose circuits hold on new prompts, from a warm start: {@link #STEPS}
         * steps of {@link #BATCH} examples with {@link MatryoshkaSchedule#ANNEALED}.
         *
         * @param seed of the draws of k and of examples
         * @return the hyper-parameters
         */
        public static Options annealed(long seed) {
            return new Options(STEPS, LEARNING_RATE, TEMPERATURE, seed, MatryoshkaSchedule.ANNEALED);
        }

        private static boolean inRange(double value) {
            return value > 0 && value <= LARGEST;
        }
    }

    /** What follows the training. */
    public interface Listener {
        /**
         * Called after each step.
         *
         * @param step its index from 0
         * @param k how many edges the masks summed to
         * @param loss of the step's examples
         * @param attribution the training, to be kept or not
         */
        void stepped(int step, double k, double loss, MatryoshkaAttribution attribution);
    }

    /**
     * The scores of a whole training that starts from EAP-IG's ranking ({@link ScoredStart#eapIg(AttributionSetting,
     * AttributionSetting.Progress)}).
     *
     * @param setting what is attributed; its batch size is the number of examples of a step
     * @param options hyper-parameters
     * @param examples prompt pairs
     * @param cacheBytes memory for the full model's runs, which are then made once
     * @param kept where the training keeps its state, and goes on from; empty to keep none
     * @param progress follows both parts, each of which counts from zero
     * @return the trained scores
     * @throws InputException if an example lacks an answer that the objective needs, or the state is not of this
     *     training
     */
    public static EdgeScores fromEapIg(
            AttributionSetting setting,
            Options options,
            List<Example> examples,
            long cacheBytes,
            Optional<KeptState> kept,
            AttributionSetting.Progress progress) {
        try (MatryoshkaAttribution training = new MatryoshkaAttribution(setting, options, examples, cacheBytes)) {
            kept.flatMap(State::read).ifPresentOrElse(training::restore, () -> {
                training.startFrom(
                        ScoredStart.eapIg(setting, progress).ranking(setting.graph(), examples, setting.workers()));
                kept.filter(file -> file.isDue(0)).ifPresent(training::keep);
            });
            return training.train((step, k, loss, now) -> {
                kept.filter(file -> file.isDue(step + 1)).ifPresent(now::keep);
                progress.at(step + 1L, options.steps());
            });
        }
    }

    /**
     * A training before its first step.
     *
     * @param setting what is attributed; its batch size is the number of examples of a step
     * @param options hyper-parameters
     * @param examples prompt pairs
     * @param cacheBytes memory for the full model's runs, which are then made once
     * @throws InputException if an example lacks an answer that the objective needs
     */
    public MatryoshkaAttribution(AttributionSetting setting, Options options, List<Example> examples, long cacheBytes) {
        setting.requireAnswers(examples);
        this.setting = setting;
        this.options = options;
        this.examples = List.copyOf(examples);
        this.noise = new Noise(options.seed());
        this.sampler = new BatchSampler(examples.size(), setting.batchSize(), noise);
        this.cache = new PromptCache(setting.model(), examples, setting.scorer(), setting.ablation(), cacheBytes);
        try (TensorScope scope = TensorScope.open()) {
            this.scores = scope.release(
                    Tensor.zeros(setting.graph().edgeCount()).to(setting.model().device()));
        }
        this.optimizer = new AdamW(
                List.of(new AdamW.Group(scores, options.learningRate(), false)),
                new AdamW.Settings(0.9, 0.999, 1e-8, 0));
    }

    /**
     * Starts from a ranking: the mask of the edge at place r of n, 0 being the best, begins at
     *
     * <pre>  sigmoid(logit(q) - tau / T),   q = 1 - (r + 1/2) / n</pre>
     *
     * @param ranking the edges' numbers from the best to the worst, each once
     * @throws IllegalStateException if a step was made already
     */
    public void startFrom(int[] ranking) {
        if (steps() > 0) {
            throw new IllegalStateException("after " + steps() + " steps");
        }
        int edges = setting.graph().edgeCount();
        float[] start = new float[edges];
        for (int place = 0; place < edges; place++) {
            double share = 1 - (place + 0.5) / edges;
            start[ranking[place]] = (float) (options.temperature() * Math.log(share / (1 - share)));
        }
        try (TensorScope _ = TensorScope.open()) {
            scores.copy_(Tensor.of(start, edges));
        }
    }

    /**
     * Trains to the end, from the first step or from where {@link #restore} went.
     *
     * @param listener follows the steps
     * @return the scores, without a unit
     * @throws InputException if the loss or a score stops being finite
     */
    public EdgeScores train(Listener listener) {
        for (int step = optimizer.steps(); step < options.steps(); step++) {
            step(step, listener);
        }
        setting.model().requireUnchanged();
        return scores();
    }

    private void step(int step, Listener listener) {
        double k = budget(step);
        double loss;
        try (TransformerModel.Use _ = setting.model().use();
                TensorScope _ = TensorScope.open()) {
            MatryoshkaSchedule schedule = options.schedule();
            SoftTopK top = SoftTopK.of(scores, k, options.temperature() * schedule.temperature(step, options.steps()));
            Tensor nodes = Tensor.ones(setting.graph().nodeCount()).to(scores.device());
            Masks masks = new Masks(MaskLayout.edges(setting.graph()), top.masks(), nodes);
            PromptBatches batch = cache.batches(sampler.batch(step));
            requireSame(step, top);
            LossGradients total = LossGradients.of(
                    setting.workers(),
                    setting.model(),
                    batch.count(),
                    (copy, number) -> gradients(copy, masks, batch, number));
            loss = total.loss().item();
            if (!Double.isFinite(loss)) {
                throw new InputException("step " + step + ": the loss is " + loss
                        + ": the training has diverged; lower the learning rate (mattr --learning-rate)");
            }
            Tensor gradient = top.gradient(total.toMasks().edges());
            optimizer.step(
                    List.of(schedule.unitGradients() ? unit(gradient) : gradient),
                    schedule.learningRate(step, options.steps()));
        }
        listener.stepped(step, k, loss, this);
    }

    /**
     * Every rank makes every update; if one of them rounds differently, its masks are no longer those of the others.
     */
    private void requireSame(int step, SoftTopK top) {
        Ranks ranks = setting.workers().ranks();
        if (ranks.size() > 1) {
            ranks.requireSame(
                    "the masks of step " + step + ": run all ranks on processors of one kind", floats(top.masks()));
        }
    }

    /** k, log-uniform. */
    private double budget(int step) {
        double uniform = noise.random(Noise.Stream.EDGES, step).nextDouble();
        return options.schedule().size(uniform, setting.graph().edgeCount());
    }

    /** The gradient divided by its norm, or itself where it is zero; without a look at it on the host. */
    private static Tensor unit(Tensor gradient) {
        Tensor exact = gradient.to(DType.F64);
        Tensor norm = exact.mul(exact).sum().sqrt();
        return norm.gt(0).where(exact.mul(norm.pow(-1)).to(DType.F32), gradient);
    }

    /** A micro-batch's, in the caller's scope, while the step is using the model. */
    private LossGradients gradients(TransformerModel copy, Masks masks, PromptBatches batches, int number) {
        TensorScope scope = TensorScope.open();
        try (scope) {
            PromptBatch batch = batches.make(copy, number);
            List<Example> members = IntStream.of(batches.parts().get(number))
                    .mapToObj(examples::get)
                    .toList();
            MaskedPass pass = batch.pass(
                    copy,
                    masks.to(copy.device()),
                    copy.execution().recompute() ? MaskedPass.Gradients.RECOMPUTED : MaskedPass.Gradients.KEPT);
            Tensor loss;
            Tensor toResidual;
            try (TensorScope inner = TensorScope.open()) {
                Tensor logits = batch.logits(copy, pass);
                Tensor mean = setting.objective().loss(logits, batch, members, setting.scorer());
                loss = inner.keep(mean.detach());
                toResidual = inner.keep(Autograd.grad(mean, pass.finalResidual())[0]);
            }
            LossGradients gradients = new LossGradients(loss, pass.backward(toResidual));
            gradients.keepIn(scope);
            return gradients;
        }
    }

    /**
     * The scores as they are.
     *
     * @return a copy
     * @throws InputException if one is not finite
     */
    public EdgeScores scores() {
        return EdgeScores.of(setting.graph(), floats(scores));
    }

    /**
     * Steps that were made.
     *
     * @return from 0 on
     */
    public int steps() {
        return optimizer.steps();
    }

    /**
     * What a later run continues from.
     *
     * @param steps that were made
     * @param scores by edge number
     * @param firstMoments Adam's m
     * @param secondMoments Adam's v
     */
    public record State(int steps, float[] scores, float[] firstMoments, float[] secondMoments) {
        private static final String STEPS = "done";
        private static final String SCORES = "scores";
        private static final String FIRST = "optimizer.m";
        private static final String SECOND = "optimizer.v";

        private void write(KeptState kept) {
            try (TensorScope _ = TensorScope.open()) {
                kept.write(
                        Map.of(
                                SCORES, Tensor.of(scores, scores.length),
                                FIRST, Tensor.of(firstMoments, firstMoments.length),
                                SECOND, Tensor.of(secondMoments, secondMoments.length)),
                        Map.of(STEPS, Integer.toString(steps)));
            }
        }

        /**
         * Reads a state that was kept.
         *
         * @param kept the file
         * @return the state; empty if the training has not been interrupted
         * @throws InputException if the file is damaged, or of another training
         */
        public static Optional<State> read(KeptState kept) {
            return kept.read(file -> new State(
                    Integer.parseInt(file.metadata().get(STEPS)),
                    file.tensor(SCORES).toFloats(),
                    file.tensor(FIRST).toFloats(),
                    file.tensor(SECOND).toFloats()));
        }
    }

    /**
     * The state after the last step.
     *
     * @return a copy
     */
    public State state() {
        return new State(
                steps(),
                floats(scores),
                floats(optimizer.firstMoments().getFirst()),
                floats(optimizer.secondMoments().getFirst()));
    }

    /**
     * Keeps the state after the last step in a file.
     *
     * @param kept the file
     * @throws InputException if the weights are not those that the training began with
     */
    public void keep(KeptState kept) {
        setting.model().requireUnchanged();
        state().write(kept);
    }

    private static float[] floats(Tensor tensor) {
        try (TensorScope _ = TensorScope.open()) {
            return tensor.toFloats();
        }
    }

    /**
     * Continues from another run's state: the steps that follow have the same bits as that run's.
     *
     * @param state of a training of the same setting, options and examples
     */
    public void restore(State state) {
        try (TensorScope _ = TensorScope.open()) {
            scores.copy_(Tensor.of(state.scores(), state.scores().length));
        }
        optimizer.restore(state.steps(), List.of(state.firstMoments()), List.of(state.secondMoments()));
    }

    @Override
    public void close() {
        cache.close();
        optimizer.close();
        scores.close();
    }
}
