package org.edgeprune.torch;

import static org.edgeprune.torch.NativeCalls.binary;
import static org.edgeprune.torch.NativeCalls.inPlace;
import static org.edgeprune.torch.NativeCalls.join;
import static org.edgeprune.torch.NativeCalls.longs;
import static org.edgeprune.torch.NativeCalls.optional;
import static org.edgeprune.torch.NativeCalls.ternary;
import static org.edgeprune.torch.NativeCalls.unary;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.edgeprune.torch.ffi.Shim;

/**
 * An n-dimensional array of libtorch. Operations have PyTorch's names, broadcasting, dtype promotion and negative
 * dimensions; each returns a new tensor, or a view where PyTorch returns one, and is recorded for {@link Autograd}
 * unless {@link GradMode} is off. A trailing underscore means that the operation works in place and returns this.
 *
 * <p>A new tensor belongs to the innermost open {@link TensorScope} of the thread, or to the caller, who closes it.
 * Closing is idempotent and safe from any thread, but must not overlap with an operation on the same tensor in another
 * thread.
 *
 * <p>Errors: {@link TorchException} with the operation and all shapes if libtorch rejects the operands,
 * {@link IllegalStateException} for a closed tensor, {@link NullPointerException} for a missing operand.
 */
public final class Tensor implements AutoCloseable {
    private static final double NONE = Double.NaN;

    /**
     * The largest or smallest elements along a dimension.
     *
     * @param values the elements, of the input's shape with {@code k} in that dimension
     * @param indices their indices along the dimension, i64, of the same shape
     */
    public record TopK(Tensor values, Tensor indices) {}

    private volatile MemorySegment handle; // null: closed
    private MemorySegment wrapped; // foreign memory that the elements are in, or null
    private volatile long[] shape; // these three are read once: no operation changes them
    private DType dtype;
    private Device device;

    // TensorScope's list.
    volatile TensorScope owner;
    Tensor newer;
    Tensor older;

    /** Takes over a native handle, for the innermost scope of this thread. */
    Tensor(MemorySegment handle) {
        this.handle = handle;
        TensorScope.own(this);
    }

    // ---- creation -------------------------------------------------------------------------------------------------

    /**
     * Copies an array to a new tensor.
     *
     * @param values the elements, row-major
     * @param shape its sizes, whose product is the number of values
     * @return F32 on the CPU
     * @throws IllegalArgumentException if the number of values is not right
     */
    public static Tensor of(float[] values, long... shape) {
        return HostMemory.tensorOf(MemorySegment.ofArray(values), DType.F32, shape);
    }
    /**
     * Copies an array to a new tensor.
     *
     * @param values the elements, row-major
     * @param shape its sizes, whose product is the number of values
     * @return F64 on the CPU
     * @throws IllegalArgumentException if the number of values is not right
     */
    public static Tensor of(double[] values, long... shape) {
        return HostMemory.tensorOf(MemorySegment.ofArray(values), DType.F64, shape);
    }
    /**
     * Copies an array to a new tensor.
     *
     * @param values the elements, row-major
     * @param shape its sizes, whose product is the number of values
     * @return I64 on the CPU
     * @throws IllegalArgumentException if the number of values is not right
     */
    public static Tensor of(long[] values, long... shape) {
        return HostMemory.tensorOf(MemorySegment.ofArray(values), DType.I64, shape);
    }
    /**
     * Copies an array to a new tensor.
     *
     * @param values the elements, row-major
     * @param shape its sizes, whose product is the number of values
     * @return I32 on the CPU
     * @throws IllegalArgumentException if the number of values is not right
     */
    public static Tensor of(int[] values, long... shape) {
        return HostMemory.tensorOf(MemorySegment.ofArray(values), DType.I32, shape);
    }
    /**
     * Copies an array to a new tensor.
     *
     * @param values the elements, row-major
     * @param shape its sizes, whose product is the number of values
     * @return BOOL on the CPU
     * @throws IllegalArgumentException if the number of values is not right
     */
    public static Tensor of(boolean[] values, long... shape) {
        return HostMemory.tensorOf(values, shape);
    }
    /**
     * A tensor of rank 0.
     *
     * @param value its element
     * @return F32 on the CPU
     */
    public static Tensor scalar(double value) {
        return full(value, DType.F32, Device.CPU);
    }
    /**
     * A tensor whose elements are not initialised.
     *
     * @param dtype type of its elements
     * @param device where it is made
     * @param shape its sizes
     * @return a new tensor
     */
    public static Tensor empty(DType dtype, Device device, long... shape) {
        return NativeCalls.create(
                "empty",
                out -> Shim.ep_empty(longs(shape), shape.length, dtype.code(), device.typeCode(), device.index(), out),
                shape);
    }

    /**
     * A tensor whose elements are all the same.
     *
     * @param value the elements
     * @param dtype type of its elements
     * @param device where it is made
     * @param shape its sizes
     * @return a new tensor
     */
    public static Tensor full(double value, DType dtype, Device device, long... shape) {
        return NativeCalls.create(
                "full",
                out -> Shim.ep_full(
                        longs(shape), shape.length, value, dtype.code(), device.typeCode(), device.index(), out),
                shape);
    }

    /**
     * A tensor of zeros.
     *
     * @param dtype type of its elements
     * @param device where it is made
     * @param shape its sizes
     * @return a new tensor
     */
    public static Tensor zeros(DType dtype, Device device, long... shape) {
        return full(0, dtype, device, shape);
    }

