/*
 * edgeprune_shim.h: the C face of libtorch that edgeprune's Java layer calls.
 *
 * Pure C, and all that jextract reads. Conventions:
 *  - every fallible function returns an ep_status; on anything but EP_OK the outputs are untouched and
 *    ep_last_error() holds one line of text for the calling thread;
 *  - `ep_tensor` is an owned handle: what a function writes to an `out` parameter belongs to the caller, who
 *    gives it back with ep_tensor_free. No function keeps a handle that it was given;
 *  - names ending in `_inplace` change their first argument; all others return new tensors (or views, where
 *    PyTorch returns a view);
 *  - dims may be negative, as in PyTorch; `dtype` is c10::ScalarType's number (see EP_F32 ...);
 *  - a device is (type, index): type 0 = CPU, 1 = CUDA, 14 = meta (sizes and a dtype, but no elements).
 */
#ifndef EDGEPRUNE_SHIM_H
#define EDGEPRUNE_SHIM_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define EP_API __attribute__((visibility("default")))

/* Raised whenever this header changes incompatibly; the Java side refuses a shim with another number. */
#define EP_ABI_VERSION 3

typedef int32_t ep_status;
#define EP_OK 0          /* done */
#define EP_ERROR 1       /* libtorch threw: bad shapes, out of memory, ... */
#define EP_INVALID 2     /* a bad argument, found by the shim itself */
#define EP_UNSUPPORTED 3 /* this libtorch lacks a function that is needed */

#define EP_U8 0
#define EP_I32 3
#define EP_I64 4
#define EP_F16 5
#define EP_F32 6
#define EP_F64 7
#define EP_BOOL 11
#define EP_BF16 15

/* An owned reference to an at::Tensor. */
typedef struct ep_tensor_opaque *ep_tensor;

/* ---- error.cpp: errors ------------------------------------------------------------------------------- */

/* The calling thread's last error, one line, never NULL; valid until its next failing call. */
EP_API const char *ep_last_error(void);

/* ---- runtime.cpp: the library as a whole ----------------------------------------------------------------- */

EP_API int32_t ep_abi_version(void);
/* Load audit: how many of the libtorch functions that the shim calls were not found, and their names. */
EP_API int32_t ep_audit_total(void);
EP_API int32_t ep_audit_missing(void);
EP_API const char *ep_audit_missing_name(int32_t index);
/* Small numeric test of every assumed memory layout (Scalar, SymInt, ArrayRef, optional, vector ...). */
EP_API ep_status ep_self_test(void);
/* at::show_config(): build settings with TORCH_VERSION; valid until the thread's next call. NULL on error. */
EP_API const char *ep_libtorch_config(void);
/* The processor that OpenBLAS computes for, such as SkylakeX; empty where libtorch's BLAS is another. */
EP_API const char *ep_openblas_core(void);
EP_API ep_status ep_set_num_threads(int32_t threads);
EP_API ep_status ep_get_num_threads(int32_t *out);
EP_API ep_status ep_cuda_device_count(int32_t *out);
EP_API ep_status ep_cuda_synchronize(int32_t index);
/* Handles given out and not yet freed, in this process. */
EP_API int64_t ep_live_tensors(void);

/* ---- memory.cpp: the memory of CPU tensors ---------------------------------------------------------------------- */

/*
 * Keeps up to `bytes` of large freed CPU tensors' memory in the process for the next ones; 0 gives all of it back. Without
 * that, every large tensor is new memory, which the system zeroes page by page: several times the cost of a simple operation.
 */
EP_API ep_status ep_keep_freed_memory(int64_t bytes);
/* Large CPU tensors' memory in bytes: in use now, its peak since the last ep_keep_freed_memory, and kept for reuse. */
EP_API ep_status ep_large_memory(int64_t *in_use, int64_t *peak, int64_t *kept);

/* ---- tensor.cpp: creation, identity, data ------------------------------------------------------------------- */

