/* reduce.cpp: reductions. */
#include "internal.h"

using namespace edgeprune;

namespace {

/* No dimensions (NULL, 0) means all of them. */
bool everything(const int64_t *dims, int32_t count) { return dims == nullptr && count == 0; }

} // namespace

ep_status ep_sum(ep_tensor t, const int64_t *dims, int32_t count, int32_t keepdim, ep_tensor *out) {
    return produce(out, [&] {
        return everything(dims, count) && !keepdim ? call<ops::sum>(ref(t), std::nullopt)
                                                   : call<ops::sum_dim_IntList>(ref(t), integers(dims, count), keepdim != 0, std::nullopt);
    });
}

ep_status ep_mean(ep_tensor t, const int64_t *dims, int32_t count, int32_t keepdim, ep_tensor *out) {
    return produce(out, [&] {
        return everything(dims, count) && !keepdim ? call<ops::mean>(ref(t), std::nullopt)
                                                   : call<ops::mean_dim>(ref(t), integers(dims, count), keepdim != 0, std::nullopt);
    });
}

ep_status ep_amax(ep_tensor t, const int64_t *dims, int32_t count, int32_t keepdim, ep_tensor *out) {
    return produce(out, [&] { return call<ops::amax>(ref(t), integers(dims, count), keepdim != 0); });
}

ep_status ep_amin(ep_tensor t, const int64_t *dims, int32_t count, int32_t keepdim, ep_tensor *out) {
    return produce(out, [&] { return call<ops::amin>(ref(t), integers(dims, count), keepdim != 0); });
}

ep_status ep_argmax(ep_tensor t, int64_t dim, int32_t keepdim, ep_tensor *out) {
    return produce(out, [&] { return call<ops::argmax>(ref(t), std::optional<int64_t>(dim), keepdim != 0); });
}

ep_status ep_cumsum(ep_tensor t, int64_t dim, ep_tensor *out) {
    return produce(out, [&] { return call<ops::cumsum>(ref(t), dim, std::nullopt); });
}

ep_status ep_logsumexp(ep_tensor t, int64_t dim, int32_t keepdim, ep_tensor *out) {
    return produce(out, [&] { return call<ops::logsumexp>(ref(t), integers(&dim, 1), keepdim != 0); });
}

ep_status ep_all(ep_tensor t, ep_tensor *out) {
    return produce(out, [&] { return call<ops::all>(ref(t)); });
}

ep_status ep_any(ep_tensor t, ep_tensor *out) {
    return produce(out, [&] { return call<ops::any>(ref(t)); });
}

ep_status ep_topk(ep_tensor t, int64_t k, int64_t dim, int32_t largest, ep_tensor *values, ep_tensor *indices) {
    return guard([&] {
        require(values != nullptr && indices != nullptr, "the result pointer is NULL");
        require(k >= 0, "k is negative");
        auto [top, where] = call<ops::topk>(ref(t), c10::SymInt(k), dim, largest != 0, true);
        std::vector<at::Tensor> both;
        both.reserve(2);
        both.push_back(std::move(top));
        both.push_back(std::move(where));
        ep_tensor handles[2];
        adopt_all(std::move(both), handles);
        *values = handles[0];
        *indices = handles[1];
    });
}
