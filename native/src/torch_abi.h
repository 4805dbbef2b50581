/*
 * torch_abi.h: the part of libtorch's C++ interface that the shim calls. All of it is here and nowhere else.
 *
 * libtorch's Maven artifacts carry no headers, and the shim needs few functions, so they are declared here with
 * their true namespaces, types and signatures. The mangled names of all of them are the same in libtorch 2.7 to
 * 2.13, so one shim binary of a platform serves every version. They are weak: the shim loads even where one is missing, the
 * audit (runtime.cpp) names it, and a call to it is an EP_UNSUPPORTED error (`call` in internal.h).
 *
 * With EDGEPRUNE_GENUINE_HEADERS the same sources are built against libtorch's own headers instead; abi_asserts.cpp
 * then asserts that every signature and layout written here is the real one. See native/README.md.
 */
#ifndef EDGEPRUNE_TORCH_ABI_H
#define EDGEPRUNE_TORCH_ABI_H

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

/*
 * The functions that the shim calls, each listed once: this declares them, makes the audit's table (runtime.cpp) and the
 * assertions about their signatures (abi_asserts.cpp). An entry may only name types that both builds know.
 */

/* AOTInductor's C interface, which PyTorch keeps stable: a handle is an at::Tensor* on the C++ heap. */
#define EP_TORCH_C_FUNCTIONS(FUNCTION)                                                                                 \
    FUNCTION(AOTITorchError, aoti_torch_new_tensor_handle, (AtenTensorHandle original, AtenTensorHandle *out))         \
    FUNCTION(AOTITorchError, aoti_torch_delete_tensor_object, (AtenTensorHandle tensor))                               \
    FUNCTION(AOTITorchError, aoti_torch_create_tensor_from_blob,                                                       \
             (void *data, int64_t rank, const int64_t *sizes, const int64_t *strides, int64_t storage_offset,          \
              int32_t dtype, int32_t device_type, int32_t device_index, AtenTensorHandle *out))                        \
    FUNCTION(AOTITorchError, aoti_torch_get_data_ptr, (AtenTensorHandle tensor, void **out))                           \
    FUNCTION(AOTITorchError, aoti_torch_get_dim, (AtenTensorHandle tensor, int64_t *out))                              \
    FUNCTION(AOTITorchError, aoti_torch_get_numel, (AtenTensorHandle tensor, int64_t *out))                            \
    FUNCTION(AOTITorchError, aoti_torch_get_sizes, (AtenTensorHandle tensor, int64_t **out))                           \
    FUNCTION(AOTITorchError, aoti_torch_get_strides, (AtenTensorHandle tensor, int64_t **out))                         \
    FUNCTION(AOTITorchError, aoti_torch_get_dtype, (AtenTensorHandle tensor, int32_t *out))                            \
    FUNCTION(AOTITorchError, aoti_torch_get_device_type, (AtenTensorHandle tensor, int32_t *out))                      \
    FUNCTION(AOTITorchError, aoti_torch_get_device_index, (AtenTensorHandle tensor, int32_t *out))

/*
 * C++ functions: namespace, result, name, parameters. GradMode is a class whose functions are static; a namespace of the same
 * name gives them the same linker names. torch::cuda::device_count returned a size_t until some version after 2.7; as its
 * low byte the answer is right from both.
 */
#define EP_TORCH_CPP_FUNCTIONS(FUNCTION)                                                                               \
    FUNCTION(c10, c10::Allocator *, GetCPUAllocator, ())                                                               \
    FUNCTION(c10, void, SetCPUAllocator, (c10::Allocator * allocator, uint8_t priority))                               \
    FUNCTION(c10::GradMode, bool, is_enabled, ())                                                                      \
    FUNCTION(c10::GradMode, void, set_enabled, (bool enabled))                                                         \
    FUNCTION(at::detail, const at::Generator &, getDefaultCPUGenerator, ())                                            \
    FUNCTION(at, std::string, show_config, ())                                                                         \
    FUNCTION(at, int, get_num_threads, ())                                                                             \
    FUNCTION(at, void, set_num_threads, (int threads))                                                                 \
    FUNCTION(torch::autograd, std::vector<at::Tensor>, grad,                                                           \
             (const std::vector<at::Tensor> &outputs, const std::vector<at::Tensor> &inputs,                           \
              const std::vector<at::Tensor> &grad_outputs, std::optional<bool> retain_graph, bool create_graph,        \
              bool allow_unused))                                                                                      \
    FUNCTION(torch::cuda, edgeprune::abi::DeviceCount, device_count, ())                                               \
    FUNCTION(torch::cuda, void, synchronize, (int64_t device_index))                                                   \
    FUNCTION(torch::cuda, void, manual_seed_all, (uint64_t seed))

