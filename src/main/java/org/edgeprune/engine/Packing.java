package org.edgeprune.engine;

/**
 * Writes results of micro-batches as bytes, in which they go from one rank to the others ({@link Ranks}).
 *
 * @param <T> type of a result
 */
public interface Packing<T> {
    /**
     * Writes a result.
     *
     * @param result the result
     * @return bytes that keep every bit of its numbers
     */
    byte[] pack(T result);

    /**
     * Reads a result.
     *
     * @param bytes what {@link #pack} wrote
     * @return the result
     */
    T unpack(byte[] bytes);
}