    /**
     * A tensor of ones.
     *
     * @param dtype type of its elements
     * @param device where it is made
     * @param shape its sizes
     * @return a new tensor
     */
    public static Tensor ones(DType dtype, Device device, long... shape) {
        return full(1, dtype, device, shape);
    }
    /**
     * A tensor of zeros.
     *
     * @param shape its sizes
     * @return F32 on the CPU
     */
    public static Tensor zeros(long... shape) {
        return zeros(DType.F32, Device.CPU, shape);
    }
    /**
     * A tensor of ones.
     *
     * @param shape its sizes
     * @return F32 on the CPU
     */
    public static Tensor ones(long... shape) {
        return ones(DType.F32, Device.CPU, shape);
    }
    /**
     * The whole numbers start, start + 1, ..., end - 1.
     *
     * @param start the first one
     * @param end the one after the last, not less than {@code start}
     * @return {@code [end - start]}, I64 on the CPU
     */
    public static Tensor arange(long start, long end) {
        return NativeCalls.create("arange", out -> Shim.ep_arange(start, end, 0, 0, out), new long[] {end - start});
    }

    /**
     * A tensor over native memory, without a copy. The segment stays reachable as long as the tensor and its views are;
     * its arena must stay open as long as anything, also a gradient graph, uses them (using a tensor after its arena
     * was closed throws). In-place operations throw if the segment is read-only.
     *
     * @param data native memory with the elements, row-major
     * @param dtype type of its elements
     * @param shape its sizes
     * @return a tensor on the CPU that shares the memory
     * @throws IllegalArgumentException if the segment is on the heap, not aligned to the dtype's size, or does not have
     *     the shape's size
     */
    public static Tensor wrap(MemorySegment data, DType dtype, long... shape) {
        return HostMemory.wrap(data, dtype, shape);
    }

    // ---- identity -------------------------------------------------------------------------------------------------

    /**
     * The sizes of all dimensions.
     *
     * @return a copy
     */
    public long[] shape() {
        return sizes("shape").clone();
    }
    /**
     * The size of one dimension.
     *
     * @param dim the dimension; negative ones count from the last
     * @return number of elements along it
     * @throws IndexOutOfBoundsException if there is no such dimension
     */
    public long size(int dim) {
        long[] sizes = sizes("size");
        return sizes[Objects.checkIndex(dim < 0 ? dim + sizes.length : dim, sizes.length)];
    }

    /**
     * The number of dimensions.
     *
     * @return 0 for a scalar
     */
    public int rank() {
        return sizes("rank").length;
    }

    /**
     * The number of elements.
     *
     * @return product of the sizes
     */
    public long elementCount() {
        return Arrays.stream(sizes("elementCount")).reduce(1, (a, b) -> a * b);
    }

    /**
     * The type of the elements.
     *
     * @return the dtype
     */
    public DType dtype() {
        handle("dtype");
        if (dtype == null) {
            dtype = DType.ofCode(NativeCalls.askInt("dtype", this, Shim::ep_dtype));
        }
        return dtype;
    }

    /**
     * The device of the elements.
     *
     * @return where they are
     */
    public Device device() {
        handle("device");
        if (device == null) {
            long codes = NativeCalls.askLongs(
                    "device", this, 1, (t, out) -> Shim.ep_device(t, out, out.asSlice(Integer.BYTES)))[0];
            device = Device.ofCodes((int) codes, (int) (codes >> Integer.SIZE));
        }
        return device;
    }

    /**
     * Whether the elements are row-major in memory, without gaps.
     *
     * @return whether {@link #contiguous} would not copy
     */
    public boolean isContiguous() {
        return NativeCalls.askInt("isContiguous", this, Shim::ep_is_contiguous) != 0;
    }

    /**
     * Whether this tensor can be used.
     *
     * @return false once it was closed
     */
    public boolean isOpen() {
        return handle != null;
    }

    /** Frees the handle, and the elements if no other tensor shares them. Closing again does nothing. */
    @Override
    public void close() {
        MemorySegment last;
        synchronized (this) {
            last = handle;
            handle = null;
        }
        if (last == null) {
            return;
        }
        TensorScope scope = owner;
        if (scope != null) {
            scope.remove(this);
        }
        NativeCalls.check(Shim.ep_tensor_free(last), "close");
    }

    /** {@code Tensor [3, 4] f32}, and the device where it is not the CPU. */
    @Override
    public String toString() {
        return isOpen() ? "Tensor " + describe() : "Tensor (closed)";
    }

    // ---- pointwise, broadcasting ----------------------------------------------------------------------------------

    /**
     * this + other.
     *
     * @param other a tensor that broadcasts with this one
     * @return a new tensor of the broadcast shape
     */
    public Tensor add(Tensor other) {
        return add(other, 1);
    }
    /**
     * this + alpha other.
     *
     * @param other a tensor that broadcasts with this one
     * @param alpha its factor
     * @return a new tensor of the broadcast shape
     */
    public Tensor add(Tensor other, double alpha) {
        return binary("add", this, other, (a, b, out) -> Shim.ep_add(a, b, alpha, out));
    }

    /**
     * this + value.
     *
     * @param value added to every element
     * @return a new tensor of this shape
     */
    public Tensor add(double value) {
        return unary("add", this, (a, out) -> Shim.ep_add_scalar(a, value, out));
    }

    /**
     * this - other.
     *
     * @param other a tensor that broadcasts with this one
     * @return a new tensor of the broadcast shape
     */
    public Tensor sub(Tensor other) {
        return binary("sub", this, other, Shim::ep_sub);
    }

    /**
     * this - value.
     *
     * @param value subtracted from every element
     * @return a new tensor of this shape
     */
    public Tensor sub(double value) {
        return add(-value);
    }

    /**
     * this * other, elementwise.
     *
     * @param other a tensor that broadcasts with this one
     * @return a new tensor of the broadcast shape
     */
    public Tensor mul(Tensor other) {
        return binary("mul", this, other, Shim::ep_mul);
    }

    /**
     * this * value.
     *
     * @param value factor of every element
     * @return a new tensor of this shape
     */
    public Tensor mul(double value) {
        return unary("mul", this, (a, out) -> Shim.ep_mul_scalar(a, value, out));
    }
    /**
     * this / other, elementwise. Integers give F32.
     *
     * @param other a tensor that broadcasts with this one
     * @return a new tensor of the broadcast shape
     */
    public Tensor div(Tensor other) {
        return binary("div", this, other, Shim::ep_div);
    }
    /**
     * this / value. Integers give F32.
     *
     * @param value divisor of every element
     * @return a new tensor of this shape
     */
    public Tensor div(double value) {
        return unary("div", this, (a, out) -> Shim.ep_div_scalar(a, value, out));
    }

