package org.edgeprune.prune;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.edgeprune.engine.KlDivergence;
import org.edgeprune.engine.LossGradients;
import org.edgeprune.engine.MaskedPass;
import org.edgeprune.engine.Phase;
import org.edgeprune.engine.Workers;
import org.edgeprune.eval.PromptBatch;
import org.edgeprune.eval.PromptBatches;
import org.edgeprune.mask.HardConcrete;
import org.edgeprune.mask.Lagrangian;
import org.edgeprune.mask.MaskParameters;
import org.edgeprune.mask.MaskParameters.Multiplier;
import org.edgeprune.mask.Masks;
import org.edgeprune.mask.Noise;
import org.edgeprune.model.TransformerModel;
import org.edgeprune.torch.Autograd;
import org.edgeprune.torch.DType;
import org.edgeprune.torch.GradMode;
import org.edgeprune.torch.Tensor;
import org.edgeprune.torch.TensorScope;

/** The optimisation steps of edge pruning. Owns its optimiser, not the parameters. */
public final class MaskTrainer implements AutoCloseable {
    private final TransformerModel model;
    private final MaskParameters parameters;
    private final PruneOptions options;
    private final Noise noise;
    private final LearningRateSchedule schedule;
    private final AdamW optimizer;
    private final Workers workers;
    private final TargetHold hold;

    /**
     * A trainer whose optimiser has not made a step yet.
     *
     * @param model the full model
     * @param parameters log_alphas and Lagrange multipliers, which the steps change
     * @param options hyper-parameters
     */
    public MaskTrainer(TransformerModel model, MaskParameters parameters, PruneOptions options) {
        this(model, parameters, options, Workers.of(model.execution()));
    }

    /**
     * A trainer whose steps are run by given workers, perhaps of several ranks.
     *
     * @param model the full model
     * @param parameters log_alphas and Lagrange multipliers, which the steps change; the same on all ranks
     * @param options hyper-parameters
     * @param workers run the steps' micro-batches
     */
    public MaskTrainer(TransformerModel model, MaskParameters parameters, PruneOptions options, Workers workers) {
        this.model = model;
        this.parameters = parameters;
        this.options = options;
        this.noise = new Noise(options.seed());
        this.schedule = new LearningRateSchedule(
                options.learningRates().warmupSteps(), options.training().steps());
        this.optimizer = new AdamW(groups(), AdamW.Settings.PYTORCH);
        this.workers = workers;
        this.hold = new TargetHold(options.targets().edgeSparsity());
    }

    /** Masks descend; multipliers ascend, unless their term is switched off. */
    private List<AdamW.Group> groups() {
        double linear = options.targets().linearTerm() ? 1 : 0;
        double nodes = hasNodeConstraint() ? options.learningRates().nodeMultiplierLearningRate() : 0;
        double nodeMasks =
                options.controls().level().nodes() ? options.learningRates().nodeLearningRate() : 0;
        double edgeMasks =
                options.controls().level().edges() ? options.learningRates().edgeLearningRate() : 0;
        double edges =
                options.controls().level().edges() ? options.learningRates().edgeMultiplierLearningRate() : 0;
        List<AdamW.Group> groups = new ArrayList<>(List.of(
                new AdamW.Group(parameters.edges(), edgeMasks, false),
                new AdamW.Group(parameters.nodes(), nodeMasks, false),
                new AdamW.Group(parameters.multiplier(Multiplier.EDGES_1), edges * linear, true),
                new AdamW.Group(parameters.multiplier(Multiplier.EDGES_2), edges, true),
                new AdamW.Group(parameters.multiplier(Multiplier.NODES_1), nodes * linear, true),
                new AdamW.Group(parameters.multiplier(Multiplier.NODES_2), nodes, true)));
        parameters.neurons().ifPresent(neurons -> {
            double rate = options.learningRates().nodeMultiplierLearningRate();
            groups.add(
                    new AdamW.Group(neurons.logAlphas(), options.learningRates().nodeLearningRate(), false));
            groups.add(new AdamW.Group(neurons.linear(), rate * linear, true));
            groups.add(new AdamW.Group(neurons.quadratic(), rate, true));
        });
        return groups;
    }

    /** Nodes without masks are all kept, whatever the target says. */
    private boolean hasNodeConstraint() {
        return options.targets().nodeLoss() && options.controls().level().nodes();
    }

    AdamW optimizer() {
        return optimizer;
    }

    /**
     * The workers that run the steps' micro-batches.
     *
     * @return as many as the model's execution asks for
     */
    public Workers workers() {
        return workers;
    }

    /**
     * The parameters that the steps change.
     *
     * @return log_alphas and Lagrange multipliers
     */
    public MaskParameters parameters() {
        return parameters;
    }

    /**
     * Makes one step on a batch that is run as a whole, see {@link #step(int, PromptBatches)}.
     *
     * @param step index from 0; determines noise, targets and learning rates
     * @param batch the examples of this step
     * @return what was measured before the update
     */
    public StepMetrics step(int step, PromptBatch batch) {
        return step(step, PromptBatches.whole(batch));
    }

