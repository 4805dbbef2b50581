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
 * unless {@link GradMode} is off. A trailing underscore means: in place, returns this.
 *
 * <p>A new tensor belongs to the innermost open {@link TensorScope} of the thread, or to the caller, who closes it.
 * Closing is idempotent and safe from any thread, but must not overlap with an operation on the same tensor in another
 * one.
 *
 * <p>Errors: {@link TorchException} with the operation and all shapes where libtorch refuses,
 * {@link IllegalStateException} for a closed tensor, {@link NullPointerException} for a missing operand.
 */
public final class Tensor implements AutoCloseable {
    private static final double NONE = Double.NaN;

    /** Values and their indices along the dimension, both of the input's shape with {@code k} in that dimension. */
    public record TopK(Tensor values, Tensor indices) {}

    private volatile MemorySegment handle; // null: closed
    private MemorySegment wrapped; // memory of someone else that this tensor looks into, or null
    private volatile long[] shape; // these three are asked for once: no operation changes them
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

    /** f32 on the CPU, row-major; the shape's product must be the number of values, here and below. */
    public static Tensor of(float[] values, long... shape) {
        return HostMemory.tensorOf(MemorySegment.ofArray(values), DType.F32, shape);
    }
    /** f64 on the CPU. */
    public static Tensor of(double[] values, long... shape) {
        return HostMemory.tensorOf(MemorySegment.ofArray(values), DType.F64, shape);
    }
    /** i64 on the CPU. */
    public static Tensor of(long[] values, long... shape) {
        return HostMemory.tensorOf(MemorySegment.ofArray(values), DType.I64, shape);
    }
    /** i32 on the CPU. */
    public static Tensor of(int[] values, long... shape) {
        return HostMemory.tensorOf(MemorySegment.ofArray(values), DType.I32, shape);
    }
    /** bool on the CPU. */
    public static Tensor of(boolean[] values, long... shape) {
        return HostMemory.tensorOf(values, shape);
    }
    /** f32 of rank 0 on the CPU. */
    public static Tensor scalar(double value) {
        return full(value, DType.F32, Device.CPU);
    }
    /** Uninitialised. */
    public static Tensor empty(DType dtype, Device device, long... shape) {
        return NativeCalls.create(
                "empty",
                out -> Shim.ep_empty(longs(shape), shape.length, dtype.code(), device.typeCode(), device.index(), out),
                shape);
    }

    public static Tensor full(double value, DType dtype, Device device, long... shape) {
        return NativeCalls.create(
                "full",
                out -> Shim.ep_full(
                        longs(shape), shape.length, value, dtype.code(), device.typeCode(), device.index(), out),
                shape);
    }

    public static Tensor zeros(DType dtype, Device device, long... shape) {
        return full(0, dtype, device, shape);
    }

    public static Tensor ones(DType dtype, Device device, long... shape) {
        return full(1, dtype, device, shape);
    }
    /** f32 on the CPU. */
    public static Tensor zeros(long... shape) {
        return zeros(DType.F32, Device.CPU, shape);
    }
    /** f32 on the CPU. */
    public static Tensor ones(long... shape) {
        return ones(DType.F32, Device.CPU, shape);
    }
    /** start, start + 1, ..., end - 1 as i64 on the CPU. */
    public static Tensor arange(long start, long end) {
        return NativeCalls.create("arange", out -> Shim.ep_arange(start, end, 0, 0, out), new long[] {end - start});
    }

    /**
     * A tensor over native memory, without a copy, row-major. The segment stays reachable as long as the tensor and its
     * views are; its arena must stay open as long as anything, a gradient graph too, uses them (using a tensor after
     * its arena closed throws). In-place operations throw where the segment is read-only.
     *
     * @throws IllegalArgumentException if the segment is on the heap, not aligned to the dtype's size, or not of the
     *     shape's size
     */
    public static Tensor wrap(MemorySegment data, DType dtype, long... shape) {
        return HostMemory.wrap(data, dtype, shape);
    }

    // ---- identity -------------------------------------------------------------------------------------------------

    public long[] shape() {
        return sizes("shape").clone();
    }
    /** The size of one dimension; negative ones count from the last. */
    public long size(int dim) {
        long[] sizes = sizes("size");
        return sizes[Objects.checkIndex(dim < 0 ? dim + sizes.length : dim, sizes.length)];
    }

    public int rank() {
        return sizes("rank").length;
    }

