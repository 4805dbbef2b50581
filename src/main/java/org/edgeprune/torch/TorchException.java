package org.edgeprune.torch;

/** libtorch refused an operation: incompatible shapes or dtypes, no memory, a closed tensor's data. */
public final class TorchException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public TorchException(String message) {
        super(message);
    }
}
