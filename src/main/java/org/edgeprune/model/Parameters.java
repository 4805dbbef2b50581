package org.edgeprune.model;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
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
        return own(() -> source.get(name, shape));
    }

    /** Makes a tensor that lives as long as the others. */
    Tensor own(Supplier<Tensor> maker) {
        try (TensorScope scope = TensorScope.open()) {
            Tensor tensor = scope.release(maker.get());
            owned.add(tensor);
            return tensor;
        }
    }

    @Override
    public void close() {
        owned.forEach(Tensor::close);
        source.close();
    }
}
