package org.edgeprune.safetensors;

import java.util.Objects;
import org.edgeprune.io.AtomicFile;

/**
 * A tensor whose bytes are produced when it is written, in any element type of the format: for files larger than
 * memory, and without libtorch.
 *
 * @param dtype type of its elements
 * @param shape its sizes, outermost first
 * @param body writes exactly {@link #byteSize()} bytes: the elements in row-major order, little-endian
 */
public record StreamedTensor(SafeDType dtype, long[] shape, AtomicFile.Body body) {
    /** Copies the shape. */
    public StreamedTensor {
        Objects.requireNonNull(dtype, "dtype");
        Objects.requireNonNull(body, "body");
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
            count = Math.multiplyExact(count, size);
        }
        return count;
    }

    /**
     * Its size in a file.
     *
     * @return bytes
     */
    public long byteSize() {
        return Math.multiplyExact(elementCount(), dtype.bits()) / 8;
    }
}