/* Member functions: namespace, class, result, name, parameters and qualifiers. */
#define EP_TORCH_MEMBERS(MEMBER)                                                                                       \
    MEMBER(c10, TensorImpl, bool, requires_grad, () const)                                                             \
    MEMBER(at, CPUGeneratorImpl, void, set_current_seed, (uint64_t seed))

/* libtorch's OpenMP runtime, whichever file it comes from: the fused kernels share its thread pool. */
#define EP_OPENMP_FUNCTIONS(FUNCTION)                                                                                  \
    FUNCTION(void, GOMP_parallel, (void (*body)(void *), void *data, unsigned threads, unsigned flags))                \
    FUNCTION(int, omp_get_thread_num, ())                                                                              \
    FUNCTION(int, omp_get_num_threads, ())                                                                             \
    FUNCTION(int, omp_in_parallel, ())

/* Operators: struct at::_ops::NAME with `static RESULT call ARGUMENTS`; `T`, `Self` ... are edgeprune::abi's. */
#define EP_TORCH_OPS(OP)                                                                                               \
    /* creation and conversion */                                                                                      \
    OP(empty_memory_format, at::Tensor, (SymInts, OptType, OptLayout, OptDevice, OptBool, OptFormat))                  \
    OP(full, at::Tensor, (SymInts, Scalar, OptType, OptLayout, OptDevice, OptBool))                                    \
    OP(arange_start, at::Tensor, (Scalar, Scalar, OptType, OptLayout, OptDevice, OptBool))                             \
    OP(to_dtype, at::Tensor, (T, c10::ScalarType, bool, bool, OptFormat))                                              \
    OP(to_device, at::Tensor, (T, c10::Device, c10::ScalarType, bool, bool, OptFormat))                                \
    OP(contiguous, at::Tensor, (T, c10::MemoryFormat))                                                                 \
    OP(clone, at::Tensor, (T, OptFormat))                                                                              \
    OP(detach, at::Tensor, (T))                                                                                        \
    OP(requires_grad_, at::Tensor &, (Self, bool))                                                                     \
    /* shape */                                                                                                        \
    OP(reshape, at::Tensor, (T, SymInts))                                                                              \
    OP(view, at::Tensor, (T, SymInts))                                                                                 \
    OP(expand, at::Tensor, (T, SymInts, bool))                                                                         \
    OP(permute, at::Tensor, (T, Ints))                                                                                 \
    OP(transpose_int, at::Tensor, (T, int64_t, int64_t))                                                               \
    OP(unsqueeze, at::Tensor, (T, int64_t))                                                                            \
    OP(squeeze_dim, at::Tensor, (T, int64_t))                                                                          \
    OP(narrow, at::Tensor, (T, int64_t, c10::SymInt, c10::SymInt))                                                     \
    OP(select_int, at::Tensor, (T, int64_t, c10::SymInt))                                                              \
    OP(split_with_sizes, List, (T, SymInts, int64_t))                                                                  \
    OP(cat, at::Tensor, (const c10::IListRef<at::Tensor> &, int64_t))                                                  \
    OP(stack, at::Tensor, (c10::ArrayRef<at::Tensor>, int64_t))                                                        \
    OP(index_select, at::Tensor, (T, int64_t, T))                                                                      \
    OP(index_add_, at::Tensor &, (Self, int64_t, T, T, Scalar))                                                        \
    OP(index_copy_, at::Tensor &, (Self, int64_t, T, T))                                                               \
    OP(gather, at::Tensor, (T, int64_t, T, bool))                                                                      \
    OP(where_self, at::Tensor, (T, T, T))                                                                              \
    OP(masked_fill_Scalar, at::Tensor, (T, T, Scalar))                                                                 \
    OP(repeat_interleave_self_int, at::Tensor, (T, c10::SymInt, std::optional<int64_t>, std::optional<c10::SymInt>))   \
    /* pointwise */                                                                                                    \
    OP(add_Tensor, at::Tensor, (T, T, Scalar))                                                                         \
    OP(sub_Tensor, at::Tensor, (T, T, Scalar))                                                                         \
    OP(mul_Tensor, at::Tensor, (T, T))                                                                                 \
    OP(div_Tensor, at::Tensor, (T, T))                                                                                 \
    OP(maximum, at::Tensor, (T, T))                                                                                    \
    OP(minimum, at::Tensor, (T, T))                                                                                    \
    OP(add_Scalar, at::Tensor, (T, Scalar, Scalar))                                                                    \
    OP(mul_Scalar, at::Tensor, (T, Scalar))                                                                            \
    OP(div_Scalar, at::Tensor, (T, Scalar))                                                                            \
    OP(pow_Tensor_Scalar, at::Tensor, (T, Scalar))                                                                     \
    OP(clamp, at::Tensor, (T, OptScalar, OptScalar))                                                                   \
    OP(neg, at::Tensor, (T))                                                                                           \
    OP(exp, at::Tensor, (T))                                                                                           \
    OP(log, at::Tensor, (T))                                                                                           \
    OP(sqrt, at::Tensor, (T))                                                                                          \
    OP(rsqrt, at::Tensor, (T))                                                                                         \
    OP(abs, at::Tensor, (T))                                                                                           \
    OP(sin, at::Tensor, (T))                                                                                           \
    OP(cos, at::Tensor, (T))                                                                                           \
    OP(tanh, at::Tensor, (T))                                                                                          \
    OP(sigmoid, at::Tensor, (T))                                                                                       \
    OP(relu, at::Tensor, (T))                                                                                          \
    OP(gelu, at::Tensor, (T, std::string_view))                                                                        \
    OP(silu, at::Tensor, (T))                                                                                          \
    OP(logical_not, at::Tensor, (T))                                                                                   \
    OP(isfinite, at::Tensor, (T))                                                                                      \
    OP(round, at::Tensor, (T))                                                                                         \
    OP(floor, at::Tensor, (T))                                                                                         \
    OP(square, at::Tensor, (T))                                                                                        \
    OP(eq_Tensor, at::Tensor, (T, T))                                                                                  \
    OP(ne_Tensor, at::Tensor, (T, T))                                                                                  \
    OP(lt_Tensor, at::Tensor, (T, T))                                                                                  \
    OP(le_Tensor, at::Tensor, (T, T))                                                                                  \
    OP(gt_Tensor, at::Tensor, (T, T))                                                                                  \
    OP(ge_Tensor, at::Tensor, (T, T))                                                                                  \
    OP(eq_Scalar, at::Tensor, (T, Scalar))                                                                             \
    OP(ne_Scalar, at::Tensor, (T, Scalar))                                                                             \
    OP(lt_Scalar, at::Tensor, (T, Scalar))                                                                             \
    OP(le_Scalar, at::Tensor, (T, Scalar))                                                                             \
    OP(gt_Scalar, at::Tensor, (T, Scalar))                                                                             \
    OP(ge_Scalar, at::Tensor, (T, Scalar))                                                                             \
    OP(logical_and, at::Tensor, (T, T))                                                                                \
    OP(logical_or, at::Tensor, (T, T))                                                                                 \
    OP(add__Tensor, at::Tensor &, (Self, T, Scalar))                                                                   \
    OP(mul__Tensor, at::Tensor &, (Self, T))                                                                           \
    OP(mul__Scalar, at::Tensor &, (Self, Scalar))                                                                      \
    OP(addcmul_, at::Tensor &, (Self, T, T, Scalar))                                                                   \
    OP(addcdiv_, at::Tensor &, (Self, T, T, Scalar))                                                                   \
    OP(copy_, at::Tensor &, (Self, T, bool))                                                                           \
    OP(fill__Scalar, at::Tensor &, (Self, Scalar))                                                                     \
    OP(uniform_, at::Tensor &, (Self, double, double, OptGenerator))                                                   \
    OP(normal_, at::Tensor &, (Self, double, double, OptGenerator))                                                    \
    /* reductions */                                                                                                   \
    OP(sum, at::Tensor, (T, OptType))                                                                                  \
    OP(sum_dim_IntList, at::Tensor, (T, OptInts, bool, OptType))                                                       \
    OP(mean, at::Tensor, (T, OptType))                                                                                 \
    OP(mean_dim, at::Tensor, (T, OptInts, bool, OptType))                                                              \
    OP(amax, at::Tensor, (T, Ints, bool))                                                                              \
    OP(amin, at::Tensor, (T, Ints, bool))                                                                              \
    OP(argmax, at::Tensor, (T, std::optional<int64_t>, bool))                                                          \
    OP(cumsum, at::Tensor, (T, int64_t, OptType))                                                                      \
    OP(logsumexp, at::Tensor, (T, Ints, bool))                                                                         \
    OP(all, at::Tensor, (T))                                                                                           \
    OP(any, at::Tensor, (T))                                                                                           \
    OP(topk, Pair, (T, c10::SymInt, int64_t, bool, bool))                                                              \
    /* nn */                                                                                                           \
    OP(matmul, at::Tensor, (T, T))                                                                                     \
    OP(bmm, at::Tensor, (T, T))                                                                                        \
    OP(addmm, at::Tensor, (T, T, T, Scalar, Scalar))                                                                   \
    OP(baddbmm, at::Tensor, (T, T, T, Scalar, Scalar))                                                                 \
    OP(addmm_, at::Tensor &, (Self, T, T, Scalar, Scalar))                                                             \
    OP(baddbmm_, at::Tensor &, (Self, T, T, Scalar, Scalar))                                                           \
    OP(linear, at::Tensor, (T, T, OptTensor))                                                                          \
    OP(softmax_int, at::Tensor, (T, int64_t, OptType))                                                                 \
    OP(log_softmax_int, at::Tensor, (T, int64_t, OptType))                                                             \
    OP(layer_norm, at::Tensor, (T, SymInts, OptTensor, OptTensor, double, bool))                                       \
    OP(scaled_dot_product_attention, at::Tensor, (T, T, T, OptTensor, double, bool, std::optional<double>, bool))

