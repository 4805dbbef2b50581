package org.edgeprune.mask;

import java.util.ArrayList;
import java.util.List;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.Tensor;
import org.edgeprune.torch.TensorScope;

/**
 * What a pruning run trains where MLP neurons have masks: log_alpha of every neuron's mask, and the two Lagrange
 * multipliers of the neurons' constraint. Owns its tensors, which are leaves that require gradients, until closed.
 */
public final class NeuronParameters implements AutoCloseable {
    private static final int MULTIPLIERS = 2;

    private final int layers;
    private final Tensor logAlphas;
    private final List<Tensor> multipliers;

    /**
     * Parameters with given values, which are copied.
     *
     * @param layers layers of the model, whose MLPs have as many neurons each
     * @param logAlphas of all neurons, layer by layer, {@code [layers * inner]}
     * @param multipliers lambda_1 and lambda_2
     * @param device where the tensors are made
     * @throws IllegalArgumentException if a number of values is not right
     */
    public NeuronParameters(int layers, float[] logAlphas, float[] multipliers, Device device) {
        if (logAlphas.length == 0 || logAlphas.length % layers != 0 || multipliers.length != MULTIPLIERS) {
            throw new IllegalArgumentException(logAlphas.length + " neuron parameters for " + layers + " layers, and "
                    + multipliers.length + " multipliers");
        }
        this.layers = layers;
        try (TensorScope scope = TensorScope.open()) {
            this.logAlphas = leaf(scope, logAlphas, device);
            List<Tensor> list = new ArrayList<>();
            for (float value : multipliers) {
                list.add(leaf(scope, new float[] {value}, device));
            }
            this.multipliers = List.copyOf(list);
        }
    }

    /**
     * Parameters at the start of a run: log_alpha ~ N(mean, 0.01), and multipliers of zero.
     *
     * @param layers layers of the model
     * @param inner neurons of each MLP
     * @param mean mean of log_alpha
     * @param noise source of the normal noise
     * @param device where the tensors are made
     * @return parameters that the caller closes
     */
    public static NeuronParameters initial(int layers, int inner, double mean, Noise noise, Device device) {
        return new NeuronParameters(
                layers,
                noise.normal(
                        Noise.Stream.INITIAL_NEURONS,
                        0,
                        Math.multiplyExact(layers, inner),
                        mean,
                        MaskParameters.INITIAL_STANDARD_DEVIATION),
                new float[MULTIPLIERS],
                device);
    }

    private static Tensor leaf(TensorScope scope, float[] values, Device device) {
        return scope.release(Tensor.of(values, values.length).to(device)).requiresGrad_(true);
    }

    /**
     * log_alpha of every neuron.
     *
     * @return layer by layer, {@code [layers * inner]}, F32
     */
    public Tensor logAlphas() {
        return logAlphas;
    }

    /**
     * The number of neurons.
     *
     * @return of all MLPs together
     */
    public int count() {
        return Math.toIntExact(logAlphas.size(0));
    }

    /**
     * The Lagrange multiplier of the constraint's linear term.
     *
     * @return lambda_1, {@code [1]}, F32
     */
    public Tensor linear() {
        return multipliers.get(0);
    }

    /**
     * The Lagrange multiplier of the constraint's quadratic term.
     *
     * @return lambda_2, {@code [1]}, F32
     */
    public Tensor quadratic() {
        return multipliers.get(1);
    }

    /** Soft masks without noise, as {@link MaskParameters#deterministic}: expected zeros are rounded for each MLP. */
    float[] deterministic(HardConcrete distribution) {
        float[] values = logAlphas.toFloats();
        float[] masks = new float[values.length];
        int inner = values.length / layers;
        for (int first = 0; first < values.length; first += inner) {
            System.arraycopy(distribution.deterministic(values, first, first + inner), 0, masks, first, inner);
        }
        return masks;
    }

    @Override
    public void close() {
        logAlphas.close();
        multipliers.forEach(Tensor::close);
    }
}