    /**
     * The larger of two elements.
     *
     * @param other a tensor that broadcasts with this one
     * @return a new tensor of the broadcast shape
     */
    public Tensor maximum(Tensor other) {
        return binary("maximum", this, other, Shim::ep_maximum);
    }

    /**
     * The smaller of two elements.
     *
     * @param other a tensor that broadcasts with this one
     * @return a new tensor of the broadcast shape
     */
    public Tensor minimum(Tensor other) {
        return binary("minimum", this, other, Shim::ep_minimum);
    }

    /**
     * this^exponent, elementwise.
     *
     * @param exponent the exponent
     * @return a new tensor of this shape
     */
    public Tensor pow(double exponent) {
        return unary("pow", this, (a, out) -> Shim.ep_pow_scalar(a, exponent, out));
    }
    /**
     * min(max(this, min), max), elementwise.
     *
     * @param min lower limit
     * @param max upper limit
     * @return a new tensor of this shape
     */
    public Tensor clamp(double min, double max) {
        return unary("clamp", this, (a, out) -> Shim.ep_clamp(a, min, max, out));
    }

    /**
     * max(this, min), elementwise.
     *
     * @param min lower limit
     * @return a new tensor of this shape
     */
    public Tensor clampMin(double min) {
        return clamp(min, NONE);
    }

    /**
     * min(this, max), elementwise.
     *
     * @param max upper limit
     * @return a new tensor of this shape
     */
    public Tensor clampMax(double max) {
        return clamp(NONE, max);
    }

    /**
     * -this.
     *
     * @return a new tensor of this shape
     */
    public Tensor neg() {
        return pointwise("neg", Shim.EP_NEG());
    }

    /**
     * e^this, elementwise.
     *
     * @return a new tensor of this shape
     */
    public Tensor exp() {
        return pointwise("exp", Shim.EP_EXP());
    }
    /**
     * The natural logarithm, elementwise.
     *
     * @return a new tensor of this shape
     */
    public Tensor log() {
        return pointwise("log", Shim.EP_LOG());
    }

    /**
     * The square root, elementwise.
     *
     * @return a new tensor of this shape
     */
    public Tensor sqrt() {
        return pointwise("sqrt", Shim.EP_SQRT());
    }
    /**
     * 1 / sqrt(this), elementwise.
     *
     * @return a new tensor of this shape
     */
    public Tensor rsqrt() {
        return pointwise("rsqrt", Shim.EP_RSQRT());
    }

    /**
     * this^2, elementwise.
     *
     * @return a new tensor of this shape
     */
    public Tensor square() {
        return pointwise("square", Shim.EP_SQUARE());
    }

    /**
     * The absolute value, elementwise.
     *
     * @return a new tensor of this shape
     */
    public Tensor abs() {
        return pointwise("abs", Shim.EP_ABS());
    }

    /**
     * The sine, elementwise, of angles in radians.
     *
     * @return a new tensor of this shape
     */
    public Tensor sin() {
        return pointwise("sin", Shim.EP_SIN());
    }

    /**
     * The cosine, elementwise, of angles in radians.
     *
     * @return a new tensor of this shape
     */
    public Tensor cos() {
        return pointwise("cos", Shim.EP_COS());
    }

    /**
     * The hyperbolic tangent, elementwise.
     *
     * @return a new tensor of this shape
     */
    public Tensor tanh() {
        return pointwise("tanh", Shim.EP_TANH());
    }
    /**
     * 1 / (1 + exp(-this)), elementwise.
     *
     * @return a new tensor of this shape
     */
    public Tensor sigmoid() {
        return pointwise("sigmoid", Shim.EP_SIGMOID());
    }

    /**
     * max(this, 0), elementwise.
     *
     * @return a new tensor of this shape
     */
    public Tensor relu() {
        return pointwise("relu", Shim.EP_RELU());
    }
    /**
     * x Phi(x), elementwise, where Phi is the normal distribution function, computed by erf.
     *
     * @return a new tensor of this shape
     */
    public Tensor gelu() {
        return pointwise("gelu", Shim.EP_GELU());
    }
    /**
     * 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))), elementwise: GPT-2's gelu_new.
     *
     * @return a new tensor of this shape
     */
    public Tensor geluTanh() {
        return pointwise("geluTanh", Shim.EP_GELU_TANH());
    }
    /**
     * x sigmoid(x), elementwise.
     *
     * @return a new tensor of this shape
     */
    public Tensor silu() {
        return pointwise("silu", Shim.EP_SILU());
    }
    /**
     * The nearest whole number, elementwise; halves go to the even one.
     *
     * @return a new tensor of this shape
     */
    public Tensor round() {
        return pointwise("round", Shim.EP_ROUND());
    }

    /**
     * The largest whole number that is not larger, elementwise.
     *
     * @return a new tensor of this shape
     */
    public Tensor floor() {
        return pointwise("floor", Shim.EP_FLOOR());
    }

    // ---- comparisons and logic: bool tensors ----------------------------------------------------------------------

    /**
     * {@code this == other}, elementwise.
     *
     * @param other a tensor that broadcasts with this one
     * @return BOOL, of the broadcast shape
     */
    public Tensor eq(Tensor other) {
        return compare("eq", Shim.EP_EQ(), other);
    }

    /**
     * {@code this != other}, elementwise.
     *
     * @param other a tensor that broadcasts with this one
     * @return BOOL, of the broadcast shape
     */
    public Tensor ne(Tensor other) {
        return compare("ne", Shim.EP_NE(), other);
    }

    /**
     * {@code this < other}, elementwise.
     *
     * @param other a tensor that broadcasts with this one
     * @return BOOL, of the broadcast shape
     */
    public Tensor lt(Tensor other) {
        return compare("lt", Shim.EP_LT(), other);
    }

