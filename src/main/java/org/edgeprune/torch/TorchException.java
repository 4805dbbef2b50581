package org.edgeprune.torch;

/**
 * libtorch refused an operation: incompatible shapes or dtypes, an index out of range, no memory.
 *
 * <p>The message is one line with the operation, every operand's shape and dtype, and libtorch's reason: {@code matmul:
 * [3, 4] f32 x [5, 6] f32: mat1 and mat2 shapes cannot be multiplied (3x4 and 5x6)}.
 */
public final class TorchException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** An error that libtorch reported. */
    TorchException(String message) {
        super(message);
    }

    /**
     * Whether memory was exhausted, on the CPU or on another device.
     *
     * @return whether a smaller batch may help
     */
    public boolean isOutOfMemory() {
        // what the CPU's allocator says, and what CUDA's and C++'s say
        return getMessage().contains("can't allocate memory") || getMessage().contains("out of memory");
    }
}
