/* pointwise.cpp: elementwise arithmetic, comparisons, random numbers. */
#include "internal.h"

#include <cmath>

using namespace edgeprune;

namespace {

using Unary = at::Tensor (*)(const at::Tensor &);
using Comparison = at::Tensor (*)(const at::Tensor &, const at::Tensor &);
using ScalarComparison = at::Tensor (*)(const at::Tensor &, const c10::Scalar &);

at::Tensor gelu(const at::Tensor &t) { return call<ops::gelu>(t, std::string_view("none")); }
at::Tensor gelu_tanh(const at::Tensor &t) { return call<ops::gelu>(t, std::string_view("tanh")); }

template <class Op> at::Tensor unary(const at::Tensor &t) { return call<Op>(t); }
template <class Op> at::Tensor compare(const at::Tensor &a, const at::Tensor &b) { return call<Op>(a, b); }
template <class Op> at::Tensor compare_scalar(const at::Tensor &a, const c10::Scalar &b) { return call<Op>(a, b); }

/* In the order of EP_NEG ... EP_SQUARE. */
constexpr Unary unaries[] = {
    unary<ops::neg>,  unary<ops::exp>,         unary<ops::log>,      unary<ops::sqrt>,  unary<ops::rsqrt>,
    unary<ops::abs>,  unary<ops::sin>,         unary<ops::cos>,      unary<ops::tanh>,  unary<ops::sigmoid>,
    unary<ops::relu>, gelu,                    gelu_tanh,            unary<ops::silu>,  unary<ops::logical_not>,
    unary<ops::isfinite>, unary<ops::round>,   unary<ops::floor>,    unary<ops::square>,
};
static_assert(std::size(unaries) == EP_UNARY_COUNT);

/* In the order of EP_EQ ... EP_GE. */
constexpr Comparison comparisons[] = {compare<ops::eq_Tensor>, compare<ops::ne_Tensor>, compare<ops::lt_Tensor>,
                                      compare<ops::le_Tensor>, compare<ops::gt_Tensor>, compare<ops::ge_Tensor>};
constexpr ScalarComparison scalar_comparisons[] = {compare_scalar<ops::eq_Scalar>, compare_scalar<ops::ne_Scalar>,
                                                   compare_scalar<ops::lt_Scalar>, compare_scalar<ops::le_Scalar>,
                                                   compare_scalar<ops::gt_Scalar>, compare_scalar<ops::ge_Scalar>};
static_assert(std::size(comparisons) == EP_GE + 1 && std::size(scalar_comparisons) == EP_GE + 1);

std::optional<c10::Scalar> bound(double value) {
    return std::isnan(value) ? std::optional<c10::Scalar>() : std::optional<c10::Scalar>(number(value));
}

} // namespace

ep_status ep_add(ep_tensor a, ep_tensor b, double alpha, ep_tensor *out) {
    return produce(out, [&] { return call<ops::add_Tensor>(ref(a), ref(b), number(alpha)); });
}

ep_status ep_sub(ep_tensor a, ep_tensor b, ep_tensor *out) {
    return produce(out, [&] { return call<ops::sub_Tensor>(ref(a), ref(b), c10::Scalar(int64_t{1})); });
}

ep_status ep_mul(ep_tensor a, ep_tensor b, ep_tensor *out) {
    return produce(out, [&] { return call<ops::mul_Tensor>(ref(a), ref(b)); });
}

ep_status ep_div(ep_tensor a, ep_tensor b, ep_tensor *out) {
    return produce(out, [&] { return call<ops::div_Tensor>(ref(a), ref(b)); });
}

ep_status ep_maximum(ep_tensor a, ep_tensor b, ep_tensor *out) {
    return produce(out, [&] { return call<ops::maximum>(ref(a), ref(b)); });
}

ep_status ep_minimum(ep_tensor a, ep_tensor b, ep_tensor *out) {
    return produce(out, [&] { return call<ops::minimum>(ref(a), ref(b)); });
}

ep_status ep_add_scalar(ep_tensor a, double b, ep_tensor *out) {
    return produce(out, [&] { return call<ops::add_Scalar>(ref(a), number(b), c10::Scalar(int64_t{1})); });
}

ep_status ep_mul_scalar(ep_tensor a, double b, ep_tensor *out) {
    return produce(out, [&] { return call<ops::mul_Scalar>(ref(a), number(b)); });
}

