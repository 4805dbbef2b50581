package org.edgeprune.safetensors;

import java.util.Arrays;
import java.util.function.Supplier;
import org.edgeprune.torch.DType;
import org.edgeprune.torch.Tensor;

/**
 * A tensor that is made when it is written, and freed right after, so that a file may be larger than memory.
 *
 * @param dtype type of its elements
 * @param shape its sizes, outermost first
 * @param maker makes it, once, in a scope that the writer closes
 */
public record UnmadeTensor(DType dtype, long[] shape, Supplier<Tensor> maker) {
    /** A tensor that exists already; its owner keeps it. */
    static UnmadeTensor made(Tensor tensor) {
        return new UnmadeTensor(tensor.dtype(), tensor.shape(), () -> tensor);
    }

    /**
     * Its size in a file.
     *
     * @return bytes
     */
    public long byteSize() {
        long bytes = dtype.byteSize();
        for (long size : shape) {
            bytes = Math.multiplyExact(bytes, size);
        }
        return bytes;
    }

    /** @throws IllegalStateException if what was made is not what was announced */
    Tensor make(String name) {
        Tensor tensor = maker.get();
        if (tensor.dtype() != dtype || !Arrays.equals(tensor.shape(), shape)) {
            throw new IllegalStateException(name + ": announced as " + dtype + " " + Arrays.toString(shape)
                    + ", made as " + tensor.dtype() + " " + Arrays.toString(tensor.shape()));
        }
        return tensor;
    }
}
