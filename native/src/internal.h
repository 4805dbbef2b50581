/* internal.h: what the shim's sources share: errors, handles, checked calls, raw access to data, threads. */
#ifndef EDGEPRUNE_INTERNAL_H
#define EDGEPRUNE_INTERNAL_H

#include "edgeprune_shim.h"
#include "torch_abi.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <stdexcept>
#include <utility>

namespace edgeprune {

/* ---- errors ---- */

/* A bad argument, found by the shim: EP_INVALID. */
struct Invalid : std::runtime_error {
    using runtime_error::runtime_error;
};

/* A libtorch function that this libtorch lacks: EP_UNSUPPORTED. */
struct Unsupported : std::runtime_error {
    using runtime_error::runtime_error;
};

/* Forgets the thread's last error. */
void clear_error() noexcept;
/* Called inside a catch block: keeps the current exception's first line, returns its status. */
ep_status keep_error() noexcept;

/* Runs `body`; no C++ exception leaves it. */
template <class Body> ep_status guard(Body &&body) noexcept {
    try {
        clear_error();
        body();
        return EP_OK;
    } catch (...) {
        return keep_error();
    }
}

inline void require(bool condition, const char *message) {
    if (!condition) {
        throw Invalid(message);
    }
}

/* ---- checked calls into libtorch ---- */

/* Throws Unsupported, naming it, where this libtorch lacks the function. */
#ifdef EDGEPRUNE_GENUINE_HEADERS
#define EP_REQUIRE_PRESENT(FUNCTION) static_cast<void>(0)
#else
#define EP_REQUIRE_PRESENT(FUNCTION)                                                                                   \
    do {                                                                                                               \
        if (&FUNCTION == nullptr) {                                                                                    \
            throw ::edgeprune::Unsupported(std::string("this libtorch has no function ") + #FUNCTION);                 \
        }                                                                                                              \
    } while (false)
#endif

/* Calls the operator Op: call<at::_ops::matmul>(a, b). */
template <class Op, class... Arguments> decltype(auto) call(Arguments &&...arguments) {
#ifndef EDGEPRUNE_GENUINE_HEADERS
    if (&Op::call == nullptr) {
        throw Unsupported(std::string("this libtorch has no operator ") + op_name<Op>);
    }
#endif
    return Op::call(std::forward<Arguments>(arguments)...);
}

namespace ops = at::_ops;

/* ---- handles: an ep_tensor is an at::Tensor* on the C++ heap ---- */

/* Takes count of a new handle. */
ep_tensor adopt(at::Tensor *cell) noexcept;
void count_freed() noexcept;

inline at::Tensor &ref(ep_tensor t) {
    require(t != nullptr, "a tensor handle is NULL");
    return *reinterpret_cast<at::Tensor *>(t);
}

inline AtenTensorHandle aoti(ep_tensor t) { return reinterpret_cast<AtenTensorHandle>(&ref(t)); }
inline AtenTensorHandle aoti(const at::Tensor &t) { return reinterpret_cast<AtenTensorHandle>(const_cast<at::Tensor *>(&t)); }

/* NULL becomes nullopt. */
inline std::optional<at::Tensor> optional_ref(ep_tensor t) {
    return t == nullptr ? std::optional<at::Tensor>() : std::optional<at::Tensor>(ref(t));
}

std::vector<at::Tensor> tensors(const ep_tensor *handles, int32_t count);
/* Moves every tensor to a handle of its own, an undefined one to NULL; all or none. */
void adopt_all(std::vector<at::Tensor> &&list, ep_tensor *out);

/* Runs `make`, which returns a Tensor, straight into a new handle. */
template <class Make> ep_status produce(ep_tensor *out, Make &&make) noexcept {
    return guard([&] {
        require(out != nullptr, "the result pointer is NULL");
        *out = adopt(new at::Tensor(make()));
    });
}

/* ---- arguments ---- */

/* A whole number becomes an integer Scalar, so that integer tensors stay integers. */
c10::Scalar number(double value);
std::vector<c10::SymInt> symbolic(const int64_t *values, int32_t count);
c10::ArrayRef<int64_t> integers(const int64_t *values, int32_t count);
c10::ScalarType scalar_type(int32_t dtype);
c10::Device device(int32_t type, int32_t index);

/* ---- what a tensor is ---- */

void check(AOTITorchError error, const char *function);
int32_t dtype_of(const at::Tensor &t);
int64_t rank_of(const at::Tensor &t);
int64_t numel_of(const at::Tensor &t);
const int64_t *sizes_of(const at::Tensor &t);
const int64_t *strides_of(const at::Tensor &t);
/* 0 = CPU, 1 = CUDA, 14 = meta */
int32_t device_type_of(const at::Tensor &t);
bool is_meta(const at::Tensor &t);
/* 0 where there is one device of the type */
int32_t device_index_of(const at::Tensor &t);
void *data_of(const at::Tensor &t);
bool is_contiguous(const at::Tensor &t);
int64_t element_size(int32_t dtype);

template <class Element> inline constexpr int32_t dtype_code = -1;
template <> inline constexpr int32_t dtype_code<float> = EP_F32;
template <> inline constexpr int32_t dtype_code<double> = EP_F64;
template <> inline constexpr int32_t dtype_code<int64_t> = EP_I64;
template <> inline constexpr int32_t dtype_code<int32_t> = EP_I32;
template <> inline constexpr int32_t dtype_code<uint8_t> = EP_U8;
template <> inline constexpr int32_t dtype_code<bool> = EP_BOOL;

/* The elements of a contiguous CPU tensor, for the fused kernels; anything else is Invalid, naming `what`. */
template <class Element> Element *contiguous_data(ep_tensor t, const char *what) {
    const at::Tensor &tensor = ref(t);
    if (dtype_of(tensor) != dtype_code<Element> || device_type_of(tensor) != 0 || !is_contiguous(tensor)) {
        throw Invalid(std::string(what) + " must be a contiguous CPU tensor of c10::ScalarType " + std::to_string(dtype_code<Element>));
    }
    return static_cast<Element *>(data_of(tensor));
}

/* ---- meta.cpp: operators that libtorch has on the meta device in Python only ---- */

namespace meta {
at::Tensor index_select(const at::Tensor &t, int64_t dim, const at::Tensor &index);
at::Tensor where(const at::Tensor &condition, const at::Tensor &a, const at::Tensor &b);
at::Tensor masked_fill(const at::Tensor &t, const at::Tensor &mask);
at::Tensor logical(const at::Tensor &a, const at::Tensor &b);
at::Tensor clamp(const at::Tensor &t);
at::Tensor layer_norm(const at::Tensor &t, const std::optional<at::Tensor> &weight, const std::optional<at::Tensor> &bias);
at::Tensor attention(const at::Tensor &q, const at::Tensor &k, const at::Tensor &v, const std::optional<at::Tensor> &mask);
} // namespace meta

/* Grad mode off while in scope. */
class NoGrad {
  public:
    NoGrad();
    ~NoGrad();
    NoGrad(const NoGrad &) = delete;

  private:
    bool previous_;
};

/* ---- threads ---- */

/* The part [begin, end) of thread `index` of `count`. */
struct Share {
    int64_t begin, end;
    Share(int64_t begin, int64_t end, int64_t index, int64_t count)
        : begin(begin + (end - begin) * index / count), end(begin + (end - begin) * (index + 1) / count) {}
};

/*
 * Runs body(from, to) over [begin, end) in pieces of at least `grain` on libtorch's own OpenMP threads, at most
 * at::get_num_threads() of them; alone where that is one piece or inside another parallel region. `body` may throw
 * (the first exception is rethrown) and must not call libtorch.
 */
template <class Body> void parallel_for(int64_t begin, int64_t end, int64_t grain, const Body &body) {
    if (begin >= end) {
        return;
    }
    EP_REQUIRE_PRESENT(at::get_num_threads);
    if (GOMP_parallel == nullptr || omp_get_thread_num == nullptr || omp_get_num_threads == nullptr || omp_in_parallel == nullptr) {
        throw Unsupported("this libtorch brings no OpenMP runtime");
    }
    const int64_t pieces = (end - begin + (grain > 1 ? grain : 1) - 1) / (grain > 1 ? grain : 1);
    const int64_t threads = std::min<int64_t>(at::get_num_threads(), pieces);
    if (threads <= 1 || omp_in_parallel()) {
        body(begin, end);
        return;
    }
    struct Region {
        int64_t begin, end;
        const Body &body;
        std::exception_ptr failure;
        std::atomic_flag failed = ATOMIC_FLAG_INIT;
    } region{begin, end, body, nullptr};
    GOMP_parallel(
        [](void *data) {
            Region &r = *static_cast<Region *>(data);
            const Share share(r.begin, r.end, omp_get_thread_num(), omp_get_num_threads());
            try {
                if (share.begin < share.end) {
                    r.body(share.begin, share.end);
                }
            } catch (...) {
                if (!r.failed.test_and_set()) {
                    r.failure = std::current_exception();
                }
            }
        },
        &region, static_cast<unsigned>(threads), 0);
    if (region.failure) {
        std::rethrow_exception(region.failure);
    }
}

} // namespace edgeprune

#endif
