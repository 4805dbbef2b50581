package org.edgeprune.torch;

import java.util.function.UnaryOperator;

/**
 * Sees, on the thread that opened it and on those that this starts, and until closed, every copy of a tensor's elements
 * to the host. On a GPU each of them waits until the device has done all that it was given, so their number is what a
 * step costs besides its computations; on {@link Device#META} there is nothing to copy, and the observer may supply
 * what is read instead. Observers nest and close in reverse order.
 */
final class HostReads implements AutoCloseable {
    private static final ThreadLocal<HostReads> INNERMOST = new InheritableThreadLocal<>();

    private final HostReads enclosing = INNERMOST.get();
    private final UnaryOperator<Tensor> observer;

    private HostReads(UnaryOperator<Tensor> observer) {
        this.observer = observer;
    }

    /**
     * Begins to observe.
     *
     * @param observer gets the tensor that is about to be read, and returns the one that is read: the same, or one of
     *     the same shape in its place. What it reads itself is not observed
     */
    static HostReads observe(UnaryOperator<Tensor> observer) {
        HostReads reads = new HostReads(observer);
        INNERMOST.set(reads);
        return reads;
    }

    /** What is read where {@code tensor} was to be. */
    static Tensor of(Tensor tensor) {
        HostReads innermost = INNERMOST.get();
        if (innermost == null) {
            return tensor;
        }
        INNERMOST.remove();
        try {
            return innermost.observer.apply(tensor);
        } finally {
            INNERMOST.set(innermost);
        }
    }

    @Override
    public void close() {
        if (enclosing == null) {
            INNERMOST.remove();
        } else {
            INNERMOST.set(enclosing);
        }
    }
}
