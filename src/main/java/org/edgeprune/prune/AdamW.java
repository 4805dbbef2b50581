package org.edgeprune.prune;

import java.util.ArrayList;
import java.util.List;
import org.edgeprune.torch.Fused;
import org.edgeprune.torch.Fused.AdamWConstants;
import org.edgeprune.torch.GradMode;
import org.edgeprune.torch.Tensor;
import org.edgeprune.torch.TensorScope;

/**
 * AdamW (Loshchilov and Hutter, 2019) as PyTorch computes it, with a learning rate and a direction for each parameter:
 *
 * <pre>  p = p - lr wd p
 *   m = beta1 m + (1 - beta1) g        v = beta2 v + (1 - beta2) g^2
 *   p = p - lr (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + eps)</pre>
 *
 * Owns the moments, not the parameters.
 */
public final class AdamW implements AutoCloseable {
    private final List<Group> groups;
    private final Settings settings;
    private final List<Tensor> firstMoments = new ArrayList<>();
    private final List<Tensor> secondMoments = new ArrayList<>();
    private int steps;

    /**
     * A parameter and how it is updated.
     *
     * @param parameter a leaf tensor, changed in place
     * @param learningRate base learning rate
     * @param maximize whether to ascend, as the Lagrange multipliers do
     */
    public record Group(Tensor parameter, double learningRate, boolean maximize) {}

    /**
     * Constants that all groups share.
     *
     * @param beta1 decay rate of the first moment, 0 to 1
     * @param beta2 decay rate of the second moment, 0 to 1
     * @param eps added to the denominator
     * @param weightDecay coefficient of the decoupled weight decay
     */
    public record Settings(double beta1, double beta2, double eps, double weightDecay) {
        /** PyTorch's defaults, which the reference uses for masks and multipliers alike. */
        public static final Settings PYTORCH = new Settings(0.9, 0.999, 1e-8, 0.01);
    }

    /**
     * An optimiser with moments of zero.
     *
     * @param groups the parameters, in the order in which {@link #step} takes their gradients
     * @param settings constants that all groups share
     */
    public AdamW(List<Group> groups, Settings settings) {
        this.groups = List.copyOf(groups);
        this.settings = settings;
        try (TensorScope scope = TensorScope.open()) {
            for (Group group : groups) {
                firstMoments.add(scope.release(zerosLike(group.parameter())));
                secondMoments.add(scope.release(zerosLike(group.parameter())));
            }
        }
    }

    private static Tensor zerosLike(Tensor tensor) {
        return Tensor.zeros(tensor.dtype(), tensor.device(), tensor.shape());
    }

    /**
     * Updates every parameter once.
     *
     * @param gradients one gradient per group, in order, of its parameter's shape
     * @param factor multiplies every learning rate: the schedule's value at this step
     */
    public void step(List<Tensor> gradients, double factor) {
        step(gradients, 1, factor);
    }

    /**
     * Updates every parameter once, by scaled gradients.
     *
     * @param gradients one gradient per group, in order, of its parameter's shape
     * @param scale multiplies every gradient, see {@link GradientClipping}
     * @param factor multiplies every learning rate: the schedule's value at this step
     */
    public void step(List<Tensor> gradients, double scale, double factor) {
        steps++;
        double correction1 = 1 - Math.pow(settings.beta1(), steps);
        double correction2 = 1 - Math.pow(settings.beta2(), steps);
        try (GradMode _ = GradMode.disabled();
                TensorScope _ = TensorScope.open()) {
            for (int i = 0; i < groups.size(); i++) {
                Group group = groups.get(i);
                double rate = group.learningRate() * factor;
                AdamWConstants constants = new AdamWConstants(
                        group.maximize() ? -scale : scale,
                        1 - rate * settings.weightDecay(),
                        settings.beta1(),
                        settings.beta2(),
                        rate / correction1,
                        1 / Math.sqrt(correction2),
                        settings.eps());
                update(group.parameter(), firstMoments.get(i), secondMoments.get(i), gradients.get(i), constants);
            }
        }
    }

    private static void update(Tensor parameter, Tensor m, Tensor v, Tensor gradient, AdamWConstants constants) {
        if (parameter.device().isCpu()) {
            Fused.adamW(parameter, m, v, gradient.contiguous(), constants);
        } else {
            operations(parameter, m, v, gradient, constants);
        }
    }

    /** The update, one operation after the other. */
    static void operations(Tensor parameter, Tensor m, Tensor v, Tensor gradient, AdamWConstants constants) {
        Tensor g = gradient.mul(constants.factor());
        m.mul_(constants.beta1()).add_(g, 1 - constants.beta1());
        v.mul_(constants.beta2()).addcmul_(g, g, 1 - constants.beta2());
        Tensor denominator = v.sqrt().mul(constants.root()).add(constants.eps());
        parameter.mul_(constants.decay()).addcdiv_(m, denominator, -constants.rate());
    }

    /**
     * The number of updates made so far.
     *
     * @return the t of the equations above
     */
    public int steps() {
        return steps;
    }

    /**
     * The first moments.
     *
     * @return m of each group
     */
    public List<Tensor> firstMoments() {
        return firstMoments;
    }

    /**
     * The second moments.
     *
     * @return v of each group
     */
    public List<Tensor> secondMoments() {
        return secondMoments;
    }

    /**
     * Continues where another run's optimiser stopped.
     *
     * @param madeSteps updates that it made
     * @param first its first moments, a flat array for each group
     * @param second its second moments
     */
    public void restore(int madeSteps, List<float[]> first, List<float[]> second) {
        steps = madeSteps;
        try (TensorScope _ = TensorScope.open()) {
            for (int i = 0; i < groups.size(); i++) {
                firstMoments.get(i).copy_(Tensor.of(first.get(i), first.get(i).length));
                secondMoments.get(i).copy_(Tensor.of(second.get(i), second.get(i).length));
            }
        }
    }

    @Override
    public void close() {
        firstMoments.forEach(Tensor::close);
        secondMoments.forEach(Tensor::close);
    }
}
