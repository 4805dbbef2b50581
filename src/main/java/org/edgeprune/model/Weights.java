package org.edgeprune.model;

import java.util.List;
import org.edgeprune.torch.Tensor;

/**
 * Where a model's parameters come from: a checkpoint, or random numbers. Must stay open as long as the model. Used by
 * several threads at a time where parameters are brought in when they are used ({@link Execution#offload}).
 */
public interface Weights extends AutoCloseable {
    boolean has(String name);

    /**
     * The parameter as it is stored, owned by the current scope.
     *
     * @throws org.edgeprune.io.InputException if it is missing or has another shape
     */
    Tensor get(String name, long... shape);

    /**
     * Whether the unembedding is stored beside the token embedding with other values, so that the two are not tied
     * whatever the configuration says.
     */
    default boolean apart(String head, String embedding) {
        return false;
    }

    /**
     * Sees that a parameter that is about to be used has no NaN and nothing infinite.
     *
     * @throws org.edgeprune.io.InputException naming the parameter that has
     */
    default void requireFinite(String name, Tensor tensor) {}

    /** What whoever opens the model should be told: what was assumed about it, and what is not used. */
    default List<String> notes() {
        return List.of();
    }

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
