package org.edgeprune.torch;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * The calling thread's small native memory for a call's arguments: result slots, sizes, arrays of handles. It saves an
 * arena per call. What {@link #begin()} hands out is valid until the thread's next {@code begin()}.
 */
final class Scratch {
    private static final long FIRST_CAPACITY = 4096;
    private static final ThreadLocal<Scratch> THREAD = ThreadLocal.withInitial(Scratch::new);

    private MemorySegment memory = Arena.ofAuto().allocate(FIRST_CAPACITY, Long.BYTES);
    private long used;

    /** Every native call of this package passes here, so here is where libtorch gets loaded, once a thread. */
    private Scratch() {
        LibTorch.load();
    }

    /** The thread's memory, empty again: the start of a call. */
    static Scratch begin() {
        Scratch scratch = THREAD.get();
        scratch.used = 0;
        return scratch;
    }

    /** The thread's memory with what the running call has put there so far. */
    static Scratch current() {
        return THREAD.get();
    }

    /** Room for {@code count} values of 8 bytes, aligned; not zeroed. */
    MemorySegment words(long count) {
        long bytes = count * Long.BYTES;
        if (bytes > memory.byteSize() - used) {
            // Segments handed out before keep the old block reachable; only new ones come from the larger block.
            memory = Arena.ofAuto().allocate(Math.max(bytes, 2 * memory.byteSize()), Long.BYTES);
            used = 0;
        }
        MemorySegment piece = memory.asSlice(used, bytes);
        used += bytes;
        return piece;
    }
}