    /**
     * {@code this <= other}, elementwise.
     *
     * @param other a tensor that broadcasts with this one
     * @return BOOL, of the broadcast shape
     */
    public Tensor le(Tensor other) {
        return compare("le", Shim.EP_LE(), other);
    }

    /**
     * {@code this > other}, elementwise.
     *
     * @param other a tensor that broadcasts with this one
     * @return BOOL, of the broadcast shape
     */
    public Tensor gt(Tensor other) {
        return compare("gt", Shim.EP_GT(), other);
    }

    /**
     * {@code this >= other}, elementwise.
     *
     * @param other a tensor that broadcasts with this one
     * @return BOOL, of the broadcast shape
     */
    public Tensor ge(Tensor other) {
        return compare("ge", Shim.EP_GE(), other);
    }

    /**
     * {@code this == value}, elementwise.
     *
     * @param value compared with every element
     * @return BOOL, of this shape
     */
    public Tensor eq(double value) {
        return compare("eq", Shim.EP_EQ(), value);
    }

    /**
     * {@code this != value}, elementwise.
     *
     * @param value compared with every element
     * @return BOOL, of this shape
     */
    public Tensor ne(double value) {
        return compare("ne", Shim.EP_NE(), value);
    }

    /**
     * {@code this < value}, elementwise.
     *
     * @param value compared with every element
     * @return BOOL, of this shape
     */
    public Tensor lt(double value) {
        return compare("lt", Shim.EP_LT(), value);
    }

    /**
     * {@code this <= value}, elementwise.
     *
     * @param value compared with every element
     * @return BOOL, of this shape
     */
    public Tensor le(double value) {
        return compare("le", Shim.EP_LE(), value);
    }

    /**
     * {@code this > value}, elementwise.
     *
     * @param value compared with every element
     * @return BOOL, of this shape
     */
    public Tensor gt(double value) {
        return compare("gt", Shim.EP_GT(), value);
    }

    /**
     * {@code this >= value}, elementwise.
     *
     * @param value compared with every element
     * @return BOOL, of this shape
     */
    public Tensor ge(double value) {
        return compare("ge", Shim.EP_GE(), value);
    }

    /**
     * Whether both elements are non-zero.
     *
     * @param other a tensor that broadcasts with this one
     * @return BOOL, of the broadcast shape
     */
    public Tensor and(Tensor other) {
        return binary("and", this, other, Shim::ep_logical_and);
    }

    /**
     * Whether either element is non-zero.
     *
     * @param other a tensor that broadcasts with this one
     * @return BOOL, of the broadcast shape
     */
    public Tensor or(Tensor other) {
        return binary("or", this, other, Shim::ep_logical_or);
    }

    /**
     * Whether an element is zero.
     *
     * @return BOOL, of this shape
     */
    public Tensor not() {
        return pointwise("not", Shim.EP_LOGICAL_NOT());
    }
    /**
     * Whether an element is neither infinite nor NaN.
     *
     * @return BOOL, of this shape
     */
    public Tensor isFinite() {
        return pointwise("isFinite", Shim.EP_IS_FINITE());
    }
    /**
     * this ? ifTrue : ifFalse, elementwise; this is BOOL.
     *
     * @param ifTrue elements where this is true
     * @param ifFalse elements where this is false
     * @return a new tensor of the shape to which all three broadcast
     */
    public Tensor where(Tensor ifTrue, Tensor ifFalse) {
        return ternary("where", this, ifTrue, ifFalse, Shim::ep_where);
    }
    /**
     * Replaces the elements where a mask is true.
     *
     * @param mask BOOL, broadcasts to this shape
     * @param value the replacement
     * @return a new tensor of this shape
     */
    public Tensor maskedFill(Tensor mask, double value) {
        return binary("maskedFill", this, mask, (a, m, out) -> Shim.ep_masked_fill(a, m, value, out));
    }

    // ---- in place -------------------------------------------------------------------------------------------------

    /**
     * this += other.
     *
     * @param other a tensor that broadcasts to this shape
     * @return this
     */
    public Tensor add_(Tensor other) {
        return add_(other, 1);
    }
    /**
     * this += alpha other.
     *
     * @param other a tensor that broadcasts to this shape
     * @param alpha its factor
     * @return this
     */
    public Tensor add_(Tensor other, double alpha) {
        return inPlace("add_", this, other, (a, b) -> Shim.ep_add_inplace(a, b, alpha));
    }

    /**
     * this *= other, elementwise.
     *
     * @param other a tensor that broadcasts to this shape
     * @return this
     */
    public Tensor mul_(Tensor other) {
        return inPlace("mul_", this, other, Shim::ep_mul_inplace);
    }

    /**
     * this *= value.
     *
     * @param value factor of every element
     * @return this
     */
    public Tensor mul_(double value) {
        return inPlace("mul_", this, a -> Shim.ep_mul_scalar_inplace(a, value));
    }
    /**
     * this += value x y, elementwise.
     *
     * @param x a tensor that broadcasts to this shape
     * @param y a tensor that broadcasts to this shape
     * @param value factor of the product
     * @return this
     */
    public Tensor addcmul_(Tensor x, Tensor y, double value) {
        return inPlace("addcmul_", this, x, y, (a, b, c) -> Shim.ep_addcmul_inplace(a, b, c, value));
    }
    /**
     * this += value x / y, elementwise.
     *
     * @param x a tensor that broadcasts to this shape
     * @param y a tensor that broadcasts to this shape
     * @param value factor of the quotient
     * @return this
     */
    public Tensor addcdiv_(Tensor x, Tensor y, double value) {
        return inPlace("addcdiv_", this, x, y, (a, b, c) -> Shim.ep_addcdiv_inplace(a, b, c, value));
    }
    /**
     * Copies the elements of another tensor to this one, converting dtype and device.
     *
     * @param source a tensor that broadcasts to this shape
     * @return this
     */
    public Tensor copy_(Tensor source) {
        return NativeCalls.assign("copy_", this, source, Shim::ep_copy_inplace);
    }

