/* pointwise.cpp: elementwise arithmetic, comparisons, random numbers. */
#include "internal.h"

#include <cmath>

using namespace edgeprune;

namespace {

at::Tensor unary(int32_t function, const at::Tensor &t) {
    switch (function) {
    case EP_NEG:
        return call<ops::neg>(t);
    case EP_EXP:
        return call<ops::exp>(t);
    case EP_LOG:
        return call<ops::log>(t);
    case EP_SQRT:
        return call<ops::sqrt>(t);
    case EP_RSQRT:
        return call<ops::rsqrt>(t);
    case EP_ABS:
        return call<ops::abs>(t);
    case EP_SIN:
        return call<ops::sin>(t);
    case EP_COS:
        return call<ops::cos>(t);
    case EP_TANH:
        return call<ops::tanh>(t);
    case EP_SIGMOID:
        return call<ops::sigmoid>(t);
    case EP_RELU:
        return is_meta(t) ? meta::clamp(t) : call<ops::relu>(t);
    case EP_GELU:
        return call<ops::gelu>(t, std::string_view("none"));
    case EP_GELU_TANH:
        return call<ops::gelu>(t, std::string_view("tanh"));
    case EP_SILU:
        return call<ops::silu>(t);
    case EP_LOGICAL_NOT:
        return is_meta(t) ? meta::logical(t, t) : call<ops::logical_not>(t);
    case EP_IS_FINITE:
        return call<ops::isfinite>(t);
    case EP_ROUND:
        return call<ops::round>(t);
    case EP_FLOOR:
        return call<ops::floor>(t);
    case EP_SQUARE:
        return call<ops::square>(t);
    default:
        throw Invalid("unknown unary function");
    }
}

at::Tensor compare(int32_t relation, const at::Tensor &a, const at::Tensor &b) {
    switch (relation) {
    case EP_EQ:
        return call<ops::eq_Tensor>(a, b);
    case EP_NE:
        return call<ops::ne_Tensor>(a, b);
    case EP_LT:
        return call<ops::lt_Tensor>(a, b);
    case EP_LE:
        return call<ops::le_Tensor>(a, b);
    case EP_GT:
        return call<ops::gt_Tensor>(a, b);
    case EP_GE:
        return call<ops::ge_Tensor>(a, b);
    default:
        throw Invalid("unknown comparison");
    }
}

at::Tensor compare(int32_t relation, const at::Tensor &a, const c10::Scalar &b) {
    switch (relation) {
    case EP_EQ:
        return call<ops::eq_Scalar>(a, b);
    case EP_NE:
        return call<ops::ne_Scalar>(a, b);
    case EP_LT:
        return call<ops::lt_Scalar>(a, b);
    case EP_LE:
        return call<ops::le_Scalar>(a, b);
    case EP_GT:
        return call<ops::gt_Scalar>(a, b);
    case EP_GE:
        return call<ops::ge_Scalar>(a, b);
    default:
        throw Invalid("unknown comparison");
    }
}

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
    return produce(out, [&] { return is_meta(ref(a)) ? meta::clamp(ref(a)) : call<ops::clamp>(ref(a), bound(min), bound(max)); });
}

ep_status ep_unary(int32_t function, ep_tensor a, ep_tensor *out) {
    return produce(out, [&] { return unary(function, ref(a)); });
}

ep_status ep_compare(int32_t relation, ep_tensor a, ep_tensor b, ep_tensor *out) {
    return produce(out, [&] { return compare(relation, ref(a), ref(b)); });
}

ep_status ep_compare_scalar(int32_t relation, ep_tensor a, double b, ep_tensor *out) {
    return produce(out, [&] { return compare(relation, ref(a), number(b)); });
}

ep_status ep_logical_and(ep_tensor a, ep_tensor b, ep_tensor *out) {
    return produce(out, [&] { return is_meta(ref(a)) ? meta::logical(ref(a), ref(b)) : call<ops::logical_and>(ref(a), ref(b)); });
}

ep_status ep_logical_or(ep_tensor a, ep_tensor b, ep_tensor *out) {
    return produce(out, [&] { return is_meta(ref(a)) ? meta::logical(ref(a), ref(b)) : call<ops::logical_or>(ref(a), ref(b)); });
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
        /* By its qualified name: it is virtual in libtorch, and torch_abi.h knows the function itself. */
        generator->at::CPUGeneratorImpl::set_current_seed(static_cast<uint64_t>(seed));
        if (torch::cuda::device_count() > 0) {
            torch::cuda::manual_seed_all(static_cast<uint64_t>(seed));
        }
    });
}