    public long elementCount() {
        return Arrays.stream(sizes("elementCount")).reduce(1, (a, b) -> a * b);
    }

    public DType dtype() {
        handle("dtype");
        if (dtype == null) {
            dtype = DType.ofCode(NativeCalls.askInt("dtype", this, Shim::ep_dtype));
        }
        return dtype;
    }

    public Device device() {
        handle("device");
        if (device == null) {
            long codes = NativeCalls.askLongs(
                    "device", this, 1, (t, out) -> Shim.ep_device(t, out, out.asSlice(Integer.BYTES)))[0];
            device = Device.ofCodes((int) codes, (int) (codes >> Integer.SIZE));
        }
        return device;
    }

    public boolean isContiguous() {
        return NativeCalls.askInt("isContiguous", this, Shim::ep_is_contiguous) != 0;
    }

    public boolean isOpen() {
        return handle != null;
    }

    /** Frees the handle (the elements with the last one that shares them). Closing again does nothing. */
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

    public Tensor add(Tensor other) {
        return add(other, 1);
    }
    /** this + alpha other. */
    public Tensor add(Tensor other, double alpha) {
        return binary("add", this, other, (a, b, out) -> Shim.ep_add(a, b, alpha, out));
    }

    public Tensor add(double value) {
        return unary("add", this, (a, out) -> Shim.ep_add_scalar(a, value, out));
    }

    public Tensor sub(Tensor other) {
        return binary("sub", this, other, Shim::ep_sub);
    }

    public Tensor sub(double value) {
        return add(-value);
    }

    public Tensor mul(Tensor other) {
        return binary("mul", this, other, Shim::ep_mul);
    }

    public Tensor mul(double value) {
        return unary("mul", this, (a, out) -> Shim.ep_mul_scalar(a, value, out));
    }
    /** True division: integers give f32. */
    public Tensor div(Tensor other) {
        return binary("div", this, other, Shim::ep_div);
    }
    /** True division: integers give f32. */
    public Tensor div(double value) {
        return unary("div", this, (a, out) -> Shim.ep_div_scalar(a, value, out));
    }

    public Tensor maximum(Tensor other) {
        return binary("maximum", this, other, Shim::ep_maximum);
    }

    public Tensor minimum(Tensor other) {
        return binary("minimum", this, other, Shim::ep_minimum);
    }

    public Tensor pow(double exponent) {
        return unary("pow", this, (a, out) -> Shim.ep_pow_scalar(a, exponent, out));
    }
    /** min(max(this, min), max). */
    public Tensor clamp(double min, double max) {
        return unary("clamp", this, (a, out) -> Shim.ep_clamp(a, min, max, out));
    }

    public Tensor clampMin(double min) {
        return clamp(min, NONE);
    }

    public Tensor clampMax(double max) {
        return clamp(NONE, max);
    }

    public Tensor neg() {
        return pointwise("neg", Shim.EP_NEG());
    }

    public Tensor exp() {
        return pointwise("exp", Shim.EP_EXP());
    }
    /** The natural logarithm. */
    public Tensor log() {
        return pointwise("log", Shim.EP_LOG());
    }

    public Tensor sqrt() {
        return pointwise("sqrt", Shim.EP_SQRT());
    }
    /** 1 / sqrt(this). */
    public Tensor rsqrt() {
        return pointwise("rsqrt", Shim.EP_RSQRT());
    }

    public Tensor square() {
        return pointwise("square", Shim.EP_SQUARE());
    }

    public Tensor abs() {
        return pointwise("abs", Shim.EP_ABS());
    }

    public Tensor sin() {
        return pointwise("sin", Shim.EP_SIN());
    }

    public Tensor cos() {
        return pointwise("cos", Shim.EP_COS());
    }

    public Tensor tanh() {
        return pointwise("tanh", Shim.EP_TANH());
    }
    /** 1 / (1 + exp(-this)). */
    public Tensor sigmoid() {
        return pointwise("sigmoid", Shim.EP_SIGMOID());
    }

    public Tensor relu() {
        return pointwise("relu", Shim.EP_RELU());
    }
    /** x Phi(x), with Phi by erf. */
    public Tensor gelu() {
        return pointwise("gelu", Shim.EP_GELU());
    }
    /** 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))): GPT-2's gelu_new. */
    public Tensor geluTanh() {
        return pointwise("geluTanh", Shim.EP_GELU_TANH());
    }
    /** x sigmoid(x). */
    public Tensor silu() {
        return pointwise("silu", Shim.EP_SILU());
    }
    /** To the nearest whole number, halves to the even one. */
    public Tensor round() {
        return pointwise("round", Shim.EP_ROUND());
    }

