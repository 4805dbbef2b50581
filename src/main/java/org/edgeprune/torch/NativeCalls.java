package org.edgeprune.torch;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.edgeprune.torch.ffi.Shim;

/**
 * How an operation of {@link Tensor} becomes a call of the C shim: handles in, status checked, result adopted by the
 * thread's scope, errors with the operation's name and its operands' shapes.
 *
 * <p>The functions passed in are called between the set-up of the thread's {@link Scratch} memory and the reading of
 * the result: they may ask for {@link #longs} and must call nothing but the shim.
 */
final class NativeCalls {
    private static final int MOST_OPERANDS_SHOWN = 8;

    /** A shim function of one to four pointers (handles, or the slot for the result, which comes last). */
    @FunctionalInterface
    interface Call1 {
        int on(MemorySegment a);
    }

    @FunctionalInterface
    interface Call2 {
        int on(MemorySegment a, MemorySegment b);
    }

    @FunctionalInterface
    interface Call3 {
        int on(MemorySegment a, MemorySegment b, MemorySegment c);
    }

    @FunctionalInterface
    interface Call4 {
        int on(MemorySegment a, MemorySegment b, MemorySegment c, MemorySegment d);
    }

    private NativeCalls() {}

    // ---- operations with a new tensor as their result -------------------------------------------------------------

    /** The general form: the function finds the handles itself; the operands are for the error text. */
    static Tensor create(String op, Call1 call, Object... operands) {
        assert onOneDevice(op, operands);
        MemorySegment out = Scratch.begin().words(1);
        check(call.on(out), op, operands);
        return adopt(out.get(JAVA_LONG, 0), null);
    }

    static Tensor unary(String op, Tensor a, Call2 call) {
        MemorySegment out = Scratch.begin().words(1);
        check(call.on(handle(op, 1, a), out), op, a);
        return adopt(out.get(JAVA_LONG, 0), a.wrapped());
    }

    /** A reshaping operation, whose target shape belongs in the error text. */
    static Tensor unary(String op, Tensor a, long[] shape, Call2 call) {
        Objects.requireNonNull(shape, "shape");
        MemorySegment out = Scratch.begin().words(1);
        check(call.on(handle(op, 1, a), out), op, a, shape);
        return adopt(out.get(JAVA_LONG, 0), a.wrapped());
    }

    static Tensor binary(String op, Tensor a, Tensor b, Call3 call) {
        assert onOneDevice(op, a, b);
        MemorySegment out = Scratch.begin().words(1);
        check(call.on(handle(op, 1, a), handle(op, 2, b), out), op, a, b);
        return adopt(out.get(JAVA_LONG, 0), null);
    }

    static Tensor ternary(String op, Tensor a, Tensor b, Tensor c, Call4 call) {
        assert onOneDevice(op, a, b, c);
        MemorySegment out = Scratch.begin().words(1);
        check(call.on(handle(op, 1, a), handle(op, 2, b), handle(op, 3, c), out), op, a, b, c);
        return adopt(out.get(JAVA_LONG, 0), null);
    }

    static Tensor join(String op, List<Tensor> parts, Call2 call) {
        assert onOneDevice(op, parts.toArray());
        Scratch scratch = Scratch.begin();
        MemorySegment out = scratch.words(1);
        check(call.on(handles(op, parts), out), op, parts.toArray());
        return adopt(out.get(JAVA_LONG, 0), null);
    }

    static List<Tensor> several(String op, Tensor a, int count, Call2 call) {
        MemorySegment out = Scratch.begin().words(count);
        check(call.on(handle(op, 1, a), out), op, a);
        List<Tensor> results = new ArrayList<>(count);
        for (long handle : out.toArray(JAVA_LONG)) {
            results.add(adopt(handle, a.wrapped()));
        }
        return results;
    }

    // ---- operations that change their first operand ---------------------------------------------------------------

    static Tensor inPlace(String op, Tensor a, Call1 call) {
        Scratch.begin();
        check(call.on(writable(op, a)), op, a);
        return a;
    }

    static Tensor inPlace(String op, Tensor a, Tensor b, Call2 call) {
        assert onOneDevice(op, a, b);
        return assign(op, a, b, call);
    }

    /** The same where {@code b} may be on another device. */
    static Tensor assign(String op, Tensor a, Tensor b, Call2 call) {
        Scratch.begin();
        check(call.on(writable(op, a), handle(op, 2, b)), op, a, b);
        return a;
    }

    static Tensor inPlace(String op, Tensor a, Tensor b, Tensor c, Call3 call) {
        assert onOneDevice(op, a, b, c);
        Scratch.begin();
        check(call.on(writable(op, a), handle(op, 2, b), handle(op, 3, c)), op, a, b, c);
        return a;
    }

