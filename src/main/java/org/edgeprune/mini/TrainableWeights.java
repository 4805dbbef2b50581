package org.edgeprune.mini;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.edgeprune.model.Weights;
import org.edgeprune.torch.Device;
import org.edgeprune.torch.GradMode;
import org.edgeprune.torch.Tensor;
import org.edgeprune.torch.TensorScope;

/**
 * Parameters that are trained: leaf tensors by name, which exist from the first time a model asks for them. The model
 * gets views of them, so it sees every update, and gradients flow back to the leaves.
 */
final class TrainableWeights implements Weights {
    private final Weights initial;
    private final Device device;
    private final Map<String, Tensor> leaves = new LinkedHashMap<>();

    /**
     * @param initial their values at the start; owned from here on
     * @param device where the model is: it would copy parameters that are elsewhere, and see no update
     */
    TrainableWeights(Weights initial, Device device) {
        this.initial = initial;
        this.device = device;
    }

    @Override
    public boolean has(String name) {
        return initial.has(name);
    }

    @Override
    public Tensor get(String name, long... shape) {
        return leaves.computeIfAbsent(name, n -> leaf(n, shape)).view(shape);
    }

    private Tensor leaf(String name, long... shape) {
        try (GradMode _ = GradMode.disabled();
                TensorScope scope = TensorScope.open()) {
            return scope.release(initial.get(name, shape).to(device).requiresGrad_(true));
        }
    }

    /** The parameters by their names in a HuggingFace checkpoint, in the order in which the model asked for them. */
    Map<String, Tensor> byName() {
        return Collections.unmodifiableMap(leaves);
    }

    @Override
    public void close() {
        leaves.values().forEach(Tensor::close);
        initial.close();
    }
}
