/* nn.cpp: products, normalisation, softmax, attention. */
#include "internal.h"

#include <cmath>

using namespace edgeprune;

ep_status ep_matmul(ep_tensor a, ep_tensor b, ep_tensor *out) {
    return produce(out, [&] { return call<ops::matmul>(ref(a), ref(b)); });
}

ep_status ep_bmm(ep_tensor a, ep_tensor b, ep_tensor *out) {
    return produce(out, [&] { return call<ops::bmm>(ref(a), ref(b)); });
}

ep_status ep_addmm(ep_tensor bias, ep_tensor a, ep_tensor b, double beta, double alpha, ep_tensor *out) {
    return produce(out, [&] { return call<ops::addmm>(ref(bias), ref(a), ref(b), number(beta), number(alpha)); });
}

ep_status ep_baddbmm(ep_tensor bias, ep_tensor a, ep_tensor b, double beta, double alpha, ep_tensor *out) {
    return produce(out, [&] { return call<ops::baddbmm>(ref(bias), ref(a), ref(b), number(beta), number(alpha)); });
}

ep_status ep_addmm_inplace(ep_tensor c, ep_tensor a, ep_tensor b, double beta, double alpha) {
    return guard([&] { call<ops::addmm_>(ref(c), ref(a), ref(b), number(beta), number(alpha)); });
}

ep_status ep_baddbmm_inplace(ep_tensor c, ep_tensor a, ep_tensor b, double beta, double alpha) {
    return guard([&] { call<ops::baddbmm_>(ref(c), ref(a), ref(b), number(beta), number(alpha)); });
}

ep_status ep_linear(ep_tensor x, ep_tensor weight, ep_tensor bias, ep_tensor *out) {
    return produce(out, [&] { return call<ops::linear>(ref(x), ref(weight), optional_ref(bias)); });
}

ep_status ep_softmax(ep_tensor t, int64_t dim, ep_tensor *out) {
    return produce(out, [&] { return call<ops::softmax_int>(ref(t), dim, std::nullopt); });
}

ep_status ep_log_softmax(ep_tensor t, int64_t dim, ep_tensor *out) {
    return produce(out, [&] { return call<ops::log_softmax_int>(ref(t), dim, std::nullopt); });
}

ep_status ep_layer_norm(ep_tensor t, ep_tensor weight, ep_tensor bias, double eps, ep_tensor *out) {
    return produce(out, [&] {
        const int64_t rank = rank_of(ref(t));
        require(rank >= 1, "a tensor of at least one dimension is needed");
        if (is_meta(ref(t))) {
            return meta::layer_norm(ref(t), optional_ref(weight), optional_ref(bias));
        }
        return call<ops::layer_norm>(ref(t), symbolic(sizes_of(ref(t)) + rank - 1, 1), optional_ref(weight), optional_ref(bias), eps,
                                     false);
    });
}

ep_status ep_attention(ep_tensor q, ep_tensor k, ep_tensor v, ep_tensor mask, int32_t causal, double scale, ep_tensor *out) {
    return produce(out, [&] {
        if (is_meta(ref(q))) {
            return meta::attention(ref(q), ref(k), ref(v), optional_ref(mask));
        }
        return call<ops::scaled_dot_product_attention>(ref(q), ref(k), ref(v), optional_ref(mask), 0.0, causal != 0,
                                                       std::isnan(scale) ? std::optional<double>() : std::optional<double>(scale),
                                                       false);
    });
}
