package org.edgeprune.model;

import org.edgeprune.torch.Device;

/**
 * A part of a model, in memory until this is closed. Results that were computed with it stay valid.
 *
 * @param <T> {@link Embedding}, {@link SelfAttention}, {@link Mlp} or {@link Unembedding}
 */
public final class Part<T> implements AutoCloseable {
    private final T part;
    private final Device device;
    /** Parameters that are there for this use only; null where they stay. */
    private final Parameters borrowed;

    Part(T part, Device device, Parameters borrowed) {
        this.part = part;
        this.device = device;
        this.borrowed = borrowed;
    }

    /**
     * The part.
     *
     * @return the part, to be used until this is closed
     */
    public T get() {
        return part;
    }

    /**
     * The device on which it computes, where its inputs must be.
     *
     * @return the device
     */
    public Device device() {
        return device;
    }

    /** Frees parameters that were loaded for this use. */
    @Override
    public void close() {
        if (borrowed != null) {
            borrowed.close();
        }
    }
}