    public Tensor floor() {
        return pointwise("floor", Shim.EP_FLOOR());
    }

    // ---- comparisons and logic: bool tensors ----------------------------------------------------------------------

    public Tensor eq(Tensor other) {
        return compare("eq", Shim.EP_EQ(), other);
    }

    public Tensor ne(Tensor other) {
        return compare("ne", Shim.EP_NE(), other);
    }

    public Tensor lt(Tensor other) {
        return compare("lt", Shim.EP_LT(), other);
    }

    public Tensor le(Tensor other) {
        return compare("le", Shim.EP_LE(), other);
    }

    public Tensor gt(Tensor other) {
        return compare("gt", Shim.EP_GT(), other);
    }

    public Tensor ge(Tensor other) {
        return compare("ge", Shim.EP_GE(), other);
    }

    public Tensor eq(double value) {
        return compare("eq", Shim.EP_EQ(), value);
    }

    public Tensor ne(double value) {
        return compare("ne", Shim.EP_NE(), value);
    }

    public Tensor lt(double value) {
        return compare("lt", Shim.EP_LT(), value);
    }

    public Tensor le(double value) {
        return compare("le", Shim.EP_LE(), value);
    }

    public Tensor gt(double value) {
        return compare("gt", Shim.EP_GT(), value);
    }

    public Tensor ge(double value) {
        return compare("ge", Shim.EP_GE(), value);
    }

    public Tensor and(Tensor other) {
        return binary("and", this, other, Shim::ep_logical_and);
    }

    public Tensor or(Tensor other) {
        return binary("or", this, other, Shim::ep_logical_or);
    }

    public Tensor not() {
        return pointwise("not", Shim.EP_LOGICAL_NOT());
    }
    /** False for infinities and NaN. */
    public Tensor isFinite() {
        return pointwise("isFinite", Shim.EP_IS_FINITE());
    }
    /** Elementwise this ? ifTrue : ifFalse; this is bool. */
    public Tensor where(Tensor ifTrue, Tensor ifFalse) {
        return ternary("where", this, ifTrue, ifFalse, Shim::ep_where);
    }
    /** {@code value} where the bool {@code mask}, broadcast to this shape, is true. */
    public Tensor maskedFill(Tensor mask, double value) {
        return binary("maskedFill", this, mask, (a, m, out) -> Shim.ep_masked_fill(a, m, value, out));
    }

    // ---- in place -------------------------------------------------------------------------------------------------

    public Tensor add_(Tensor other) {
        return add_(other, 1);
    }
    /** this += alpha other. */
    public Tensor add_(Tensor other, double alpha) {
        return inPlace("add_", this, other, (a, b) -> Shim.ep_add_inplace(a, b, alpha));
    }

    public Tensor mul_(Tensor other) {
        return inPlace("mul_", this, other, Shim::ep_mul_inplace);
    }

    public Tensor mul_(double value) {
        return inPlace("mul_", this, a -> Shim.ep_mul_scalar_inplace(a, value));
    }
    /** this += value x y. */
    public Tensor addcmul_(Tensor x, Tensor y, double value) {
        return inPlace("addcmul_", this, x, y, (a, b, c) -> Shim.ep_addcmul_inplace(a, b, c, value));
    }
    /** this += value x / y. */
    public Tensor addcdiv_(Tensor x, Tensor y, double value) {
        return inPlace("addcdiv_", this, x, y, (a, b, c) -> Shim.ep_addcdiv_inplace(a, b, c, value));
    }
    /** Takes over the elements of {@code source}, broadcast and converted. */
    public Tensor copy_(Tensor source) {
        return inPlace("copy_", this, source, Shim::ep_copy_inplace);
    }

    public Tensor fill_(double value) {
        return inPlace("fill_", this, a -> Shim.ep_fill_inplace(a, value));
    }