#ifdef EDGEPRUNE_GENUINE_HEADERS

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <c10/core/CPUAllocator.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/inductor/aoti_torch/c/shim.h>
#include <torch/csrc/api/include/torch/cuda.h>

#define EP_WEAK

namespace edgeprune::abi {
using DeviceCount = decltype(torch::cuda::device_count());
}

#else

#define EP_WEAK __attribute__((weak))

/* Names in assembly: Mach-O puts an underscore before those of C and C++, and has a word of its own for a weak reference. */
#define EP_TEXT(TOKENS) #TOKENS
#define EP_TEXT_OF(MACRO) EP_TEXT(MACRO)
#define EP_LINKER_NAME(NAME) EP_TEXT_OF(__USER_LABEL_PREFIX__) NAME
#ifdef __APPLE__
#define EP_WEAK_NAME(NAME) ".weak_reference " EP_LINKER_NAME(NAME) "\n"
#else
#define EP_WEAK_NAME(NAME) ".weak " EP_LINKER_NAME(NAME) "\n"
#endif

struct AtenTensorOpaque;
using AtenTensorHandle = AtenTensorOpaque *;
using AOTITorchError = int32_t;

#define EP_DECLARE_C(RESULT, NAME, PARAMETERS) extern "C" RESULT NAME PARAMETERS EP_WEAK;
EP_TORCH_C_FUNCTIONS(EP_DECLARE_C)