    /**
     * Sets every element.
     *
     * @param value the new value
     * @return this
     */
    public Tensor fill_(double value) {
        return inPlace("fill_", this, a -> Shim.ep_fill_inplace(a, value));
    }

    /**
     * Sets every element to zero.
     *
     * @return this
     */
    public Tensor zero_() {
        return fill_(0);
    }
    /**
     * this[.., index[i], ..] += source[.., i, ..] along a dimension.
     *
     * @param dim the dimension
     * @param index I64 or I32 of rank 1
     * @param source of this shape, but with {@code index}'s length along {@code dim}
     * @return this
     */
    public Tensor indexAdd_(int dim, Tensor index, Tensor source) {
        return inPlace("indexAdd_", this, index, source, (a, i, s) -> Shim.ep_index_add_inplace(a, dim, i, s));
    }
    /**
     * this[.., index[i], ..] = source[.., i, ..] along a dimension.
     *
     * @param dim the dimension
     * @param index I64 of rank 1
     * @param source of this shape, but with {@code index}'s length along {@code dim}
     * @return this
     */
    public Tensor indexCopy_(int dim, Tensor index, Tensor source) {
        return inPlace("indexCopy_", this, index, source, (a, i, s) -> Shim.ep_index_copy_inplace(a, dim, i, s));
    }
    /**
     * this = beta this + alpha a b, where this is {@code [n, m]}.
     *
     * @param a {@code [n, k]}
     * @param b {@code [k, m]}
     * @param beta factor of this
     * @param alpha factor of the product
     * @return this
     */
    public Tensor addmm_(Tensor a, Tensor b, double beta, double alpha) {
        return inPlace("addmm_", this, a, b, (c, x, y) -> Shim.ep_addmm_inplace(c, x, y, beta, alpha));
    }
    /**
     * this = beta this + alpha a b for each matrix of a batch, where this is {@code [i, n, m]}.
     *
     * @param a {@code [i, n, k]}
     * @param b {@code [i, k, m]}
     * @param beta factor of this
     * @param alpha factor of the product
     * @return this
     */
    public Tensor baddbmm_(Tensor a, Tensor b, double beta, double alpha) {
        return inPlace("baddbmm_", this, a, b, (c, x, y) -> Shim.ep_baddbmm_inplace(c, x, y, beta, alpha));
    }
    /**
     * Fills this with uniform random numbers from libtorch's global generator ({@link LibTorch#seed}).
     *
     * @param low smallest value
     * @param high upper limit, itself excluded
     * @return this
     */
    public Tensor uniform_(double low, double high) {
        return inPlace("uniform_", this, a -> Shim.ep_uniform_inplace(a, low, high));
    }
    /**
     * Fills this with normal random numbers from libtorch's global generator ({@link LibTorch#seed}).
     *
     * @param mean their mean
     * @param std their standard deviation
     * @return this
     */
    public Tensor normal_(double mean, double std) {
        return inPlace("normal_", this, a -> Shim.ep_normal_inplace(a, mean, std));
    }

    // ---- shape: views where PyTorch returns views -----------------------------------------------------------------

    /**
     * The same elements in row-major order with other sizes.
     *
     * @param shape the new sizes; one may be -1 and follows from the others
     * @return a view if the strides allow it, else a copy
     */
    public Tensor reshape(long... shape) {
        return unary("reshape", this, shape, (t, out) -> Shim.ep_reshape(t, longs(shape), shape.length, out));
    }
    /**
     * The same elements in row-major order with other sizes, without a copy.
     *
     * @param shape the new sizes; one may be -1 and follows from the others
     * @return a view
     * @throws TorchException if the strides do not allow it
     */
    public Tensor view(long... shape) {
        return unary("view", this, shape, (t, out) -> Shim.ep_view(t, longs(shape), shape.length, out));
    }
    /**
     * Repeats dimensions of size 1 without a copy.
     *
     * @param shape the new sizes; -1 keeps a size
     * @return a view
     */
    public Tensor expand(long... shape) {
        return unary("expand", this, shape, (t, out) -> Shim.ep_expand(t, longs(shape), shape.length, out));
    }
    /**
     * Reorders the dimensions.
     *
     * @param dims dimension i of the result is dimension dims[i] of this
     * @return a view
     */
    public Tensor permute(int... dims) {
        return unary("permute", this, (t, out) -> Shim.ep_permute(t, longs(dims), dims.length, out));
    }

    /**
     * Swaps two dimensions.
     *
     * @param dim0 one of them
     * @param dim1 the other
     * @return a view
     */
    public Tensor transpose(int dim0, int dim1) {
        return unary("transpose", this, (t, out) -> Shim.ep_transpose(t, dim0, dim1, out));
    }
    /**
     * The transpose of a matrix.
     *
     * @return a view
     */
    public Tensor t() {
        return unary("t", this, (t, out) -> Shim.ep_transpose(t, 0, 1, out));
    }

    /**
     * Inserts a dimension of size 1.
     *
     * @param dim its position in the result
     * @return a view
     */
    public Tensor unsqueeze(int dim) {
        return unary("unsqueeze", this, (t, out) -> Shim.ep_unsqueeze(t, dim, out));
    }
    /**
     * Removes a dimension if its size is 1.
     *
     * @param dim the dimension
     * @return a view
     */
    public Tensor squeeze(int dim) {
        return unary("squeeze", this, (t, out) -> Shim.ep_squeeze(t, dim, out));
    }
    /**
     * The elements start to start + length - 1 along a dimension.
     *
     * @param dim the dimension
     * @param start the first index
     * @param length number of indices
     * @return a view
     */
    public Tensor narrow(int dim, long start, long length) {
        return unary("narrow", this, (t, out) -> Shim.ep_narrow(t, dim, start, length, out));
    }
    /**
     * One slice along a dimension, which is removed.
     *
     * @param dim the dimension
     * @param index the index of the slice
     * @return a view
     */
    public Tensor select(int dim, long index) {
        return unary("select", this, (t, out) -> Shim.ep_select(t, dim, index, out));
    }
    /**
     * Splits a dimension into consecutive pieces.
     *
     * @param dim the dimension
     * @param sizes sizes of the pieces, which add up to that of the dimension
     * @return a view of each piece
     */
    public List<Tensor> split(int dim, long... sizes) {
        return NativeCalls.several(
                "split", this, sizes.length, (t, out) -> Shim.ep_split(t, longs(sizes), sizes.length, dim, out));
    }
    /**
     * Joins tensors along an existing dimension.
     *
     * @param dim the dimension
     * @param parts tensors whose other sizes are equal
     * @return a copy of all elements
     */
    public static Tensor cat(int dim, List<Tensor> parts) {
        return join("cat", parts, (array, out) -> Shim.ep_cat(array, parts.size(), dim, out));
    }