    public Tensor zero_() {
        return fill_(0);
    }
    /** this[.., index[i], ..] += source[.., i, ..] along {@code dim}; index is i64 or i32 of rank 1. */
    public Tensor indexAdd_(int dim, Tensor index, Tensor source) {
        return inPlace("indexAdd_", this, index, source, (a, i, s) -> Shim.ep_index_add_inplace(a, dim, i, s));
    }
    /** this[.., index[i], ..] = source[.., i, ..] along {@code dim}; index is i64 of rank 1. */
    public Tensor indexCopy_(int dim, Tensor index, Tensor source) {
        return inPlace("indexCopy_", this, index, source, (a, i, s) -> Shim.ep_index_copy_inplace(a, dim, i, s));
    }
    /** this = beta this + alpha a b: [n, m] with a [n, k] and b [k, m]. */
    public Tensor addmm_(Tensor a, Tensor b, double beta, double alpha) {
        return inPlace("addmm_", this, a, b, (c, x, y) -> Shim.ep_addmm_inplace(c, x, y, beta, alpha));
    }
    /** this = beta this + alpha a b: [i, n, m] with a [i, n, k] and b [i, k, m]. */
    public Tensor baddbmm_(Tensor a, Tensor b, double beta, double alpha) {
        return inPlace("baddbmm_", this, a, b, (c, x, y) -> Shim.ep_baddbmm_inplace(c, x, y, beta, alpha));
    }
    /** Uniform in [low, high), from libtorch's global generator ({@link LibTorch#seed}). */
    public Tensor uniform_(double low, double high) {
        return inPlace("uniform_", this, a -> Shim.ep_uniform_inplace(a, low, high));
    }
    /** Normal, from libtorch's global generator ({@link LibTorch#seed}). */
    public Tensor normal_(double mean, double std) {
        return inPlace("normal_", this, a -> Shim.ep_normal_inplace(a, mean, std));
    }

    // ---- shape: views where PyTorch returns views -----------------------------------------------------------------

    /** The same elements in row-major order; one size may be -1. A view where the strides allow it, else a copy. */
    public Tensor reshape(long... shape) {
        return unary("reshape", this, shape, (t, out) -> Shim.ep_reshape(t, longs(shape), shape.length, out));
    }
    /** As {@link #reshape}, but throws where a copy would be needed. */
    public Tensor view(long... shape) {
        return unary("view", this, shape, (t, out) -> Shim.ep_view(t, longs(shape), shape.length, out));
    }
    /** Repeats dimensions of size 1 without a copy; -1 keeps a size. */
    public Tensor expand(long... shape) {
        return unary("expand", this, shape, (t, out) -> Shim.ep_expand(t, longs(shape), shape.length, out));
    }
    /** Dimension i of the result is dimension dims[i] of this. */
    public Tensor permute(int... dims) {
        return unary("permute", this, (t, out) -> Shim.ep_permute(t, longs(dims), dims.length, out));
    }

    public Tensor transpose(int dim0, int dim1) {
        return unary("transpose", this, (t, out) -> Shim.ep_transpose(t, dim0, dim1, out));
    }
    /** The transpose of a matrix. */
    public Tensor t() {
        return unary("t", this, (t, out) -> Shim.ep_transpose(t, 0, 1, out));
    }

    public Tensor unsqueeze(int dim) {
        return unary("unsqueeze", this, (t, out) -> Shim.ep_unsqueeze(t, dim, out));
    }
    /** Removes {@code dim} if its size is 1. */
    public Tensor squeeze(int dim) {
        return unary("squeeze", this, (t, out) -> Shim.ep_squeeze(t, dim, out));
    }
    /** Elements start .. start + length - 1 of {@code dim}. */
    public Tensor narrow(int dim, long start, long length) {
        return unary("narrow", this, (t, out) -> Shim.ep_narrow(t, dim, start, length, out));
    }
    /** One slice of {@code dim}, which disappears. */
    public Tensor select(int dim, long index) {
        return unary("select", this, (t, out) -> Shim.ep_select(t, dim, index, out));
    }
    /** Views of consecutive pieces along {@code dim}; the sizes add up to that dimension. */
    public List<Tensor> split(int dim, long... sizes) {
        return NativeCalls.several(
                "split", this, sizes.length, (t, out) -> Shim.ep_split(t, longs(sizes), sizes.length, dim, out));
    }
    /** Joined along an existing dimension. */
    public static Tensor cat(int dim, List<Tensor> parts) {
        return join("cat", parts, (array, out) -> Shim.ep_cat(array, parts.size(), dim, out));
    }

    public static Tensor cat(int dim, Tensor... parts) {
        return cat(dim, Arrays.asList(parts));
    }
    /** Joined along a new dimension. */
    public static Tensor stack(int dim, List<Tensor> parts) {
        return join("stack", parts, (array, out) -> Shim.ep_stack(array, parts.size(), dim, out));
    }