EP_API ep_status ep_tensor_free(ep_tensor t);
EP_API ep_status ep_empty(const int64_t *sizes, int32_t rank, int32_t dtype, int32_t device_type, int32_t device_index, ep_tensor *out);
EP_API ep_status ep_full(const int64_t *sizes, int32_t rank, double value, int32_t dtype, int32_t device_type, int32_t device_index, ep_tensor *out);
EP_API ep_status ep_arange(int64_t start, int64_t end, int32_t device_type, int32_t device_index, ep_tensor *out); /* i64 */
/* Wraps caller-owned contiguous CPU memory without a copy; the caller keeps it alive. */
EP_API ep_status ep_from_blob(void *data, const int64_t *sizes, int32_t rank, int32_t dtype, ep_tensor *out);
EP_API ep_status ep_rank(ep_tensor t, int32_t *out);
EP_API ep_status ep_sizes(ep_tensor t, int64_t *out); /* writes rank values */
EP_API ep_status ep_dtype(ep_tensor t, int32_t *out);
EP_API ep_status ep_device(ep_tensor t, int32_t *type, int32_t *index);
EP_API ep_status ep_is_contiguous(ep_tensor t, int32_t *out);
EP_API ep_status ep_data_ptr(ep_tensor t, void **out);
/* Copies a tensor's elements, row-major, to host memory of exactly `bytes` bytes (any device, any strides). */
EP_API ep_status ep_copy_to_host(ep_tensor t, void *dst, int64_t bytes);
EP_API ep_status ep_to_dtype(ep_tensor t, int32_t dtype, ep_tensor *out);
EP_API ep_status ep_to_device(ep_tensor t, int32_t device_type, int32_t device_index, ep_tensor *out);
EP_API ep_status ep_contiguous(ep_tensor t, ep_tensor *out);
EP_API ep_status ep_clone(ep_tensor t, ep_tensor *out);

/* ---- shape.cpp: views, indexing, joining ---------------------------------------------------------------------- */

EP_API ep_status ep_reshape(ep_tensor t, const int64_t *sizes, int32_t rank, ep_tensor *out);
EP_API ep_status ep_view(ep_tensor t, const int64_t *sizes, int32_t rank, ep_tensor *out);
EP_API ep_status ep_expand(ep_tensor t, const int64_t *sizes, int32_t rank, ep_tensor *out);
EP_API ep_status ep_permute(ep_tensor t, const int64_t *dims, int32_t rank, ep_tensor *out);
EP_API ep_status ep_transpose(ep_tensor t, int64_t dim0, int64_t dim1, ep_tensor *out);
EP_API ep_status ep_unsqueeze(ep_tensor t, int64_t dim, ep_tensor *out);
EP_API ep_status ep_squeeze(ep_tensor t, int64_t dim, ep_tensor *out);
EP_API ep_status ep_narrow(ep_tensor t, int64_t dim, int64_t start, int64_t length, ep_tensor *out);
EP_API ep_status ep_select(ep_tensor t, int64_t dim, int64_t index, ep_tensor *out);
/* Splits along dim into pieces of the given sizes; writes `count` handles to out. */
EP_API ep_status ep_split(ep_tensor t, const int64_t *sizes, int32_t count, int64_t dim, ep_tensor *out);
EP_API ep_status ep_cat(const ep_tensor *tensors, int32_t count, int64_t dim, ep_tensor *out);
EP_API ep_status ep_stack(const ep_tensor *tensors, int32_t count, int64_t dim, ep_tensor *out);
EP_API ep_status ep_index_select(ep_tensor t, int64_t dim, ep_tensor index, ep_tensor *out);
EP_API ep_status ep_index_add_inplace(ep_tensor t, int64_t dim, ep_tensor index, ep_tensor source);
EP_API ep_status ep_index_copy_inplace(ep_tensor t, int64_t dim, ep_tensor index, ep_tensor source);
EP_API ep_status ep_gather(ep_tensor t, int64_t dim, ep_tensor index, ep_tensor *out);
EP_API ep_status ep_where(ep_tensor condition, ep_tensor a, ep_tensor b, ep_tensor *out);
EP_API ep_status ep_masked_fill(ep_tensor t, ep_tensor mask, double value, ep_tensor *out);
EP_API ep_status ep_tril(ep_tensor t, int64_t diagonal, ep_tensor *out);
EP_API ep_status ep_triu(ep_tensor t, int64_t diagonal, ep_tensor *out);
EP_API ep_status ep_repeat_interleave(ep_tensor t, int64_t repeats, int64_t dim, ep_tensor *out);

/* ---- pointwise.cpp: elementwise arithmetic, broadcasting as PyTorch does ------------------------------------------ */

EP_API ep_status ep_add(ep_tensor a, ep_tensor b, double alpha, ep_tensor *out); /* a + alpha b */
EP_API ep_status ep_sub(ep_tensor a, ep_tensor b, ep_tensor *out);
EP_API ep_status ep_mul(ep_tensor a, ep_tensor b, ep_tensor *out);
EP_API ep_status ep_div(ep_tensor a, ep_tensor b, ep_tensor *out);
EP_API ep_status ep_maximum(ep_tensor a, ep_tensor b, ep_tensor *out);
EP_API ep_status ep_minimum(ep_tensor a, ep_tensor b, ep_tensor *out);
EP_API ep_status ep_add_scalar(ep_tensor a, double b, ep_tensor *out);
EP_API ep_status ep_mul_scalar(ep_tensor a, double b, ep_tensor *out);
EP_API ep_status ep_div_scalar(ep_tensor a, double b, ep_tensor *out);
EP_API ep_status ep_pow_scalar(ep_tensor a, double exponent, ep_tensor *out);
EP_API ep_status ep_clamp(ep_tensor a, double min, double max, ep_tensor *out); /* NaN = no bound */