    /**
     * Joins tensors along an existing dimension.
     *
     * @param dim the dimension
     * @param parts tensors whose other sizes are equal
     * @return a copy of all elements
     */
    public static Tensor cat(int dim, Tensor... parts) {
        return cat(dim, Arrays.asList(parts));
    }
    /**
     * Joins tensors along a new dimension.
     *
     * @param dim its position in the result
     * @param parts tensors of equal shape
     * @return a copy of all elements
     */
    public static Tensor stack(int dim, List<Tensor> parts) {
        return join("stack", parts, (array, out) -> Shim.ep_stack(array, parts.size(), dim, out));
    }

    /**
     * Joins tensors along a new dimension.
     *
     * @param dim its position in the result
     * @param parts tensors of equal shape
     * @return a copy of all elements
     */
    public static Tensor stack(int dim, Tensor... parts) {
        return stack(dim, Arrays.asList(parts));
    }
    /**
     * The slices index[0], index[1], ... along a dimension.
     *
     * @param dim the dimension
     * @param index I64 or I32 of rank 1
     * @return a copy
     */
    public Tensor indexSelect(int dim, Tensor index) {
        return binary("indexSelect", this, index, (t, i, out) -> Shim.ep_index_select(t, dim, i, out));
    }
    /**
     * out[.., i, ..] = this[.., index[.., i, ..], ..] along a dimension.
     *
     * @param dim the dimension
     * @param index I64, of the result's shape
     * @return a copy
     */
    public Tensor gather(int dim, Tensor index) {
        return binary("gather", this, index, (t, i, out) -> Shim.ep_gather(t, dim, i, out));
    }
    /**
     * Sets the elements above a diagonal of the last two dimensions to zero.
     *
     * @param diagonal 0 for the main one, positive above it
     * @return a new tensor of this shape
     */
    public Tensor tril(long diagonal) {
        return unary("tril", this, (t, out) -> Shim.ep_tril(t, diagonal, out));
    }
    /**
     * Sets the elements below a diagonal of the last two dimensions to zero.
     *
     * @param diagonal 0 for the main one, positive above it
     * @return a new tensor of this shape
     */
    public Tensor triu(long diagonal) {
        return unary("triu", this, (t, out) -> Shim.ep_triu(t, diagonal, out));
    }
    /**
     * Repeats each slice along a dimension.
     *
     * @param n how often in a row
     * @param dim the dimension
     * @return a copy with {@code n} times the size along {@code dim}
     */
    public Tensor repeatInterleave(long n, int dim) {
        return unary("repeatInterleave", this, (t, out) -> Shim.ep_repeat_interleave(t, n, dim, out));
    }
    /**
     * The same elements, row-major in memory.
     *
     * @return another handle to this if it is contiguous, else a copy
     */
    public Tensor contiguous() {
        return unary("contiguous", this, Shim::ep_contiguous);
    }
    /**
     * A copy of the elements, through which gradients flow.
     *
     * @return a new tensor of this shape
     */
    public Tensor copy() {
        return unary("copy", this, Shim::ep_clone);
    }
    /**
     * The same elements in a dtype.
     *
     * @param dtype the dtype
     * @return another handle to this if it has the dtype already, else a converted copy
     */
    public Tensor to(DType dtype) {
        return unary("to", this, (t, out) -> Shim.ep_to_dtype(t, dtype.code(), out));
    }
    /**
     * The same elements on a device.
     *
     * @param device the device
     * @return another handle to this if it is there already, else a copy
     */
    public Tensor to(Device device) {
        return unary("to", this, (t, out) -> Shim.ep_to_device(t, device.typeCode(), device.index(), out));
    }

    // ---- reductions: no dims means all of them; "Keep" leaves size 1 ----------------------------------------------

    /**
     * Sums along dimensions. Integers and bools sum to I64.
     *
     * @param dims the dimensions; none means all
     * @return without these dimensions
     */
    public Tensor sum(int... dims) {
        return reduce("sum", Shim::ep_sum, dims, false);
    }

    /**
     * Sums along dimensions, which are kept. Integers and bools sum to I64.
     *
     * @param dims the dimensions; none means all
     * @return with size 1 in these dimensions
     */
    public Tensor sumKeep(int... dims) {
        return reduce("sumKeep", Shim::ep_sum, dims, true);
    }

    /**
     * The mean along dimensions.
     *
     * @param dims the dimensions; none means all
     * @return without these dimensions
     */
    public Tensor mean(int... dims) {
        return reduce("mean", Shim::ep_mean, dims, false);
    }

    /**
     * The mean along dimensions, which are kept.
     *
     * @param dims the dimensions; none means all
     * @return with size 1 in these dimensions
     */
    public Tensor meanKeep(int... dims) {
        return reduce("meanKeep", Shim::ep_mean, dims, true);
    }

    /**
     * The largest elements along dimensions.
     *
     * @param dims the dimensions; none means all
     * @return without these dimensions
     */
    public Tensor amax(int... dims) {
        return reduce("amax", Shim::ep_amax, dims, false);
    }

