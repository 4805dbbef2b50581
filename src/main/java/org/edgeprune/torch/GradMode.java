package org.edgeprune.torch;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.MemorySegment;
import org.edgeprune.torch.ffi.Shim;

/**
 * Turns the recording of gradients off or on for the calling thread, until closed; closing restores what was before. A
 * new thread records.
 *
 * <pre>{@code
 * try (GradMode off = GradMode.disabled()) {
 *     weights.add_(gradient, -learningRate);
 * }
 * }</pre>
 */
public final class GradMode implements AutoCloseable {
    private final Thread thread = Thread.currentThread();
    private final boolean previous;
    private boolean closed;

    private GradMode(boolean enabled) {
        previous = set(enabled);
    }

    /**
     * Turns the recording of gradients off.
     *
     * @return closing it restores the previous mode
     */
    public static GradMode disabled() {
        return new GradMode(false);
    }

    /**
     * Turns the recording of gradients on.
     *
     * @return closing it restores the previous mode
     */
    public static GradMode enabled() {
        return new GradMode(true);
    }

    /** Restores the mode that was in force when this object was made. Closing again does nothing. */
    @Override
    public void close() {
        if (thread != Thread.currentThread()) {
            throw new IllegalStateException("close: this gradient mode belongs to thread '" + thread.getName() + "'");
        }
        if (!closed) {
            closed = true;
            set(previous);
        }
    }

    private static boolean set(boolean enabled) {
        MemorySegment previous = Scratch.begin().words(1);
        NativeCalls.check(Shim.ep_set_grad_mode(enabled ? 1 : 0, previous), "GradMode");
        return previous.get(JAVA_INT, 0) != 0;
    }
}