    public static Tensor stack(int dim, Tensor... parts) {
        return stack(dim, Arrays.asList(parts));
    }
    /** The slices index[0], index[1], ... of {@code dim}; index is i64 or i32 of rank 1. */
    public Tensor indexSelect(int dim, Tensor index) {
        return binary("indexSelect", this, index, (t, i, out) -> Shim.ep_index_select(t, dim, i, out));
    }
    /** out[.., i, ..] = this[.., index[.., i, ..], ..] along {@code dim}; index is i64 and of the result's shape. */
    public Tensor gather(int dim, Tensor index) {
        return binary("gather", this, index, (t, i, out) -> Shim.ep_gather(t, dim, i, out));
    }
    /** Zero above the given diagonal of the last two dimensions (0: the main one, positive: above it). */
    public Tensor tril(long diagonal) {
        return unary("tril", this, (t, out) -> Shim.ep_tril(t, diagonal, out));
    }
    /** Zero below the given diagonal of the last two dimensions. */
    public Tensor triu(long diagonal) {
        return unary("triu", this, (t, out) -> Shim.ep_triu(t, diagonal, out));
    }
    /** Each slice of {@code dim} n times in a row. */
    public Tensor repeatInterleave(long n, int dim) {
        return unary("repeatInterleave", this, (t, out) -> Shim.ep_repeat_interleave(t, n, dim, out));
    }
    /** This (a second handle) if it is contiguous, else a row-major copy. */
    public Tensor contiguous() {
        return unary("contiguous", this, Shim::ep_contiguous);
    }
    /** A copy of the elements, recorded by autograd. */
    public Tensor copy() {
        return unary("copy", this, Shim::ep_clone);
    }
    /** This (a second handle) if it has the dtype already, else a converted copy. */
    public Tensor to(DType dtype) {
        return unary("to", this, (t, out) -> Shim.ep_to_dtype(t, dtype.code(), out));
    }
    /** This (a second handle) if it is there already, else a copy on the device. */
    public Tensor to(Device device) {
        return unary("to", this, (t, out) -> Shim.ep_to_device(t, device.typeCode(), device.index(), out));
    }

    // ---- reductions: no dims means all of them; "Keep" leaves size 1 ----------------------------------------------

    /** Integers and bools sum to i64. */
    public Tensor sum(int... dims) {
        return reduce("sum", Shim::ep_sum, dims, false);
    }

    public Tensor sumKeep(int... dims) {
        return reduce("sumKeep", Shim::ep_sum, dims, true);
    }

    public Tensor mean(int... dims) {
        return reduce("mean", Shim::ep_mean, dims, false);
    }

    public Tensor meanKeep(int... dims) {
        return reduce("meanKeep", Shim::ep_mean, dims, true);
    }

    public Tensor amax(int... dims) {
        return reduce("amax", Shim::ep_amax, dims, false);
    }

    public Tensor amaxKeep(int... dims) {
        return reduce("amaxKeep", Shim::ep_amax, dims, true);
    }

    public Tensor amin(int... dims) {
        return reduce("amin", Shim::ep_amin, dims, false);
    }
    /** i64 indices of the largest elements along {@code dim}, which disappears. */
    public Tensor argmax(int dim) {
        return unary("argmax", this, (t, out) -> Shim.ep_argmax(t, dim, 0, out));
    }

    public Tensor cumsum(int dim) {
        return unary("cumsum", this, (t, out) -> Shim.ep_cumsum(t, dim, out));
    }
    /** log sum exp along {@code dim}, which disappears; no overflow. */
    public Tensor logsumexp(int dim) {
        return unary("logsumexp", this, (t, out) -> Shim.ep_logsumexp(t, dim, 0, out));
    }
    /** A bool scalar: whether all elements are non-zero. */
    public Tensor all() {
        return unary("all", this, Shim::ep_all);
    }
    /** A bool scalar: whether any element is non-zero. */
    public Tensor any() {
        return unary("any", this, Shim::ep_any);
    }
    /** The k largest (or smallest) elements along {@code dim}, sorted, with their i64 indices. */
    public TopK topk(long k, int dim, boolean largest) {
        List<Tensor> both = NativeCalls.several(
                "topk", this, 2, (t, out) -> Shim.ep_topk(t, k, dim, largest ? 1 : 0, out, out.asSlice(Long.BYTES)));
        return new TopK(both.get(0), both.get(1));
    }

    // ---- products, normalisation, attention -----------------------------------------------------------------------

