package org.edgeprune.model;

import org.edgeprune.torch.Device;

/**
 * A part of a model, in memory until this is closed. What was computed with it stays.
 *
 * @param get the part
 * @param device where it computes: its inputs must be there
 */
public record Part<T>(T get, Device device, Parameters borrowed) implements AutoCloseable {
    /** Lets go of parameters that were brought in for this use. */
    @Override
    public void close() {
        if (borrowed != null) {
            borrowed.close();
        }
    }
}
