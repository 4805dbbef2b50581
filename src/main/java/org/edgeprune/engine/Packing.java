package org.edgeprune.engine;

import java.nio.ByteBuffer;

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

    /** Results that are arrays of floats, in Java's byte order. */
    Packing<float[]> FLOATS = new Packing<>() {
        @Override
        public byte[] pack(float[] result) {
            ByteBuffer bytes = ByteBuffer.allocate(Math.multiplyExact(Float.BYTES, result.length));
            bytes.asFloatBuffer().put(result);
            return bytes.array();
        }

        @Override
        public float[] unpack(byte[] bytes) {
            float[] result = new float[bytes.length / Float.BYTES];
            ByteBuffer.wrap(bytes).asFloatBuffer().get(result);
            return result;
        }
    };

    /** Results that are arrays of doubles, in Java's byte order. */
    Packing<double[]> DOUBLES = new Packing<>() {
        @Override
        public byte[] pack(double[] result) {
            ByteBuffer bytes = ByteBuffer.allocate(Math.multiplyExact(Double.BYTES, result.length));
            bytes.asDoubleBuffer().put(result);
            return bytes.array();
        }

        @Override
        public double[] unpack(byte[] bytes) {
            double[] result = new double[bytes.length / Double.BYTES];
            ByteBuffer.wrap(bytes).asDoubleBuffer().get(result);
            return result;
        }
    };
}