#define EP_DECLARE_MEMBER(NAMESPACE, CLASS, RESULT, NAME, PARAMETERS)                                                  \
    namespace NAMESPACE {                                                                                              \
    class CLASS {                                                                                                      \
      public:                                                                                                          \
        RESULT NAME PARAMETERS EP_WEAK;                                                                                \
    };                                                                                                                 \
    }
EP_TORCH_MEMBERS(EP_DECLARE_MEMBER)

namespace c10 {

enum class ScalarType : int8_t { Byte = 0, Int = 3, Long = 4, Half = 5, Float = 6, Double = 7, Bool = 11, BFloat16 = 15 };
enum class Layout : int8_t { Strided = 0 };
enum class MemoryFormat : int8_t { Contiguous = 0 };
enum class DeviceType : int8_t { CPU = 0, CUDA = 1, Meta = 14 };
using DeviceIndex = int8_t;

struct Device {
    Device(DeviceType type, DeviceIndex index = -1) : type_(type), index_(index) {}

  private:
    [[maybe_unused]] DeviceType type_;
    [[maybe_unused]] DeviceIndex index_;
};

/* A number: a tag, then 16 aligned bytes that a complex number would fill. Only its two plain kinds are built here. */
class Scalar {
  public:
    Scalar(double value) : tag_(Tag::HAS_d) { value_.d = value; }
    Scalar(int64_t value) : tag_(Tag::HAS_i) { value_.i = value; }
    Scalar(const Scalar &other) : tag_(other.tag_), value_(other.value_) {}
    ~Scalar() {}