/* One-argument functions, by number: one entry point serves them all. */
#define EP_NEG 0
#define EP_EXP 1
#define EP_LOG 2
#define EP_SQRT 3
#define EP_RSQRT 4
#define EP_ABS 5
#define EP_SIN 6
#define EP_COS 7
#define EP_TANH 8
#define EP_SIGMOID 9
#define EP_RELU 10
#define EP_GELU 11      /* erf form */
#define EP_GELU_TANH 12 /* tanh approximation, GPT-2's gelu_new */
#define EP_SILU 13
#define EP_LOGICAL_NOT 14
#define EP_IS_FINITE 15
#define EP_ROUND 16 /* half to even */
#define EP_FLOOR 17
#define EP_SQUARE 18
EP_API ep_status ep_unary(int32_t function, ep_tensor a, ep_tensor *out);

/* Comparisons, by number, to a bool tensor. */
#define EP_EQ 0
#define EP_NE 1
#define EP_LT 2
#define EP_LE 3
#define EP_GT 4
#define EP_GE 5
EP_API ep_status ep_compare(int32_t relation, ep_tensor a, ep_tensor b, ep_tensor *out);
EP_API ep_status ep_compare_scalar(int32_t relation, ep_tensor a, double b, ep_tensor *out);
EP_API ep_status ep_logical_and(ep_tensor a, ep_tensor b, ep_tensor *out);
EP_API ep_status ep_logical_or(ep_tensor a, ep_tensor b, ep_tensor *out);

EP_API ep_status ep_add_inplace(ep_tensor a, ep_tensor b, double alpha);
EP_API ep_status ep_mul_inplace(ep_tensor a, ep_tensor b);
EP_API ep_status ep_mul_scalar_inplace(ep_tensor a, double b);
EP_API ep_status ep_addcmul_inplace(ep_tensor a, ep_tensor x, ep_tensor y, double value); /* a += value x y */
EP_API ep_status ep_addcdiv_inplace(ep_tensor a, ep_tensor x, ep_tensor y, double value); /* a += value x / y */
EP_API ep_status ep_copy_inplace(ep_tensor a, ep_tensor source);
EP_API ep_status ep_fill_inplace(ep_tensor a, double value);
EP_API ep_status ep_uniform_inplace(ep_tensor a, double low, double high); /* libtorch's global generator */
EP_API ep_status ep_normal_inplace(ep_tensor a, double mean, double std);
EP_API ep_status ep_manual_seed(int64_t seed);

/* ---- reduce.cpp: reductions -------------------------------------------------------------------------------------- */

/* dims NULL and count 0: over everything, to a scalar. */
EP_API ep_status ep_sum(ep_tensor t, const int64_t *dims, int32_t count, int32_t keepdim, ep_tensor *out);
EP_API ep_status ep_mean(ep_tensor t, const int64_t *dims, int32_t count, int32_t keepdim, ep_tensor *out);
EP_API ep_status ep_amax(ep_tensor t, const int64_t *dims, int32_t count, int32_t keepdim, ep_tensor *out);
EP_API ep_status ep_amin(ep_tensor t, const int64_t *dims, int32_t count, int32_t keepdim, ep_tensor *out);
EP_API ep_status ep_argmax(ep_tensor t, int64_t dim, int32_t keepdim, ep_tensor *out);
EP_API ep_status ep_cumsum(ep_tensor t, int64_t dim, ep_tensor *out);
EP_API ep_status ep_logsumexp(ep_tensor t, int64_t dim, int32_t keepdim, ep_tensor *out);
EP_API ep_status ep_all(ep_tensor t, ep_tensor *out);
EP_API ep_status ep_any(ep_tensor t, ep_tensor *out);
EP_API ep_status ep_topk(ep_tensor t, int64_t k, int64_t dim, int32_t largest, ep_tensor *values, ep_tensor *indices);

/* ---- nn.cpp: products, normalisation, softmax, attention ----------------------------------------------------------- */

