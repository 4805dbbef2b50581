package org.edgeprune.torch;

import org.edgeprune.torch.ffi.Shim;

/**
 * Owns the tensors that its thread creates while it is the innermost open scope, and frees them when it closes.
 *
 * <pre>{@code
 * try (TensorScope step = TensorScope.open()) {
 *     ...
 *     return step.keep(result);           // everything else is freed
 * }
 * }</pre>
 *
 * <p>Scopes nest and close in reverse order, on the thread that opened them; anything else is an
 * {@link IllegalStateException} and changes nothing. A tensor may be closed before its scope, by any thread.
 */
public final class TensorScope implements AutoCloseable {
    private static final ThreadLocal<TensorScope> INNERMOST = new ThreadLocal<>();

    private final Thread thread = Thread.currentThread();
    private final TensorScope enclosing;
    private final int depth;
    private boolean open = true;

    // Doubly linked through the tensors themselves: adding and removing costs no search and no allocation.
    // Guarded by this, as tensors may be closed by other threads.
    private Tensor newest;
    private int size;

    private TensorScope(TensorScope enclosing) {
        this.enclosing = enclosing;
        this.depth = enclosing == null ? 0 : enclosing.depth + 1;
    }

    /**
     * Opens a scope on this thread, inside the one that is innermost now.
     *
     * @return the scope, to be closed by this thread
     */
    public static TensorScope open() {
        TensorScope scope = new TensorScope(INNERMOST.get());
        INNERMOST.set(scope);
        return scope;
    }

    /**
     * The number of tensors in the whole process that have not been freed.
     *
     * @return number of handles
     */
    public static long liveTensors() {
        LibTorch.load();
        return Shim.ep_live_tensors();
    }

    /**
     * The number of open tensors that this scope owns.
     *
     * @return number of tensors
     */
    public synchronized int size() {
        return size;
    }

    /**
     * Makes a tensor outlive this scope: if this scope (or one inside it) owns it, it moves to the enclosing scope, or
     * to the caller if there is none. A tensor that an outer scope or the caller owns stays where it is.
     *
     * @param tensor the tensor
     * @return {@code tensor}
     */
    public Tensor keep(Tensor tensor) {
        TensorScope owner = ownerHere("keep", tensor);
        if (owner != null && owner.depth >= depth) {
            owner.remove(tensor);
            if (enclosing != null) {
                enclosing.add(tensor);
            }
        }
        return tensor;
    }

    /**
     * Takes a tensor out of every scope: from now on the caller closes it. For the fields of long-lived objects.
     *
     * @param tensor the tensor
     * @return {@code tensor}
     */
    public Tensor release(Tensor tensor) {
        TensorScope owner = ownerHere("release", tensor);
        if (owner != null) {
            owner.remove(tensor);
        }
        return tensor;
    }

    /** Frees every tensor that this scope owns. Closing again does nothing. */
    @Override
    public void close() {
        if (thread != Thread.currentThread()) {
            throw new IllegalStateException("close: this tensor scope belongs to thread '" + thread.getName() + "'");
        }
        if (!open) {
            return;
        }
        if (INNERMOST.get() != this) {
            throw new IllegalStateException("close: another tensor scope was opened inside this one and is still open");
        }
        open = false;
        if (enclosing == null) {
            INNERMOST.remove();
        } else {
            INNERMOST.set(enclosing);
        }
        closeTensors();
    }

    private void closeTensors() {
        RuntimeException failure = null;
        for (Tensor tensor = takeNewest(); tensor != null; tensor = takeNewest()) {
            try {
                tensor.close();
            } catch (RuntimeException e) {
                if (failure == null) {
                    failure = e;
                } else {
                    failure.addSuppressed(e);
                }
            }
        }
        if (failure != null) {
            throw failure;
        }
    }

    private synchronized Tensor takeNewest() {
        Tensor tensor = newest;
        if (tensor != null) {
            remove(tensor);
        }
        return tensor;
    }

    /** Gives a new tensor to the thread's innermost scope, if there is one. */
    static void own(Tensor created) {
        TensorScope innermost = INNERMOST.get();
        if (innermost != null) {
            innermost.add(created);
        }
    }

    private synchronized void add(Tensor tensor) {
        tensor.older = newest;
        if (newest != null) {
            newest.newer = tensor;
        }
        newest = tensor;
        tensor.owner = this;
        size++;
    }

    /** Lets go of {@code tensor}, if this scope still owns it. */
    synchronized void remove(Tensor tensor) {
        if (tensor.owner != this) {
            return;
        }
        if (tensor.newer == null) {
            newest = tensor.older;
        } else {
            tensor.newer.older = tensor.older;
        }
        if (tensor.older != null) {
            tensor.older.newer = tensor.newer;
        }
        tensor.newer = null;
        tensor.older = null;
        tensor.owner = null;
        size--;
    }

    /** The scope that owns {@code tensor}, which must be one of this thread, as must this scope. */
    private TensorScope ownerHere(String operation, Tensor tensor) {
        if (tensor == null) {
            throw new NullPointerException(operation + ": tensor is null");
        }
        tensor.handle(operation); // throws where it is closed
        if (thread != Thread.currentThread() || !open) {
            throw new IllegalStateException(operation + ": this tensor scope is closed or belongs to another thread");
        }
        TensorScope owner = tensor.owner;
        if (owner != null && owner.thread != thread) {
            throw new IllegalStateException(
                    operation + ": the tensor belongs to a scope of thread '" + owner.thread.getName() + "'");
        }
        return owner;
    }
}
