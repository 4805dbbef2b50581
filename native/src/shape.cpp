/* shape.cpp: views, indexing, joining. */
#include "internal.h"

using namespace edgeprune;

namespace {

/* Keeps the elements on one side of a diagonal: tril's and triu's signatures are the two that changed between 2.7 and 2.10. */
at::Tensor triangle(const at::Tensor &t, int64_t diagonal, bool lower) {
    const int64_t rank = rank_of(t);
    require(rank >= 2, "a tensor of at least two dimensions is needed");
    const int64_t *sizes = sizes_of(t);
    const c10::Device where = device(device_type_of(t), device_index_of(t));
    const auto range = [&](int64_t end) {
        return call<ops::arange_start>(c10::Scalar(int64_t{0}), c10::Scalar(end), c10::ScalarType::Long, std::nullopt, where,
                                       std::nullopt);
    };
    const at::Tensor rows = range(sizes[rank - 2]);
    const at::Tensor columns = range(sizes[rank - 1]);
    const at::Tensor offset = call<ops::sub_Tensor>(columns, call<ops::unsqueeze>(rows, -1), c10::Scalar(int64_t{1}));
    const at::Tensor outside = lower ? call<ops::gt_Scalar>(offset, c10::Scalar(diagonal)) : call<ops::lt_Scalar>(offset, c10::Scalar(diagonal));
    return is_meta(t) ? meta::masked_fill(t, outside) : call<ops::masked_fill_Scalar>(t, outside, c10::Scalar(int64_t{0}));
}

} // namespace

ep_status ep_reshape(ep_tensor t, const int64_t *sizes, int32_t rank, ep_tensor *out) {
    return produce(out, [&] { return call<ops::reshape>(ref(t), symbolic(sizes, rank)); });
}

ep_status ep_view(ep_tensor t, const int64_t *sizes, int32_t rank, ep_tensor *out) {
    return produce(out, [&] { return call<ops::view>(ref(t), symbolic(sizes, rank)); });
}

ep_status ep_expand(ep_tensor t, const int64_t *sizes, int32_t rank, ep_tensor *out) {
    return produce(out, [&] { return call<ops::expand>(ref(t), symbolic(sizes, rank), false); });
}

ep_status ep_permute(ep_tensor t, const int64_t *dims, int32_t rank, ep_tensor *out) {
    return produce(out, [&] { return call<ops::permute>(ref(t), integers(dims, rank)); });
}

ep_status ep_transpose(ep_tensor t, int64_t dim0, int64_t dim1, ep_tensor *out) {
    return produce(out, [&] { return call<ops::transpose_int>(ref(t), dim0, dim1); });
}

ep_status ep_unsqueeze(ep_tensor t, int64_t dim, ep_tensor *out) {
    return produce(out, [&] { return call<ops::unsqueeze>(ref(t), dim); });
}

ep_status ep_squeeze(ep_tensor t, int64_t dim, ep_tensor *out) {
    return produce(out, [&] { return call<ops::squeeze_dim>(ref(t), dim); });
}

ep_status ep_narrow(ep_tensor t, int64_t dim, int64_t start, int64_t length, ep_tensor *out) {
    return produce(out, [&] {
        require(length >= 0, "the length is negative");
        require(start >= INT32_MIN, "the start is out of range");
        return call<ops::narrow>(ref(t), dim, c10::SymInt(start), c10::SymInt(length));
    });
}

ep_status ep_select(ep_tensor t, int64_t dim, int64_t index, ep_tensor *out) {
    return produce(out, [&] {
        require(index >= INT32_MIN, "the index is out of range");
        return call<ops::select_int>(ref(t), dim, c10::SymInt(index));
    });
}

ep_status ep_split(ep_tensor t, const int64_t *sizes, int32_t count, int64_t dim, ep_tensor *out) {
    return guard([&] {
        require(out != nullptr, "the result pointer is NULL");
        std::vector<at::Tensor> pieces = call<ops::split_with_sizes>(ref(t), symbolic(sizes, count), dim);
        adopt_all(std::move(pieces), out);
    });
}

ep_status ep_cat(const ep_tensor *list, int32_t count, int64_t dim, ep_tensor *out) {
    return produce(out, [&] {
        const std::vector<at::Tensor> pieces = tensors(list, count);
        return call<ops::cat>(c10::IListRef<at::Tensor>(c10::ArrayRef<at::Tensor>(pieces)), dim);
    });
}

ep_status ep_stack(const ep_tensor *list, int32_t count, int64_t dim, ep_tensor *out) {
    return produce(out, [&] { return call<ops::stack>(tensors(list, count), dim); });
}

ep_status ep_index_select(ep_tensor t, int64_t dim, ep_tensor index, ep_tensor *out) {
    return produce(out, [&] { return is_meta(ref(t)) ? meta::index_select(ref(t), dim, ref(index)) : call<ops::index_select>(ref(t), dim, ref(index)); });
}

ep_status ep_index_add_inplace(ep_tensor t, int64_t dim, ep_tensor index, ep_tensor source) {
    return guard([&] { call<ops::index_add_>(ref(t), dim, ref(index), ref(source), c10::Scalar(int64_t{1})); });
}

ep_status ep_index_copy_inplace(ep_tensor t, int64_t dim, ep_tensor index, ep_tensor source) {
    return guard([&] { call<ops::index_copy_>(ref(t), dim, ref(index), ref(source)); });
}

ep_status ep_gather(ep_tensor t, int64_t dim, ep_tensor index, ep_tensor *out) {
    return produce(out, [&] { return call<ops::gather>(ref(t), dim, ref(index), false); });
}

ep_status ep_where(ep_tensor condition, ep_tensor a, ep_tensor b, ep_tensor *out) {
    return produce(out, [&] { return is_meta(ref(condition)) ? meta::where(ref(condition), ref(a), ref(b)) : call<ops::where_self>(ref(condition), ref(a), ref(b)); });
}

ep_status ep_masked_fill(ep_tensor t, ep_tensor mask, double value, ep_tensor *out) {
    return produce(out, [&] { return is_meta(ref(t)) ? meta::masked_fill(ref(t), ref(mask)) : call<ops::masked_fill_Scalar>(ref(t), ref(mask), number(value)); });
}

ep_status ep_tril(ep_tensor t, int64_t diagonal, ep_tensor *out) {
    return produce(out, [&] { return triangle(ref(t), diagonal, true); });
}

ep_status ep_triu(ep_tensor t, int64_t diagonal, ep_tensor *out) {
    return produce(out, [&] { return triangle(ref(t), diagonal, false); });
}

ep_status ep_repeat_interleave(ep_tensor t, int64_t repeats, int64_t dim, ep_tensor *out) {
    return produce(out, [&] {
        require(repeats >= 0, "the number of repeats is negative");
        return call<ops::repeat_interleave_self_int>(ref(t), c10::SymInt(repeats), dim, std::nullopt);
    });
}