EP_API ep_status ep_matmul(ep_tensor a, ep_tensor b, ep_tensor *out);
EP_API ep_status ep_bmm(ep_tensor a, ep_tensor b, ep_tensor *out);
EP_API ep_status ep_addmm(ep_tensor bias, ep_tensor a, ep_tensor b, double beta, double alpha, ep_tensor *out);
EP_API ep_status ep_baddbmm(ep_tensor bias, ep_tensor a, ep_tensor b, double beta, double alpha, ep_tensor *out);
/* c = beta c + alpha a b, in place (no autograd). */
EP_API ep_status ep_addmm_inplace(ep_tensor c, ep_tensor a, ep_tensor b, double beta, double alpha);
EP_API ep_status ep_baddbmm_inplace(ep_tensor c, ep_tensor a, ep_tensor b, double beta, double alpha);
/* x w^T + b; bias may be NULL. */
EP_API ep_status ep_linear(ep_tensor x, ep_tensor weight, ep_tensor bias, ep_tensor *out);
EP_API ep_status ep_softmax(ep_tensor t, int64_t dim, ep_tensor *out);
EP_API ep_status ep_log_softmax(ep_tensor t, int64_t dim, ep_tensor *out);
/* Over the last dimension; weight and bias may be NULL. */
EP_API ep_status ep_layer_norm(ep_tensor t, ep_tensor weight, ep_tensor bias, double eps, ep_tensor *out);
/* q,k,v [..., T, d]; mask (additive or bool) may be NULL; scale NaN = 1/sqrt(d). */
EP_API ep_status ep_attention(ep_tensor q, ep_tensor k, ep_tensor v, ep_tensor mask, int32_t causal, double scale, ep_tensor *out);

/* ---- autograd.cpp -------------------------------------------------------------------------------------------------- */

EP_API ep_status ep_set_requires_grad(ep_tensor t, int32_t requires_grad);
EP_API ep_status ep_requires_grad(ep_tensor t, int32_t *out);
EP_API ep_status ep_detach(ep_tensor t, ep_tensor *out);
/* The calling thread's grad mode; the previous one is written to `previous`. */
EP_API ep_status ep_set_grad_mode(int32_t enabled, int32_t *previous);
/*
 * torch.autograd.grad: gradients of sum_i <outputs[i], grad_outputs[i]> with respect to inputs. grad_outputs may be
 * NULL (then outputs are scalars), as may any entry. An input that the outputs do not depend on gets a NULL
 * handle where allow_unused, an error otherwise.
 */
EP_API ep_status ep_grad(const ep_tensor *outputs, const ep_tensor *grad_outputs, int32_t output_count,
                         const ep_tensor *inputs, int32_t input_count, int32_t retain_graph, int32_t create_graph,
                         int32_t allow_unused, ep_tensor *grads);

/* ---- mix.cpp: products between edge masks and writer states, skipping zeros (contiguous f32 on CPU, no autograd) -------- */

/*
 * The instruction set of these products: at first the best that the processor has. All give the same bits; another one is chosen to
 * test that, or to measure. EP_UNSUPPORTED where the processor has not got it.
 */
#define EP_KERNELS_BEST 0
#define EP_KERNELS_PORTABLE 1
#define EP_KERNELS_AVX2 2
#define EP_KERNELS_AVX512 3
EP_API ep_status ep_mix_use(int32_t instruction_set);
/* The name of the one in use: AVX-512, AVX2 or portable. */
EP_API const char *ep_mix_instruction_set(void);

/*
 * out[r] = base + sum_w masks[r, w] states[w].
 * out [readers, ...], base one row or NULL for zero, masks [readers, writers], states [at least writers, ...]
 */
EP_API ep_status ep_mix(ep_tensor out, ep_tensor base, ep_tensor masks, ep_tensor states);
/* grad_states[w] += sum_r masks[r, w] grad[r] */
EP_API ep_status ep_mix_grad_states(ep_tensor grad_states, ep_tensor masks, ep_tensor grad);
/* grad_masks[r, w] = <grad[r], states[w]> where 0 < masks[r, w] < 1, else 0 */
EP_API ep_status ep_mix_grad_masks(ep_tensor grad_masks, ep_tensor masks, ep_tensor grad, ep_tensor states);

/* ---- fused.cpp: what each step does to all masks, in one pass over memory (contiguous f32 on CPU, no autograd) ------------ */

/* z = min(1, max(0, s (zeta - gamma) + gamma)), s = sigmoid((ln u - ln(1 - u) + log_alpha) / beta); slope = dz / dlog_alpha. */
EP_API ep_status ep_hard_concrete(ep_tensor z, ep_tensor slope, ep_tensor log_alpha, ep_tensor u, double beta, double gamma, double zeta);
/*
 * One update of AdamW, where g = factor * gradient:
 *   m = beta1 m + (1 - beta1) g,  v = beta2 v + (1 - beta2) g^2,  parameter = decay parameter - rate m / (root sqrt(v) + eps)
 */
EP_API ep_status ep_adamw(ep_tensor parameter, ep_tensor m, ep_tensor v, ep_tensor gradient, double factor, double decay,
                          double beta1, double beta2, double rate, double root, double eps);

#ifdef __cplusplus
}
#endif
#endif