ep_status ep_div_scalar(ep_tensor a, double b, ep_tensor *out) {
    return produce(out, [&] { return call<ops::div_Scalar>(ref(a), number(b)); });
}

ep_status ep_pow_scalar(ep_tensor a, double exponent, ep_tensor *out) {
    return produce(out, [&] { return call<ops::pow_Tensor_Scalar>(ref(a), number(exponent)); });
}

ep_status ep_clamp(ep_tensor a, double min, double max, ep_tensor *out) {
    return produce(out, [&] { return call<ops::clamp>(ref(a), bound(min), bound(max)); });
}

ep_status ep_unary(int32_t function, ep_tensor a, ep_tensor *out) {
    return produce(out, [&] {
        require(function >= 0 && function < EP_UNARY_COUNT, "unknown unary function");
        return unaries[function](ref(a));
    });
}

ep_status ep_compare(int32_t relation, ep_tensor a, ep_tensor b, ep_tensor *out) {
    return produce(out, [&] {
        require(relation >= EP_EQ && relation <= EP_GE, "unknown comparison");
        return comparisons[relation](ref(a), ref(b));
    });
}

ep_status ep_compare_scalar(int32_t relation, ep_tensor a, double b, ep_tensor *out) {
    return produce(out, [&] {
        require(relation >= EP_EQ && relation <= EP_GE, "unknown comparison");
        return scalar_comparisons[relation](ref(a), number(b));
    });
}

ep_status ep_logical_and(ep_tensor a, ep_tensor b, ep_tensor *out) {
    return produce(out, [&] { return call<ops::logical_and>(ref(a), ref(b)); });
}

ep_status ep_logical_or(ep_tensor a, ep_tensor b, ep_tensor *out) {
    return produce(out, [&] { return call<ops::logical_or>(ref(a), ref(b)); });
}

ep_status ep_add_inplace(ep_tensor a, ep_tensor b, double alpha) {
    return guard([&] { call<ops::add__Tensor>(ref(a), ref(b), number(alpha)); });
}

ep_status ep_mul_inplace(ep_tensor a, ep_tensor b) {
    return guard([&] { call<ops::mul__Tensor>(ref(a), ref(b)); });
}

ep_status ep_mul_scalar_inplace(ep_tensor a, double b) {
    return guard([&] { call<ops::mul__Scalar>(ref(a), number(b)); });
}

ep_status ep_addcmul_inplace(ep_tensor a, ep_tensor x, ep_tensor y, double value) {
    return guard([&] { call<ops::addcmul_>(ref(a), ref(x), ref(y), number(value)); });
}

ep_status ep_addcdiv_inplace(ep_tensor a, ep_tensor x, ep_tensor y, double value) {
    return guard([&] { call<ops::addcdiv_>(ref(a), ref(x), ref(y), number(value)); });
}

ep_status ep_copy_inplace(ep_tensor a, ep_tensor source) {
    return guard([&] { call<ops::copy_>(ref(a), ref(source), false); });
}

ep_status ep_fill_inplace(ep_tensor a, double value) {
    return guard([&] { call<ops::fill__Scalar>(ref(a), number(value)); });
}

ep_status ep_uniform_inplace(ep_tensor a, double low, double high) {
    return guard([&] { call<ops::uniform_>(ref(a), low, high, std::nullopt); });
}

ep_status ep_normal_inplace(ep_tensor a, double mean, double std) {
    return guard([&] { call<ops::normal_>(ref(a), mean, std, std::nullopt); });
}

ep_status ep_manual_seed(int64_t seed) {
    return guard([&] {
        EP_REQUIRE_PRESENT(at::detail::getDefaultCPUGenerator);
        EP_REQUIRE_PRESENT(at::CPUGeneratorImpl::set_current_seed);
        EP_REQUIRE_PRESENT(torch::cuda::device_count);
        EP_REQUIRE_PRESENT(torch::cuda::manual_seed_all);
        auto *generator = static_cast<at::CPUGeneratorImpl *>(at::detail::getDefaultCPUGenerator().unsafeGetGeneratorImpl());
        generator->set_current_seed(static_cast<uint64_t>(seed));
        if (torch::cuda::device_count() > 0) {
            torch::cuda::manual_seed_all(static_cast<uint64_t>(seed));
        }
    });
}