  private:
    enum class Tag : int32_t { HAS_d = 0, HAS_i = 1 };
    Tag tag_;
    union alignas(16) {
        double d;
        int64_t i;
        char room[16];
    } value_;
};

/* A size that could be symbolic; as a plain number it is the number itself. Never trivially copied, so never in registers. */
class SymInt {
  public:
    SymInt(int64_t value) : data_(value) {}
    SymInt(const SymInt &other) : data_(other.data_) {}
    ~SymInt() {}

  private:
    int64_t data_;
};

template <class T> class ArrayRef {
  public:
    ArrayRef() = default;
    ArrayRef(const T *data, size_t length) : data_(data), length_(length) {}
    ArrayRef(const std::vector<T> &values) : data_(values.data()), length_(values.size()) {}

  private:
    const T *data_ = nullptr;
    size_t length_ = 0;
};

template <class T> class OptionalArrayRef {
  public:
    OptionalArrayRef(std::nullopt_t) {}
    OptionalArrayRef(ArrayRef<T> values) : values_(values) {}

  private:
    std::optional<ArrayRef<T>> values_;
};

template <class T> class IListRef {
  public:
    IListRef(ArrayRef<T> values) : values_(values), tag_(Tag::Unboxed) {}

  private:
    enum class Tag : int32_t { Unboxed = 0 };
    ArrayRef<T> values_;
    Tag tag_;
};

/* Only its address means anything. GCC takes no weak attribute on a static data member, so it goes by its linker name. */
extern char undefined_tensor __asm__(EP_LINKER_NAME("_ZN3c1019UndefinedTensorImpl10_singletonE")) EP_WEAK;
struct UndefinedTensorImpl {
    static TensorImpl *singleton() { return reinterpret_cast<TensorImpl *>(&undefined_tensor); }
};

using DeleterFnPtr = void (*)(void *);

/* Memory with its deleter; the pointer to the data and the pointer that is freed may differ. */
class DataPtr {
  public:
    DataPtr(void *data, void *context, DeleterFnPtr deleter, Device device) : data_(data), context_(context, deleter), device_(device) {}
    void *get() const { return data_; }
    void *get_context() const { return context_.get(); }
    void *release_context() { return context_.release(); }

  private:
    void *data_;
    std::unique_ptr<void, DeleterFnPtr> context_;
    Device device_;
};

/* Where tensors get their memory. The order of the virtual functions is libtorch's. */
struct Allocator {
    virtual ~Allocator() = default;
    virtual DataPtr allocate(size_t bytes) = 0;
    virtual bool is_simple_data_ptr(const DataPtr &pointer) const;
    virtual DeleterFnPtr raw_deleter() const { return nullptr; }
    virtual void copy_data(void *target, const void *source, size_t count) const = 0;
};
/* The table of its virtual functions and its type information are libtorch's, and weak too. */
__asm__(EP_WEAK_NAME("_ZTVN3c109AllocatorE") EP_WEAK_NAME("_ZTIN3c109AllocatorE")
            EP_WEAK_NAME("_ZNK3c109Allocator18is_simple_data_ptrERKNS_7DataPtrE"));

} // namespace c10

