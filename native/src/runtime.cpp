/* runtime.cpp: the library as a whole: load audit, self-test, threads, devices. */
#include "internal.h"

#include <cmath>
#include <numeric>
#include <cstring>
#include <type_traits>

using namespace edgeprune;

namespace {

/* ---- the audit ---- */

struct Symbol {
    const char *name;
    const void *address; /* null where this libtorch lacks it */
};

template <class Result, class... Parameters> const void *address_of(Result (*function)(Parameters...)) {
    return reinterpret_cast<const void *>(function);
}

/* A pointer to a member function that is not virtual begins with the function's address. */
template <class Member> const void *address_of_member(Member member) {
    static_assert(std::is_member_function_pointer_v<Member> && sizeof(member) >= sizeof(void *));
    const void *address = nullptr;
    std::memcpy(&address, &member, sizeof(address));
    return address;
}

const std::vector<Symbol> &symbols() {
    static const std::vector<Symbol> all{
        {"c10::UndefinedTensorImpl::_singleton", c10::UndefinedTensorImpl::singleton()},
#define EP_SYMBOL_C(RESULT, NAME, PARAMETERS) {#NAME, address_of(&NAME)},
#define EP_SYMBOL_CPP(NAMESPACE, RESULT, NAME, PARAMETERS) {#NAMESPACE "::" #NAME, address_of(&NAMESPACE::NAME)},
#define EP_SYMBOL_MEMBER(NAMESPACE, CLASS, RESULT, NAME, PARAMETERS)                                                   \
    {#NAMESPACE "::" #CLASS "::" #NAME, address_of_member(&NAMESPACE::CLASS::NAME)},
#define EP_SYMBOL_OP(NAME, RESULT, ARGUMENTS) {op_name<ops::NAME>, address_of(&ops::NAME::call)},
        EP_TORCH_C_FUNCTIONS(EP_SYMBOL_C) EP_TORCH_CPP_FUNCTIONS(EP_SYMBOL_CPP) EP_TORCH_MEMBERS(EP_SYMBOL_MEMBER)
            EP_OPENMP_FUNCTIONS(EP_SYMBOL_C) EP_TORCH_OPS(EP_SYMBOL_OP)
#undef EP_SYMBOL_C
#undef EP_SYMBOL_CPP
#undef EP_SYMBOL_MEMBER
#undef EP_SYMBOL_OP
    };
    return all;
}

/* ---- the self-test ---- */

void expect(bool condition, const char *layout) {
    if (!condition) {
        throw std::runtime_error(std::string("self-test: wrong result where ") + layout);
    }
}

const float *floats(const at::Tensor &t) { return static_cast<const float *>(data_of(t)); }

bool has_shape(const at::Tensor &t, std::initializer_list<int64_t> shape) {
    return rank_of(t) == static_cast<int64_t>(shape.size()) && std::equal(shape.begin(), shape.end(), sizes_of(t));
}

bool near(double value, double expected) { return std::fabs(value - expected) <= 1e-6 * std::fmax(1, std::fabs(expected)); }

bool holds(const at::Tensor &t, std::initializer_list<double> expected) {
    if (dtype_of(t) != EP_F32 || !is_contiguous(t) || numel_of(t) != static_cast<int64_t>(expected.size())) {
        return false;
    }
    return std::equal(expected.begin(), expected.end(), floats(t), [](double e, float f) { return near(f, e); });
}

at::Tensor filled(const std::vector<int64_t> &shape, double value) {
    return call<ops::full>(symbolic(shape.data(), static_cast<int32_t>(shape.size())), c10::Scalar(value), c10::ScalarType::Float,
                           std::nullopt, device(0, 0), std::nullopt);
}

/* 0 1 2 ... as float, in the given shape. */
at::Tensor counting(const std::vector<int64_t> &shape) {
    int64_t count = 1;
    for (const int64_t size : shape) {
        count *= size;
    }
    const at::Tensor range = call<ops::arange_start>(c10::Scalar(int64_t{0}), c10::Scalar(count), c10::ScalarType::Float, std::nullopt,
                                                     device(0, 0), std::nullopt);
    return call<ops::reshape>(range, symbolic(shape.data(), static_cast<int32_t>(shape.size())));
}

void test_scalars_and_sizes() {
    const at::Tensor t = filled({2, 3}, 1.5);
    expect(has_shape(t, {2, 3}) && dtype_of(t) == EP_F32 && device_type_of(t) == 0, "SymInt sizes, a dtype and a device are passed");
    expect(holds(t, {1.5, 1.5, 1.5, 1.5, 1.5, 1.5}), "a double Scalar is passed");
    const at::Tensor whole = call<ops::arange_start>(c10::Scalar(int64_t{3}), c10::Scalar(int64_t{6}), c10::ScalarType::Long, std::nullopt,
                                                     device(0, 0), std::nullopt);
    const int64_t *values = static_cast<const int64_t *>(data_of(whole));
    expect(dtype_of(whole) == EP_I64 && numel_of(whole) == 3 && values[0] == 3 && values[2] == 5, "an integer Scalar is passed");
    const at::Tensor bounded = call<ops::clamp>(counting({5}), std::nullopt, std::optional<c10::Scalar>(c10::Scalar(2.5)));
    expect(holds(bounded, {0, 1, 2, 2.5, 2.5}), "an optional Scalar is passed");
    const at::Tensor part = call<ops::narrow>(counting({2, 4}), 1, c10::SymInt(1), c10::SymInt(2));
    expect(has_shape(part, {2, 2}) && strides_of(part)[0] == 4, "a SymInt is passed by value");
}

void test_lists() {
    const at::Tensor t = counting({2, 3});
    const int64_t order[] = {1, 0};
    const at::Tensor turned = call<ops::permute>(t, integers(order, 2));
    expect(has_shape(turned, {3, 2}) && strides_of(turned)[0] == 1 && strides_of(turned)[1] == 3, "an ArrayRef is passed");
    const int64_t last[] = {-1};
    expect(holds(call<ops::sum_dim_IntList>(t, integers(last, 1), false, std::nullopt), {3, 12}), "an OptionalArrayRef is passed");
    expect(holds(call<ops::mean_dim>(t, std::nullopt, false, std::nullopt), {2.5}), "an empty OptionalArrayRef is passed");
    const std::vector<at::Tensor> two{filled({1, 2}, 7), filled({1, 2}, 8)};
    expect(holds(call<ops::cat>(c10::IListRef<at::Tensor>(c10::ArrayRef<at::Tensor>(two)), 0), {7, 7, 8, 8}), "an IListRef is passed");
    expect(has_shape(call<ops::stack>(two, 0), {2, 1, 2}), "a list of tensors is passed");
    const int64_t parts[] = {1, 2};
    const std::vector<at::Tensor> pieces = call<ops::split_with_sizes>(t, symbolic(parts, 2), 1);
    expect(pieces.size() == 2 && has_shape(pieces[0], {2, 1}) && has_shape(pieces[1], {2, 2}), "a vector of tensors is returned");
    const auto [top, where] = call<ops::topk>(counting({4}), c10::SymInt(1), -1, true, true);
    expect(holds(top, {3}) && dtype_of(where) == EP_I64 && *static_cast<const int64_t *>(data_of(where)) == 3, "a pair of tensors is returned");
}

void test_options_and_text() {
    const at::Tensor t = counting({2, 2});
    const at::Tensor bias = filled({2}, 10);
    expect(holds(call<ops::linear>(t, t, std::optional<at::Tensor>(bias)), {11, 13, 13, 23}), "an optional Tensor is passed");
    expect(holds(call<ops::linear>(t, t, std::optional<at::Tensor>()), {1, 3, 3, 13}), "an empty optional Tensor is passed");
    const at::Tensor one = filled({1}, 1);
    expect(holds(call<ops::gelu>(one, std::string_view("none")), {0.8413447461}) &&
               holds(call<ops::gelu>(one, std::string_view("tanh")), {0.8411919906}),
           "a string_view is passed");
    expect(dtype_of(call<ops::sum>(t, std::optional<c10::ScalarType>(c10::ScalarType::Double))) == EP_F64, "an optional dtype is passed");
    at::Tensor random = filled({64}, -1);
    call<ops::uniform_>(random, 2.0, 3.0, std::nullopt);
    expect(std::all_of(floats(random), floats(random) + 64, [](float f) { return f >= 2 && f <= 3; }), "an optional Generator is passed");
    const at::Tensor q = filled({1, 1, 1, 4}, 1);
    expect(holds(call<ops::scaled_dot_product_attention>(q, q, q, std::optional<at::Tensor>(), 0.0, false, std::optional<double>(0.5), false),
                 {1, 1, 1, 1}),
           "an optional double is passed");
}

/* Whole numbers of -2 to 2, whose products' sums are exact in any order. */
at::Tensor small_numbers(int64_t rows, int64_t columns) {
    at::Tensor t = filled({rows, columns}, 0);
    auto *data = static_cast<float *>(data_of(t));
    for (int64_t i = 0; i < rows * columns; i++) {
        data[i] = static_cast<float>(i * 7 % 11 % 5 - 2);
    }
    return t;
}

/* Larger than the blocks in which BLAS computes, and no multiple of them: is its choice of kernels right for this processor? */
void test_products() {
    constexpr int64_t rows = 67, inner = 129, columns = 83;
    const at::Tensor x = small_numbers(rows, inner);
    const at::Tensor w = small_numbers(columns, inner);
    const at::Tensor product = call<ops::linear>(x, w, std::optional<at::Tensor>());
    expect(has_shape(product, {rows, columns}), "a product has its shape");
    for (int64_t i = 0; i < rows * columns; i++) {
        const float *row = floats(x) + i / columns * inner;
        const float *column = floats(w) + i % columns * inner;
        expect(floats(product)[i] == std::inner_product(row, row + inner, column, 0.0F), "a matrix product is right");
    }
}

void test_autograd() {
    EP_REQUIRE_PRESENT(torch::autograd::grad);
    EP_REQUIRE_PRESENT(c10::TensorImpl::requires_grad);
    EP_REQUIRE_PRESENT(c10::GradMode::is_enabled);
    EP_REQUIRE_PRESENT(c10::GradMode::set_enabled);
    struct GradOn {
        const bool previous = c10::GradMode::is_enabled();
        GradOn() { c10::GradMode::set_enabled(true); }
        ~GradOn() { c10::GradMode::set_enabled(previous); }
    } grad_on;
    at::Tensor x = counting({3});
    at::Tensor unused = filled({1}, 0);
    call<ops::requires_grad_>(x, true);
    call<ops::requires_grad_>(unused, true);
    expect(x.unsafeGetTensorImpl()->requires_grad(), "requires_grad is read");
    const at::Tensor loss = call<ops::sum>(call<ops::square>(x), std::nullopt);
    const std::vector<at::Tensor> grads = torch::autograd::grad({loss}, {x, unused}, {}, std::optional<bool>(), false, true);
    expect(grads.size() == 2 && grads[0].defined() && holds(grads[0], {0, 2, 4}), "autograd returns gradients");
    expect(!grads[1].defined(), "autograd returns an undefined gradient");
}

} // namespace

int32_t ep_abi_version(void) { return EP_ABI_VERSION; }

int32_t ep_audit_total(void) { return static_cast<int32_t>(symbols().size()); }

int32_t ep_audit_missing(void) {
    return static_cast<int32_t>(std::count_if(symbols().begin(), symbols().end(), [](const Symbol &s) { return s.address == nullptr; }));
}

const char *ep_audit_missing_name(int32_t index) {
    for (const Symbol &s : symbols()) {
        if (s.address == nullptr && index-- == 0) {
            return s.name;
        }
    }
    return nullptr;
}

ep_status ep_self_test(void) {
    return guard([] {
        test_scalars_and_sizes();
        test_lists();
        test_options_and_text();
        test_products();
        test_autograd();
    });
}

const char *ep_libtorch_config(void) {
    thread_local std::string config;
    const ep_status status = guard([] {
        EP_REQUIRE_PRESENT(at::show_config);
        config = at::show_config();
    });
    /* NOLINTNEXTLINE(clang-analyzer-cplusplus.InnerPointer): the string lives as long as the thread */
    return status == EP_OK ? config.c_str() : nullptr;
}

const char *ep_openblas_core(void) { return openblas_get_corename == nullptr ? "" : openblas_get_corename(); }

ep_status ep_set_num_threads(int32_t threads) {
    return guard([&] {
        EP_REQUIRE_PRESENT(at::set_num_threads);
        require(threads >= 1, "the number of threads must be positive");
        at::set_num_threads(threads);
        if (openblas_set_num_threads != nullptr) {
            openblas_set_num_threads(threads);
        }
    });
}

ep_status ep_get_num_threads(int32_t *out) {
    return guard([&] {
        EP_REQUIRE_PRESENT(at::get_num_threads);
        require(out != nullptr, "the result pointer is NULL");
        *out = at::get_num_threads();
    });
}

ep_status ep_cuda_device_count(int32_t *out) {
    return guard([&] {
        EP_REQUIRE_PRESENT(torch::cuda::device_count);
        require(out != nullptr, "the result pointer is NULL");
        *out = static_cast<uint8_t>(torch::cuda::device_count());
    });
}

ep_status ep_cuda_synchronize(int32_t index) {
    return guard([&] {
        EP_REQUIRE_PRESENT(torch::cuda::synchronize);
        torch::cuda::synchronize(index);
    });
}