    /**
     * Makes one step of the paper's algorithm: samples masks z from the hard concrete distributions, and descends
     *
     * <pre>
     *   KL(full || masked(z)) + lambda_1 (s - t) + lambda_2 (s - t)^2   for edges, and for nodes if they are constrained,
     *                                                                   and for neurons if they have masks
     * </pre>
     *
     * in log_alpha while the multipliers lambda ascend it; s is the sparsity of the sampled masks and t the target at
     * this step. If the loss or the gradient norm is not finite, no gradient is followed. With
     * {@link PruneControls#holdTarget} log_alphas are shifted first where masks are too far from the target; without
     * masks of edges or of nodes ({@link PruneControls#level}) these are one.
     *
     * @param step index from 0; determines noise, targets and learning rates
     * @param batch the examples of this step, in micro-batches that workers run
     * @return what was measured before the update
     */
    public StepMetrics step(int step, PromptBatches batch) {
        try (TransformerModel.Use _ = model.use();
                TensorScope _ = TensorScope.open()) {
            Masks masks = sample(step);
            requireSame(step, masks);

            return update(step, masks, divergence(masks, batch));
        }
    }

    /** KL(full || masked), and its gradient down to the masks. */
    private LossGradients divergence(Masks masks, PromptBatches batch) {
        return LossGradients.of(
                workers, model, batch.count(), (copy, number) -> divergence(copy, masks, batch, number));
    }

    /**
     * Every rank makes every update; if one of them rounds differently, its masks are no longer those of the others.
     */
    private void requireSame(int step, Masks masks) {
        if (workers.ranks().size() > 1) {
            workers.ranks()
                    .requireSame(
                            "the masks of step " + step + ": run all ranks on processors of one kind",
                            masks.edges().toFloats());
        }
    }

    /** The constraints, everything's gradient down to log_alpha and the multipliers, and the update. */
    private StepMetrics update(int step, Masks masks, LossGradients divergence) {
        try (Phase _ = Phase.of(Phase.Part.UPDATE)) {
            double edgeTarget = options.targets().edgeSparsity().at(step);
            double nodeTarget = options.targets().nodeSparsity().at(step);
            Tensor edgeSparsity = masks.edgeSparsity();
            Tensor nodeSparsity = masks.nodeSparsity();
            Tensor constrained = constraint(edgeSparsity, edgeTarget, Multiplier.EDGES_1, Multiplier.EDGES_2);
            Tensor edgeLoss = options.controls().level().edges() ? constrained : constrained.mul(0);
            Tensor nodeLoss = constraint(nodeSparsity, nodeTarget, Multiplier.NODES_1, Multiplier.NODES_2);
            Tensor ofBoth = edgeLoss.add(counted(nodeLoss, nodeSparsity, nodeTarget));
            Optional<NeuronTerm> neurons = neuronTerm(step, masks);
            Tensor constraints = neurons.map(term -> ofBoth.add(term.loss())).orElse(ofBoth);
            List<Tensor> outputs = new ArrayList<>(List.of(masks.edges(), masks.nodes()));
            List<Tensor> flowing = new ArrayList<>(
                    List.of(divergence.toMasks().edges(), divergence.toMasks().nodes()));
            masks.neurons().ifPresent(outputs::add);
            divergence.toMasks().neurons().ifPresent(flowing::add);
            outputs.add(constraints);
            flowing.add(null); // its own gradient is 1
            List<Tensor> gradients = Autograd.grad(outputs, flowing, trained(), false, false, false);

            List<Tensor> losses = new ArrayList<>(List.of(constraints, edgeLoss, nodeLoss, edgeSparsity, nodeSparsity));
            neurons.ifPresent(term -> losses.addAll(List.of(term.loss(), term.sparsity())));
            double[][] read = together(
                    divergence.loss().view(1),
                    Tensor.stack(0, losses),
                    GradientClipping.squares(gradients),
                    parameters.multipliers());
            double kl = read[0][0];
            double[] loss = read[1];
            double norm = GradientClipping.norm(read[2]);
            StepMetrics metrics = new StepMetrics(
                    step,
                    kl + loss[0],
                    kl,
                    loss[1],
                    counts(loss[4], nodeTarget) ? loss[2] : 0,
                    loss[3],
                    edgeTarget,
                    loss[4],
                    nodeTarget,
                    floats(read[3]),
                    norm,
                    schedule.at(step),
                    neurons.map(term -> new StepMetrics.Neurons(loss[5], loss[6], term.target())));
            if (metrics.sound()) {
                double scale = GradientClipping.scale(norm, options.training().maxGradNorm());
                optimizer.step(gradients, scale, schedule.at(step));
            }
            return metrics;
        }
    }

