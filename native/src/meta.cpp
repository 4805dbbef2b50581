/* meta.cpp: operators that libtorch has on the meta device in Python only (or whose gradients need one of those), made of operators
 * that it has there in C++. Tensors of that device have no elements: results have the right sizes, dtype and operands in the graph of
 * gradients, and nothing else. */
#include "internal.h"

namespace edgeprune::meta {
namespace {

at::Tensor plus(const at::Tensor &a, const at::Tensor &b) { return call<ops::add_Tensor>(a, b, c10::Scalar(int64_t{1})); }

} // namespace

at::Tensor index_select(const at::Tensor &t, int64_t dim, const at::Tensor &index) {
    const int64_t rank = rank_of(t);
    const int64_t along = dim < 0 ? dim + rank : dim;
    require(along >= 0 && along < rank && rank_of(index) == 1, "index_select needs one dimension and a vector of indices");
    std::vector<int64_t> sizes(sizes_of(t), sizes_of(t) + rank);
    std::vector<int64_t> flat(static_cast<size_t>(rank), 1);
    sizes[static_cast<size_t>(along)] = flat[static_cast<size_t>(along)] = numel_of(index);
    const auto all = static_cast<int32_t>(rank);
    return call<ops::gather>(t, along, call<ops::expand>(call<ops::view>(index, symbolic(flat.data(), all)), symbolic(sizes.data(), all), false),
                             false);
}

at::Tensor where(const at::Tensor &condition, const at::Tensor &a, const at::Tensor &b) {
    return plus(call<ops::mul_Tensor>(a, condition), b);
}

at::Tensor masked_fill(const at::Tensor &t, const at::Tensor &mask) { return call<ops::mul_Tensor>(t, mask); }

at::Tensor logical(const at::Tensor &a, const at::Tensor &b) { return call<ops::ne_Tensor>(a, b); }

at::Tensor clamp(const at::Tensor &t) { return call<ops::mul_Scalar>(t, c10::Scalar(int64_t{1})); }

at::Tensor layer_norm(const at::Tensor &t, const std::optional<at::Tensor> &weight, const std::optional<at::Tensor> &bias) {
    const int64_t last[] = {-1};
    const at::Tensor centred = call<ops::sub_Tensor>(t, call<ops::mean_dim>(t, integers(last, 1), true, std::nullopt), c10::Scalar(int64_t{1}));
    const at::Tensor scaled = weight ? call<ops::mul_Tensor>(centred, *weight) : centred;
    return bias ? plus(scaled, *bias) : scaled;
}

at::Tensor attention(const at::Tensor &q, const at::Tensor &k, const at::Tensor &v, const std::optional<at::Tensor> &mask) {
    const at::Tensor scores = call<ops::matmul>(q, call<ops::transpose_int>(k, -2, -1));
    const at::Tensor seen = mask ? call<ops::to_dtype>(plus(scores, *mask), scalar_type(dtype_of(q)), false, false, std::nullopt) : scores;
    return call<ops::matmul>(call<ops::softmax_int>(seen, -1, std::nullopt), v);
}

} // namespace edgeprune::meta
