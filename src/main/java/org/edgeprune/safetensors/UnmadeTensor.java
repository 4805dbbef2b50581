package org.edgeprune.safetensors;

import java.util.Arrays;
import java.util.function.Supplier;
import org.edgeprune.torch.DType;
import org.edgeprune.torch.Tensor;

/**
 * A tensor that is made when its turn to be written comes and freed right after, so that a file may be larger than
 * memory.
 *
 * @param dtype of its elements
 * @param shape its sizes, outermost first
 * @param maker makes it, once, in a scope that the writer closes
 */
public record UnmadeTensor(DType dtype, long[] shape, Supplier<Tensor> maker) {
    /** A tensor that is there already; it stays whoever's it is. */
    static UnmadeTensor made(Tensor tensor) {
        return new UnmadeTensor(tensor.dtype(), tensor.shape(), () -> tensor);
    }

    /** The number of its bytes in a file. */
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
