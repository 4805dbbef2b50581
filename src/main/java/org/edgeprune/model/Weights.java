package org.edgeprune.model;

import java.util.List;
import org.edgeprune.torch.Tensor;

/** The source of a model's parameters: a checkpoint, or random numbers. Must stay open as long as the model. */
public interface Weights extends AutoCloseable {
    /**
     * Whether there is a parameter of a name.
     *
     * @param name the name
     * @return whether {@link #get} would find it
     */
    boolean has(String name);

    /**
     * The parameter as it is stored.
     *
     * @param name its name
     * @param shape its shape
     * @return the parameter, owned by the current scope
     * @throws org.edgeprune.io.InputException if it is missing or has another shape
     */
    Tensor get(String name, long... shape);

    /**
     * Whether the unembedding is stored beside the token embedding with other values, so that the two are not tied
     * whatever the configuration says.
     *
     * @param head name of the unembedding
     * @param embedding name of the token embedding
     * @return false unless overridden
     */
    default boolean apart(String head, String embedding) {
        return false;
    }

    /**
     * Checks that a parameter that is about to be used has no NaN or infinity.
     *
     * @param name its name
     * @param tensor its values
     * @throws org.edgeprune.io.InputException naming the parameter if it has
     */
    default void requireFinite(String name, Tensor tensor) {}

    /**
     * What to tell whoever opens the model: what was assumed about it, and what is not used.
     *
     * @return whole sentences
     */
    default List<String> notes() {
        return List.of();
    }

    /**
     * Announces that a parameter will soon be needed. May be called by another thread than the other methods.
     *
     * @param name its name
     */
    default void prefetch(String name) {}

    /**
     * Announces that a parameter as it is stored is not needed for now, so that it need not stay in memory.
     *
     * @param name its name
     */
    default void unload(String name) {}

    /**
     * Checks that the parameters are still those that the model was made from. Called at every step of a run.
     *
     * @throws org.edgeprune.io.InputException if their files were changed or replaced
     */
    default void requireUnchanged() {}

    @Override
    void close();
}