    /** Reads vectors in one piece: each read of a device waits until it has done all that it was given. */
    private static double[][] together(Tensor... vectors) {
        try (GradMode _ = GradMode.disabled();
                TensorScope _ = TensorScope.open()) {
            double[] all = Tensor.cat(0, vectors).toDoubles();
            double[][] each = new double[vectors.length][];
            int next = 0;
            for (int i = 0; i < vectors.length; i++) {
                int length = Math.toIntExact(vectors[i].elementCount());
                each[i] = Arrays.copyOfRange(all, next, next + length);
                next += length;
            }
            return each;
        }
    }

    private static float[] floats(double[] values) {
        float[] floats = new float[values.length];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = (float) values[i];
        }
        return floats;
    }

    /** Whether the node constraint is part of the loss at some node sparsity. */
    private boolean counts(double nodeSparsity, double target) {
        return hasNodeConstraint() && !(options.targets().relaxSparserNodes() && nodeSparsity > target);
    }

    /** The node constraint's term where it {@link #counts}, else zero; decided where the sparsity is computed. */
    private Tensor counted(Tensor term, Tensor nodeSparsity, double target) {
        if (!hasNodeConstraint()) {
            return term.mul(0);
        }
        return options.targets().relaxSparserNodes()
                ? term.mul(nodeSparsity.detach().to(DType.F64).gt(target).not().to(DType.F32))
                : term;
    }

    /** The neuron constraint's term, which is differentiable, with its sparsity and target. */
    private record NeuronTerm(Tensor loss, Tensor sparsity, double target) {}

    private Optional<NeuronTerm> neuronTerm(int step, Masks masks) {
        return parameters.neurons().map(neurons -> {
            Tensor sparsity = masks.neuronSparsity().orElseThrow();
            double target = options.neuronTarget().at(step);
            return new NeuronTerm(
                    Lagrangian.loss(sparsity, target, neurons.linear(), neurons.quadratic()), sparsity, target);
        });
    }

    /**
     * A micro-batch's part of KL(full || masked), and its gradient down to the masks, in the caller's scope and on the
     * copy's device.
     */
    private LossGradients divergence(TransformerModel copy, Masks masks, PromptBatches batches, int number) {
        TensorScope scope = TensorScope.open();
        try (scope) {
            PromptBatch batch;
            try (Phase _ = Phase.of(Phase.Part.PROMPTS)) {
                batch = batches.make(copy, number);
            }
            MaskedPass pass = MaskedPass.forward(
                    copy,
                    batch.clean(),
                    batch.baseline(),
                    masks.detach().to(copy.device()),
                    batch.scored(),
                    backwards());
            Tensor kl;
            Tensor toResidual;
            try (Phase _ = Phase.of(Phase.Part.LOSS);
                    TensorScope loss = TensorScope.open()) {
                Tensor logits = batch.rows().of(copy.logits(pass.finalResidual()));
                Tensor divergence = KlDivergence.weighted(batch.fullLogits().logSoftmax(-1), logits, batch.weights());
                kl = loss.keep(divergence.detach());
                toResidual = loss.keep(Autograd.grad(divergence, pass.finalResidual())[0]);
            }
            LossGradients gradients = new LossGradients(kl, pass.backward(toResidual));
            gradients.keepIn(scope);
            return gradients;
        }
    }

    private MaskedPass.Gradients backwards() {
        return model.execution().recompute() ? MaskedPass.Gradients.RECOMPUTED : MaskedPass.Gradients.KEPT;
    }

    private Masks sample(int step) {
        HardConcrete distribution = parameters.distribution();
        int edges = parameters.layout().size();
        int nodes = parameters.layout().graph().nodeCount();
        try (Phase _ = Phase.of(Phase.Part.SAMPLE)) {
            float[] edgeNoise = noise.uniform(Noise.Stream.EDGES, step, edges, distribution.eps());
            if (options.controls().holdTarget()) {
                parameters.shiftEdges(edgeNoise, hold.least(step), hold.most(step));
            }
            Masks masks = parameters.sample(
                    edgeNoise,
                    noise.uniform(Noise.Stream.NODES, step, nodes, distribution.eps()),
                    parameters
                            .neurons()
                            .map(its -> noise.uniform(Noise.Stream.NEURONS, step, its.count(), distribution.eps())));
            Masks ofNodes = options.controls().level().nodes() ? masks : masks.withoutNodes();
            return options.controls().level().edges() ? ofNodes : ofNodes.withoutEdges();
        }
    }

    private Tensor constraint(Tensor sparsity, double target, Multiplier linear, Multiplier quadratic) {
        return Lagrangian.loss(sparsity, target, parameters.multiplier(linear), parameters.multiplier(quadratic));
    }

    private List<Tensor> trained() {
        List<Tensor> trained = new ArrayList<>(List.of(parameters.edges(), parameters.nodes()));
        for (Multiplier which : Multiplier.values()) {
            trained.add(parameters.multiplier(which));
        }
        parameters
                .neurons()
                .ifPresent(
                        neurons -> trained.addAll(List.of(neurons.logAlphas(), neurons.linear(), neurons.quadratic())));
        return trained;
    }

    @Override
    public void close() {
        optimizer.close();
    }
}
