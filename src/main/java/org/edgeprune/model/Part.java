package org.edgeprune.model;

import org.edgeprune.torch.Device;

/** A part of a model, in memory until this is closed. What was computed with it stays. */
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

    public T get() {
        return part;
    }

    /** Where it computes: its inputs must be there. */
    public Device device() {
        return device;
    }

    /** Lets go of parameters that were brought in for this use. */
    @Override
    public void close() {
        if (borrowed != null) {
            borrowed.close();
        }
    }
}