namespace at {

using c10::ScalarType;

/* A counted reference to a TensorImpl. The counting is left to libtorch: copies and releases go through AOTI's handles. */
class Tensor {
  public:
    Tensor() : impl_(undefined()) {}
    Tensor(const Tensor &other) : impl_(undefined()) {
        if (other.defined()) {
            AtenTensorHandle copy = nullptr;
            aoti_torch_new_tensor_handle(reinterpret_cast<AtenTensorHandle>(const_cast<Tensor *>(&other)), &copy);
            Tensor *cell = reinterpret_cast<Tensor *>(copy);
            impl_ = cell->impl_;
            cell->impl_ = undefined();
            delete cell;
        }
    }
    Tensor(Tensor &&other) noexcept : impl_(other.impl_) { other.impl_ = undefined(); }
    Tensor &operator=(Tensor other) noexcept {
        std::swap(impl_, other.impl_);
        return *this;
    }
    ~Tensor() {
        if (defined()) {
            aoti_torch_delete_tensor_object(reinterpret_cast<AtenTensorHandle>(new Tensor(std::move(*this))));
        }
    }
    /* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): the analyzer loses moves out of a tuple */
    bool defined() const { return impl_ != undefined(); }
    c10::TensorImpl *unsafeGetTensorImpl() const { return impl_; }

  private:
    static c10::TensorImpl *undefined() { return c10::UndefinedTensorImpl::singleton(); }
    c10::TensorImpl *impl_;
};

/* A counted reference to a random generator; the shim only borrows the default one. */
struct Generator {
    Generator() : impl_(nullptr) {}
    ~Generator() {}
    Generator(const Generator &) = delete;
    void *unsafeGetGeneratorImpl() const { return impl_; }

  private:
    void *impl_;
};

} // namespace at

namespace edgeprune::abi {
using DeviceCount = c10::DeviceIndex;
}

#define EP_DECLARE_CPP(NAMESPACE, RESULT, NAME, PARAMETERS)                                                            \
    namespace NAMESPACE {                                                                                              \
    RESULT NAME PARAMETERS EP_WEAK;                                                                                    \
    }
EP_TORCH_CPP_FUNCTIONS(EP_DECLARE_CPP)

#endif /* EDGEPRUNE_GENUINE_HEADERS */

/* In no header of libtorch's, so declared for both builds, and weak in both. */
#define EP_DECLARE_OPENMP(RESULT, NAME, PARAMETERS) extern "C" RESULT NAME PARAMETERS __attribute__((weak));
EP_OPENMP_FUNCTIONS(EP_DECLARE_OPENMP)

/* OpenBLAS has a thread pool of its own, which at::set_num_threads does not know; absent where the BLAS is another. */
extern "C" void openblas_set_num_threads(int threads) __attribute__((weak));
extern "C" char *openblas_get_corename(void) __attribute__((weak));

/* Short names for the types of the operators' parameters. */
namespace edgeprune::abi {
using T = const at::Tensor &;
using Self = at::Tensor &;
using Scalar = const c10::Scalar &;
using Ints = c10::ArrayRef<int64_t>;
using SymInts = c10::ArrayRef<c10::SymInt>;
using OptInts = c10::OptionalArrayRef<int64_t>;
using OptType = std::optional<c10::ScalarType>;
using OptLayout = std::optional<c10::Layout>;
using OptDevice = std::optional<c10::Device>;
using OptBool = std::optional<bool>;
using OptFormat = std::optional<c10::MemoryFormat>;
using OptTensor = const std::optional<at::Tensor> &;
using OptScalar = const std::optional<c10::Scalar> &;
using OptGenerator = std::optional<at::Generator>;
using Pair = std::tuple<at::Tensor, at::Tensor>;
using List = std::vector<at::Tensor>;
} // namespace edgeprune::abi

#ifndef EDGEPRUNE_GENUINE_HEADERS
namespace at::_ops {
using namespace edgeprune::abi;
#define EP_DECLARE_OP(NAME, RESULT, ARGUMENTS)                                                                         \
    struct NAME {                                                                                                      \
        static RESULT call ARGUMENTS EP_WEAK;                                                                          \
    };
EP_TORCH_OPS(EP_DECLARE_OP)
#undef EP_DECLARE_OP
} // namespace at::_ops
#endif

namespace edgeprune {

/* An operator's name for messages. */
template <class Op> inline constexpr const char *op_name = nullptr;
#define EP_NAME_OP(NAME, RESULT, ARGUMENTS) template <> inline constexpr const char *op_name<at::_ops::NAME> = "at::_ops::" #NAME;
EP_TORCH_OPS(EP_NAME_OP)
#undef EP_NAME_OP

} // namespace edgeprune

#endif
