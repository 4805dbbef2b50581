package org.edgeprune.safetensors;

import java.util.Arrays;
import java.util.Objects;

/**
 * What a header says about one tensor.
 *
 * @param name its name, unique in the file
 * @param dtype type of its elements
 * @param shape its sizes, outermost first; empty for a scalar; a size may be 0
 * @param begin its first byte, counted from the end of the header
 * @param end the byte after its last one, counted likewise
 */
public record TensorInfo(String name, SafeDType dtype, long[] shape, long begin, long end) {
    /** Copies the shape. */
    public TensorInfo {
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(dtype, "dtype");
        shape = shape.clone();
    }

    /**
     * Its sizes, outermost first.
     *
     * @return a copy
     */
    @Override
    public long[] shape() {
        return shape.clone();
    }

    /**
     * The number of elements.
     *
     * @return product of the sizes
     */
    public long elementCount() {
        long count = 1;
        for (long size : shape) {
            count *= size;
        }
        return count;
    }

    /**
     * Its size in the file.
     *
     * @return bytes
     */
    public long byteSize() {
        return end - begin;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof TensorInfo that
                && name.equals(that.name)
                && dtype == that.dtype
                && Arrays.equals(shape, that.shape)
                && begin == that.begin
                && end == that.end;
    }

    @Override
    public int hashCode() {
        return Objects.hash(name, dtype, Arrays.hashCode(shape), begin, end);
    }

    @Override
    public String toString() {
        return name + ": " + dtype + " " + Arrays.toString(shape) + ", bytes " + begin + " to " + end;
    }
}