    /**
     * Matrix product over the last two dimensions, [.., n, k] x [.., k, m], the others broadcast; vectors as in
     * PyTorch.
     */
    public Tensor matmul(Tensor other) {
        return binary("matmul", this, other, Shim::ep_matmul);
    }
    /** [i, n, k] x [i, k, m]. */
    public Tensor bmm(Tensor other) {
        return binary("bmm", this, other, Shim::ep_bmm);
    }
    /** bias + a b: a [n, k], b [k, m], bias broadcast to [n, m]. */
    public static Tensor addmm(Tensor bias, Tensor a, Tensor b) {
        return ternary("addmm", bias, a, b, (c, x, y, out) -> Shim.ep_addmm(c, x, y, 1, 1, out));
    }
    /** bias + a b: a [i, n, k], b [i, k, m], bias broadcast to [i, n, m]. */
    public static Tensor baddbmm(Tensor bias, Tensor a, Tensor b) {
        return ternary("baddbmm", bias, a, b, (c, x, y, out) -> Shim.ep_baddbmm(c, x, y, 1, 1, out));
    }
    /** this weight^T + bias: [.., in] with weight [out, in] and bias [out] or null. */
    public Tensor linear(Tensor weight, Tensor biasOrNull) {
        return NativeCalls.create(
                "linear",
                out -> Shim.ep_linear(
                        handle("linear"), NativeCalls.handle("linear", 2, weight), optional("linear", biasOrNull), out),
                this,
                weight,
                biasOrNull);
    }
    /** exp(this) / sum exp(this) along {@code dim}. */
    public Tensor softmax(int dim) {
        return unary("softmax", this, (t, out) -> Shim.ep_softmax(t, dim, out));
    }
    /** this - logsumexp(this) along {@code dim}. */
    public Tensor logSoftmax(int dim) {
        return unary("logSoftmax", this, (t, out) -> Shim.ep_log_softmax(t, dim, out));
    }
    /**
     * (x - mean) / sqrt(variance + eps) over the last dimension (variance by n), times weight, plus bias, where given.
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
     * softmax(scale q k^T + mask) v: q [.., t, d], k [.., s, d], v [.., s, e] give [.., t, e].
     *
     * @param maskOrNull added to the scores, or bool with true where attention is allowed; broadcast to [.., t, s]
     * @param causal whether position i sees only positions up to i (then without a mask)
     * @param scale NaN for 1 / sqrt(d)
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

    /** Makes a leaf whose gradient can be asked for; only floating-point tensors can be one. */
    public Tensor requiresGrad_(boolean requiresGrad) {
        NativeCalls.check(
                Shim.ep_set_requires_grad(handle("requiresGrad_"), requiresGrad ? 1 : 0), "requiresGrad_", this);
        return this;
    }

    public boolean requiresGrad() {
        return NativeCalls.askInt("requiresGrad", this, Shim::ep_requires_grad) != 0;
    }
    /** The same elements, cut off from the gradient graph; shares memory. */
    public Tensor detach() {
        return unary("detach", this, Shim::ep_detach);
    }

    // ---- elements as Java values, row-major -----------------------------------------------------------------------

    /** All elements as float, whatever the dtype. */
    public float[] toFloats() {
        return HostMemory.floats(this);
    }
    /** All elements as double, whatever the dtype. */
    public double[] toDoubles() {
        return HostMemory.doubles(this);
    }
    /** All elements of an integer or bool tensor. */
    public long[] toLongs() {
        return HostMemory.longs(this);
    }
    /** All elements of a bool tensor. */
    public boolean[] toBooleans() {
        return HostMemory.booleans(this);
    }
    /** The one element of a tensor of any shape with one element. */
    public double item() {
        return HostMemory.one(this, "item").toDoubles()[0];
    }
    /** The one element of an integer or bool tensor with one element. */
    public long itemLong() {
        return HostMemory.one(this, "itemLong").toLongs()[0];
    }

    /**
     * Copies the elements as they are, row-major, to native memory of exactly their size.
     *
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

    /** Notes that this tensor looks into someone else's memory. */
    Tensor over(MemorySegment memory) {
        wrapped = memory;
        return this;
    }

    MemorySegment wrapped() {
        return wrapped;
    }

    /** {@code [3, 4] f32}, and the device where it is not the CPU. */
    String describe() {
        return Arrays.toString(sizes("describe")) + " " + dtype() + (device().isCuda() ? " " + device() : "");
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
