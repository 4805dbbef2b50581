package org.edgeprune.model;

import org.edgeprune.torch.Tensor;

/** Where a model's parameters come from: a checkpoint, or random numbers. Must stay open as long as the model. */
public interface Weights extends AutoCloseable {
    boolean has(String name);

    /**
     * The parameter as it is stored, owned by the current scope.
     *
     * @throws org.edgeprune.io.InputException if it is missing or has another shape
     */
    Tensor get(String name, long... shape);

    /** Says that a parameter will soon be wanted. May be called by another thread than the rest. */
    default void prefetch(String name) {}

    /** Says that a parameter as it is stored is not needed for now, so that it need not stay in memory. */
    default void unload(String name) {}

    /**
     * Checks that the parameters are still those that the model was made of. Called at every step of a run.
     *
     * @throws org.edgeprune.io.InputException if the files that they are in were written to or replaced
     */
    default void requireUnchanged() {}

    @Override
    void close();
}