    /**
     * The largest elements along dimensions, which are kept.
     *
     * @param dims the dimensions; none means all
     * @return with size 1 in these dimensions
     */
    public Tensor amaxKeep(int... dims) {
        return reduce("amaxKeep", Shim::ep_amax, dims, true);
    }

    /**
     * The smallest elements along dimensions.
     *
     * @param dims the dimensions; none means all
     * @return without these dimensions
     */
    public Tensor amin(int... dims) {
        return reduce("amin", Shim::ep_amin, dims, false);
    }
    /**
     * The indices of the largest elements along a dimension.
     *
     * @param dim the dimension
     * @return I64, without this dimension
     */
    public Tensor argmax(int dim) {
        return unary("argmax", this, (t, out) -> Shim.ep_argmax(t, dim, 0, out));
    }

    /**
     * Sums of the elements up to and including each, along a dimension.
     *
     * @param dim the dimension
     * @return a new tensor of this shape
     */
    public Tensor cumsum(int dim) {
        return unary("cumsum", this, (t, out) -> Shim.ep_cumsum(t, dim, out));
    }
    /**
     * ln sum exp(this) along a dimension, computed without overflow.
     *
     * @param dim the dimension
     * @return without this dimension
     */
    public Tensor logsumexp(int dim) {
        return unary("logsumexp", this, (t, out) -> Shim.ep_logsumexp(t, dim, 0, out));
    }
    /**
     * Whether all elements are non-zero.
     *
     * @return a BOOL scalar
     */
    public Tensor all() {
        return unary("all", this, Shim::ep_all);
    }
    /**
     * Whether any element is non-zero.
     *
     * @return a BOOL scalar
     */
    public Tensor any() {
        return unary("any", this, Shim::ep_any);
    }
    /**
     * The largest or smallest elements along a dimension, sorted.
     *
     * @param k how many
     * @param dim the dimension
     * @param largest whether the largest are wanted
     * @return the elements and their indices
     */
    public TopK topk(long k, int dim, boolean largest) {
        List<Tensor> both = NativeCalls.several(
                "topk", this, 2, (t, out) -> Shim.ep_topk(t, k, dim, largest ? 1 : 0, out, out.asSlice(Long.BYTES)));
        return new TopK(both.get(0), both.get(1));
    }

    // ---- products, normalisation, attention -----------------------------------------------------------------------

    /**
     * Matrix product over the last two dimensions, {@code [.., n, k]} x {@code [.., k, m]}; the others broadcast.
     * Vectors are treated as in PyTorch.
     *
     * @param other the right factor
     * @return {@code [.., n, m]}
     */
    public Tensor matmul(Tensor other) {
        return binary("matmul", this, other, Shim::ep_matmul);
    }
    /**
     * Matrix product of two batches of matrices; this is {@code [i, n, k]}.
     *
     * @param other {@code [i, k, m]}
     * @return {@code [i, n, m]}
     */
    public Tensor bmm(Tensor other) {
        return binary("bmm", this, other, Shim::ep_bmm);
    }
    /**
     * bias + a b.
     *
     * @param bias broadcasts to {@code [n, m]}
     * @param a {@code [n, k]}
     * @param b {@code [k, m]}
     * @return {@code [n, m]}
     */
    public static Tensor addmm(Tensor bias, Tensor a, Tensor b) {
        return ternary("addmm", bias, a, b, (c, x, y, out) -> Shim.ep_addmm(c, x, y, 1, 1, out));
    }
    /**
     * bias + a b for each matrix of a batch.
     *
     * @param bias broadcasts to {@code [i, n, m]}
     * @param a {@code [i, n, k]}
     * @param b {@code [i, k, m]}
     * @return {@code [i, n, m]}
     */
    public static Tensor baddbmm(Tensor bias, Tensor a, Tensor b) {
        return ternary("baddbmm", bias, a, b, (c, x, y, out) -> Shim.ep_baddbmm(c, x, y, 1, 1, out));
    }
    /**
     * this weight^T + bias, where this is {@code [.., in]}.
     *
     * @param weight {@code [out, in]}
     * @param biasOrNull {@code [out]}, or null for none
     * @return {@code [.., out]}
     */
    public Tensor linear(Tensor weight, Tensor biasOrNull) {
        return NativeCalls.create(
                "linear",
                out -> Shim.ep_linear(
                        handle("linear"), NativeCalls.handle("linear", 2, weight), optional("linear", biasOrNull), out),
                this,
                weight,
                biasOrNull);
    }
    /**
     * exp(this) / sum exp(this) along a dimension.
     *
     * @param dim the dimension
     * @return a new tensor of this shape
     */
    public Tensor softmax(int dim) {
        return unary("softmax", this, (t, out) -> Shim.ep_softmax(t, dim, out));
    }
    /**
     * this - logsumexp(this) along a dimension.
     *
     * @param dim the dimension
     * @return a new tensor of this shape
     */
    public Tensor logSoftmax(int dim) {
        return unary("logSoftmax", this, (t, out) -> Shim.ep_log_softmax(t, dim, out));
    }
    /**
     * (this - mean) / sqrt(variance + eps) * weight + bias over the last dimension, with the biased variance.
     *
     * @param weightOrNull {@code [width]}, or null for ones
     * @param biasOrNull {@code [width]}, or null for zeros
     * @param eps added to the variance
     * @return a new tensor of this shape
     */
    public Tensor layerNorm(Tensor weightOrNull, Tensor biasOrNull, double eps) {
        return NativeCalls.create(
                "layerNorm",
                out -> Shim.ep_layer_norm(
                        handle("layerNorm"),
                        optional("layerNorm", weightOrNull),
                        optional("layerNorm", biasOrNull),
                        eps,
                        out),
                this,
                weightOrNull,
                biasOrNull);
    }
    /**
     * softmax(scale q k^T + mask) v.
     *
     * @param q queries, {@code [.., t, d]}
     * @param k keys, {@code [.., s, d]}
     * @param v values, {@code [.., s, e]}
     * @param maskOrNull added to the scores, or BOOL with true where attention is allowed; broadcasts to {@code [.., t,
     *     s]}
     * @param causal whether position i sees only positions up to i (then without a mask)
     * @param scale factor on the scores; NaN for 1 / sqrt(d)
     * @return {@code [.., t, e]}
     */
    public static Tensor attention(Tensor q, Tensor k, Tensor v, Tensor maskOrNull, boolean causal, double scale) {
        return NativeCalls.create(
                "attention",
                out -> Shim.ep_attention(
                        NativeCalls.handle("attention", 1, q),
                        NativeCalls.handle("attention", 2, k),
                        NativeCalls.handle("attention", 3, v),
                        optional("attention", maskOrNull),
                        causal ? 1 : 0,
                        scale,
                        out),
                q,
                k,
                v,
                maskOrNull);
    }