    /**
     * Throws where operands are on several devices; a scalar of the CPU goes with every device. libtorch leaves this to
     * the kernels, and those of {@link Device#META} do not all look. So this is an assertion, for the tests that run
     * there.
     *
     * @return true
     */
    private static boolean onOneDevice(String op, Object... operands) {
        Device device = null;
        for (Object operand : operands) {
            if (operand instanceof Tensor tensor
                    && tensor.isOpen()
                    && !(tensor.device().isCpu() && tensor.rank() == 0)) {
                if (device != null && !device.equals(tensor.device())) {
                    throw failure(op, operands, "operands are on " + device + " and on " + tensor.device());
                }
                device = tensor.device();
            }
        }
        return true;
    }

    // ---- questions ------------------------------------------------------------------------------------------------

    static int askInt(String op, Tensor a, Call2 call) {
        MemorySegment out = Scratch.begin().words(1);
        // Nothing about the operand in the error text: its shape may be what could not be asked.
        check(call.on(handle(op, 1, a), out), op);
        return out.get(JAVA_INT, 0);
    }

    static long[] askLongs(String op, Tensor a, int count, Call2 call) {
        MemorySegment out = Scratch.begin().words(count);
        check(call.on(handle(op, 1, a), out), op);
        return out.toArray(JAVA_LONG);
    }

    static MemorySegment askPointer(String op, Tensor a, Call2 call) {
        MemorySegment out = Scratch.begin().words(1);
        check(call.on(handle(op, 1, a), out), op);
        return out.get(ADDRESS, 0);
    }

    // ---- arguments ------------------------------------------------------------------------------------------------

    /** An operand's handle. */
    static MemorySegment handle(String op, int position, Tensor operand) {
        if (operand == null) {
            throw new NullPointerException(op + ": operand " + position + " is null");
        }
        return operand.handle(op);
    }

    /** The handle of an operand that may be left out. */
    static MemorySegment optional(String op, Tensor operand) {
        return operand == null ? MemorySegment.NULL : operand.handle(op);
    }

    static MemorySegment handles(String op, List<Tensor> operands) {
        MemorySegment array = Scratch.current().words(operands.size());
        for (int i = 0; i < operands.size(); i++) {
            array.setAtIndex(ADDRESS, i, handle(op, i + 1, operands.get(i)));
        }
        return array;
    }

    static MemorySegment longs(long... values) {
        MemorySegment array = Scratch.current().words(values.length);
        MemorySegment.copy(values, 0, array, JAVA_LONG, 0, values.length);
        return array;
    }

    static MemorySegment longs(int... values) {
        MemorySegment array = Scratch.current().words(values.length);
        for (int i = 0; i < values.length; i++) {
            array.setAtIndex(JAVA_LONG, i, values[i]);
        }
        return array;
    }

    private static MemorySegment writable(String op, Tensor operand) {
        MemorySegment handle = operand.handle(op);
        if (operand.wrapped() != null && operand.wrapped().isReadOnly()) {
            throw new IllegalStateException(op + ": the tensor lies in read-only memory: copy() it first");
        }
        return handle;
    }

    // ---- results and errors ---------------------------------------------------------------------------------------

    /**
     * Takes over a new handle. Where the operand lay in {@code wrapped} foreign memory, the result may be a view of it.
     */
    static Tensor adopt(long handle, MemorySegment wrapped) {
        Tensor result = new Tensor(MemorySegment.ofAddress(handle));
        if (wrapped == null) {
            return result;
        }
        long offset = result.data().address() - wrapped.address();
        return offset >= 0 && offset < wrapped.byteSize() ? result.over(wrapped) : result;
    }

    /** Throws unless {@code status} is EP_OK. Operands are tensors (null: left out) or a target shape. */
    static void check(int status, String op, Object... operands) {
        if (status != Shim.EP_OK()) {
            String reason = Shim.ep_last_error().getString(0);
            throw failure(op, operands, reason.lines().findFirst().orElse("no reason given"));
        }
    }

    private static TorchException failure(String op, Object[] operands, String reason) {
        StringBuilder text = new StringBuilder(op).append(": ");
        for (int i = 0, shown = 0; i < operands.length; i++) {
            if (operands[i] instanceof long[] shape) {
                text.append(shown > 0 ? " to " : "").append(Arrays.toString(shape));
            } else if (operands[i] instanceof Tensor tensor) {
                text.append(shown > 0 ? " x " : "").append(tensor.describe());
            }
            if (operands[i] != null && ++shown == MOST_OPERANDS_SHOWN && operands.length > shown) {
                text.append(" x ... (").append(operands.length).append(" operands)");
                break;
            }
        }
        if (operands.length > 0) {
            text.append(": ");
        }
        return new TorchException(text.append(reason).toString());
    }
}
