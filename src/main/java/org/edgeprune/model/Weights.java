package org.edgeprune.model;

import org.edgeprune.torch.Tensor;

/** Where a model's parameters come from: a checkpoint, or random numbers. Must stay open as long as the model. */
public interface Weights extends AutoCloseable {
    boolean has(String name);

    /**
     * The parameter in the compute dtype on the model's device, owned by the current scope.
     *
     * @throws org.edgeprune.InputException if it is missing or has another shape
     */
    Tensor get(String name, long... shape);

    @Override
    void close();
}