    // ---- autograd -------------------------------------------------------------------------------------------------

    /**
     * Makes this a leaf of the gradient graph, whose gradient can be computed.
     *
     * @param requiresGrad whether gradients are wanted
     * @return this
     * @throws TorchException if the dtype is not a floating-point one
     */
    public Tensor requiresGrad_(boolean requiresGrad) {
        NativeCalls.check(
                Shim.ep_set_requires_grad(handle("requiresGrad_"), requiresGrad ? 1 : 0), "requiresGrad_", this);
        return this;
    }

    /**
     * Whether operations on this are recorded for gradients.
     *
     * @return true for leaves that require gradients and for what is computed from them
     */
    public boolean requiresGrad() {
        return NativeCalls.askInt("requiresGrad", this, Shim::ep_requires_grad) != 0;
    }
    /**
     * The same elements, without a connection to the gradient graph.
     *
     * @return a view that shares memory
     */
    public Tensor detach() {
        return unary("detach", this, Shim::ep_detach);
    }

    // ---- elements as Java values, row-major -----------------------------------------------------------------------

    /**
     * Copies all elements to the host as float, whatever the dtype.
     *
     * @return row-major
     * @throws IllegalStateException if a Java array cannot hold so many
     */
    public float[] toFloats() {
        return HostMemory.floats(this);
    }
    /**
     * Copies all elements to the host as double, whatever the dtype.
     *
     * @return row-major
     * @throws IllegalStateException if a Java array cannot hold so many
     */
    public double[] toDoubles() {
        return HostMemory.doubles(this);
    }
    /**
     * Copies all elements of an integer or BOOL tensor to the host.
     *
     * @return row-major
     * @throws IllegalStateException if the dtype is a floating-point one, or a Java array cannot hold so many
     */
    public long[] toLongs() {
        return HostMemory.longs(this);
    }
    /**
     * Copies all elements of a BOOL tensor to the host.
     *
     * @return row-major
     * @throws IllegalStateException if the dtype is another one, or a Java array cannot hold so many
     */
    public boolean[] toBooleans() {
        return HostMemory.booleans(this);
    }
    /**
     * The element of a tensor that has one element, of any shape and dtype.
     *
     * @return the element
     * @throws IllegalStateException if there is not exactly one
     */
    public double item() {
        return HostMemory.one(this, "item").toDoubles()[0];
    }
    /**
     * The element of an integer or BOOL tensor that has one element.
     *
     * @return the element
     * @throws IllegalStateException if there is not exactly one, or the dtype is a floating-point one
     */
    public long itemLong() {
        return HostMemory.one(this, "itemLong").toLongs()[0];
    }

    /**
     * Copies the elements as they are, row-major, to native memory.
     *
     * @param target writable native memory of exactly their size
     * @throws IllegalArgumentException if the segment is on the heap, read-only or of another size
     */
    public void copyTo(MemorySegment target) {
        HostMemory.copy(this, target);
    }

    // ---- inside the package ---------------------------------------------------------------------------------------

    /** The open handle; {@code op} is who asks, for the error text. */
    MemorySegment handle(String op) {
        MemorySegment open = handle;
        if (open == null) {
            throw new IllegalStateException(op + ": the tensor is closed");
        }
        if (wrapped != null && !wrapped.scope().isAlive()) {
            throw new IllegalStateException(op + ": the arena of the memory that the tensor wraps is closed");
        }
        return open;
    }

    /** The first element's address; null for a tensor without elements. */
    MemorySegment data() {
        return NativeCalls.askPointer("data", this, Shim::ep_data_ptr);
    }

    /** Notes that this tensor's elements are in foreign memory. */
    Tensor over(MemorySegment memory) {
        wrapped = memory;
        return this;
    }

    MemorySegment wrapped() {
        return wrapped;
    }

    /** {@code [3, 4] f32}, and the device where it is not the CPU. */
    String describe() {
        return Arrays.toString(sizes("describe")) + " " + dtype() + (device().isCpu() ? "" : " " + device());
    }

    private long[] sizes(String op) {
        handle(op);
        long[] known = shape;
        if (known == null) {
            int rank = NativeCalls.askInt(op, this, Shim::ep_rank);
            known = NativeCalls.askLongs(op, this, rank, Shim::ep_sizes);
            shape = known;
        }
        return known;
    }

    private Tensor pointwise(String op, int function) {
        return unary(op, this, (a, out) -> Shim.ep_unary(function, a, out));
    }

    private Tensor compare(String op, int relation, Tensor other) {
        return binary(op, this, other, (a, b, out) -> Shim.ep_compare(relation, a, b, out));
    }

    private Tensor compare(String op, int relation, double value) {
        return unary(op, this, (a, out) -> Shim.ep_compare_scalar(relation, a, value, out));
    }

    @FunctionalInterface
    private interface Reduction {
        int on(MemorySegment tensor, MemorySegment dims, int count, int keep, MemorySegment out);
    }

    private Tensor reduce(String op, Reduction reduction, int[] dims, boolean keep) {
        Objects.requireNonNull(dims, "dims");
        return unary(
                op,
                this,
                (t, out) -> reduction.on(
                        t, dims.length == 0 ? MemorySegment.NULL : longs(dims), dims.length, keep ? 1 : 0, out));
    }
}
