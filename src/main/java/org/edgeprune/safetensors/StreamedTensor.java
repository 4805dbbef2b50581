package org.edgeprune.safetensors;

import java.util.Objects;
import org.edgeprune.io.AtomicFile;

/**
 * A tensor whose bytes are produced when its turn to be written comes, in any element type of the format: for files
 * larger than memory, and without libtorch.
 *
 * @param dtype of its elements
 * @param shape its sizes, outermost first
 * @param body writes exactly {@link #byteSize()} bytes: the elements in row-major order, little-endian
 */
public record StreamedTensor(SafeDType dtype, long[] shape, AtomicFile.Body body) {
    public StreamedTensor {
        Objects.requireNonNull(dtype, "dtype");
        Objects.requireNonNull(body, "body");
        shape = shape.clone();
    }

    @Override
    public long[] shape() {
        return shape.clone();
    }

    /** The number of elements: the product of the shape. */
    public long elementCount() {
        long count = 1;
        for (long size : shape) {
            count = Math.multiplyExact(count, size);
        }
        return count;
    }

    /** The number of its bytes in a file. */
    public long byteSize() {
        return Math.multiplyExact(elementCount(), dtype.bits()) / 8;
    }
}
