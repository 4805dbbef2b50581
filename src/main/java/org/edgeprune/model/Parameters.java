package org.edgeprune.model;

import java.util.ArrayList;
import java.util.List;
import org.edgeprune.torch.Tensor;
import org.edgeprune.torch.TensorScope;

/** A model's own parameters: taken from {@link Weights}, out of every scope, and freed together. */
final class Parameters implements AutoCloseable {
    private final Weights source;
    private final List<Tensor> owned = new ArrayList<>();

    Parameters(Weights source) {
        this.source = source;
    }

    boolean has(String name) {
        return source.has(name);
    }

    Tensor get(String name, long... shape) {
        try (TensorScope scope = TensorScope.open()) {
            Tensor tensor = scope.release(source.get(name, shape));
            owned.add(tensor);
            return tensor;
        }
    }

    /** Keeps a tensor that was derived from others. */
    Tensor keep(TensorScope scope, Tensor derived) {
        owned.add(scope.release(derived));
        return derived;
    }

    @Override
    public void close() {
        owned.forEach(Tensor::close);
        source.close();
    }
}
