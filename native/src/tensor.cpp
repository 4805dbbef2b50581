/* tensor.cpp: handles, creation, identity, data. */
#include "internal.h"

#include <cmath>
#include <cstring>
#include <memory>

namespace {

std::atomic<int64_t> live{0};

} // namespace

namespace edgeprune {

ep_tensor adopt(at::Tensor *cell) noexcept {
    live.fetch_add(1, std::memory_order_relaxed);
    return reinterpret_cast<ep_tensor>(cell);
}

void count_freed() noexcept { live.fetch_sub(1, std::memory_order_relaxed); }

std::vector<at::Tensor> tensors(const ep_tensor *handles, int32_t count) {
    require(count >= 0 && (handles != nullptr || count == 0), "a list of tensors is NULL");
    std::vector<at::Tensor> list;
    list.reserve(static_cast<size_t>(count));
    for (int32_t i = 0; i < count; i++) {
        list.push_back(ref(handles[i]));
    }
    return list;
}

void adopt_all(std::vector<at::Tensor> &&list, ep_tensor *out) {
    std::vector<std::unique_ptr<at::Tensor>> cells;
    cells.reserve(list.size());
    for (at::Tensor &t : list) {
        cells.push_back(t.defined() ? std::make_unique<at::Tensor>(std::move(t)) : nullptr);
    }
    for (size_t i = 0; i < cells.size(); i++) {
        out[i] = cells[i] ? adopt(cells[i].release()) : nullptr;
    }
}

c10::Scalar number(double value) {
    const bool whole = std::trunc(value) == value && std::fabs(value) < 0x1p53 && !(value == 0 && std::signbit(value));
    return whole ? c10::Scalar(static_cast<int64_t>(value)) : c10::Scalar(value);
}

std::vector<c10::SymInt> symbolic(const int64_t *values, int32_t count) {
    require(count >= 0 && (values != nullptr || count == 0), "a list of sizes is NULL");
    std::vector<c10::SymInt> list;
    list.reserve(static_cast<size_t>(count));
    for (int32_t i = 0; i < count; i++) {
        /* Very negative numbers are SymInt's pointers to symbolic expressions. */
        require(values[i] >= -1, "a size is negative");
        list.emplace_back(values[i]);
    }
    return list;
}

c10::ArrayRef<int64_t> integers(const int64_t *values, int32_t count) {
    require(count >= 0 && (values != nullptr || count == 0), "a list of dimensions is NULL");
    return {values, static_cast<size_t>(count)};
}

c10::ScalarType scalar_type(int32_t dtype) {
    require(element_size(dtype) > 0, "unknown dtype");
    return static_cast<c10::ScalarType>(dtype);
}

c10::Device device(int32_t type, int32_t index) {
    require(type == 0 || type == 1 || type == 14, "unknown device type: 0 = CPU, 1 = CUDA, 14 = meta");
    require(index >= 0 && index < 128, "no such device index");
    const auto kind = static_cast<c10::DeviceType>(type);
    return kind == c10::DeviceType::CUDA ? c10::Device(kind, static_cast<c10::DeviceIndex>(index)) : c10::Device(kind);
}

void check(AOTITorchError error, const char *function) {
    if (error != 0) {
        throw std::runtime_error(std::string(function) + " failed");
    }
}

/* AOTI's getters write through their last parameter. */
#define EP_GET(TYPE, FUNCTION, TENSOR)                                                                                 \
    EP_REQUIRE_PRESENT(FUNCTION);                                                                                      \
    TYPE value{};                                                                                                      \
    check(FUNCTION(aoti(TENSOR), &value), #FUNCTION);                                                                  \
    return value

int32_t dtype_of(const at::Tensor &t) { EP_GET(int32_t, aoti_torch_get_dtype, t); }
int64_t rank_of(const at::Tensor &t) { EP_GET(int64_t, aoti_torch_get_dim, t); }
int64_t numel_of(const at::Tensor &t) { EP_GET(int64_t, aoti_torch_get_numel, t); }
const int64_t *sizes_of(const at::Tensor &t) { EP_GET(int64_t *, aoti_torch_get_sizes, t); }
const int64_t *strides_of(const at::Tensor &t) { EP_GET(int64_t *, aoti_torch_get_strides, t); }
int32_t device_type_of(const at::Tensor &t) { EP_GET(int32_t, aoti_torch_get_device_type, t); }
int32_t device_index_of(const at::Tensor &t) {
    if (device_type_of(t) != static_cast<int32_t>(c10::DeviceType::CUDA)) {
        return 0; /* libtorch says -1 for devices that there is one of */
    }
    EP_GET(int32_t, aoti_torch_get_device_index, t);
}
bool is_meta(const at::Tensor &t) { return device_type_of(t) == static_cast<int32_t>(c10::DeviceType::Meta); }
void *data_of(const at::Tensor &t) { EP_GET(void *, aoti_torch_get_data_ptr, t); }

bool is_contiguous(const at::Tensor &t) {
    const int64_t *sizes = sizes_of(t);
    const int64_t *strides = strides_of(t);
    int64_t expected = 1;
    bool contiguous = true;
    for (int64_t d = rank_of(t) - 1; d >= 0; d--) {
        if (sizes[d] == 0) {
            return true; /* without elements there is nothing out of order */
        }
        contiguous = contiguous && (sizes[d] == 1 || strides[d] == expected);
        expected *= sizes[d];
    }
    return contiguous;
}

int64_t element_size(int32_t dtype) {
    switch (dtype) {
    case EP_U8:
    case EP_BOOL:
        return 1;
    case EP_F16:
    case EP_BF16:
        return 2;
    case EP_F32:
    case EP_I32:
        return 4;
    case EP_F64:
    case EP_I64:
        return 8;
    default:
        return 0;
    }
}

NoGrad::NoGrad() {
    EP_REQUIRE_PRESENT(c10::GradMode::is_enabled);
    EP_REQUIRE_PRESENT(c10::GradMode::set_enabled);
    previous_ = c10::GradMode::is_enabled();
    c10::GradMode::set_enabled(false);
}

NoGrad::~NoGrad() { c10::GradMode::set_enabled(previous_); }

namespace {

/* A tensor over caller-owned contiguous CPU memory. */
at::Tensor *wrap(void *data, const int64_t *sizes, int32_t rank, int32_t dtype) {
    EP_REQUIRE_PRESENT(aoti_torch_create_tensor_from_blob);
    require(rank >= 0 && (sizes != nullptr || rank == 0), "the sizes are NULL");
    require(element_size(dtype) > 0, "unknown dtype");
    std::vector<int64_t> strides(static_cast<size_t>(rank));
    int64_t stride = 1;
    for (int32_t d = rank - 1; d >= 0; d--) {
        require(sizes[d] >= 0, "a size is negative");
        strides[static_cast<size_t>(d)] = stride;
        require(!__builtin_mul_overflow(stride, std::max<int64_t>(sizes[d], 1), &stride), "the sizes are too large");
    }
    AtenTensorHandle handle = nullptr;
    check(aoti_torch_create_tensor_from_blob(data, rank, sizes, strides.data(), 0, dtype, 0, 0, &handle),
          "aoti_torch_create_tensor_from_blob");
    return reinterpret_cast<at::Tensor *>(handle);
}

template <class Value, class Read> ep_status read(Value *out, Read &&value) noexcept {
    return guard([&] {
        require(out != nullptr, "the result pointer is NULL");
        *out = value();
    });
}

} // namespace
} // namespace edgeprune

using namespace edgeprune;

int64_t ep_live_tensors(void) { return live.load(std::memory_order_relaxed); }

ep_status ep_tensor_free(ep_tensor t) {
    return guard([&] {
        EP_REQUIRE_PRESENT(aoti_torch_delete_tensor_object);
        check(aoti_torch_delete_tensor_object(aoti(t)), "aoti_torch_delete_tensor_object");
        count_freed();
    });
}

ep_status ep_empty(const int64_t *sizes, int32_t rank, int32_t dtype, int32_t device_type, int32_t device_index, ep_tensor *out) {
    return produce(out, [&] {
        return call<ops::empty_memory_format>(symbolic(sizes, rank), scalar_type(dtype), std::nullopt,
                                              device(device_type, device_index), std::nullopt, std::nullopt);
    });
}

ep_status ep_full(const int64_t *sizes, int32_t rank, double value, int32_t dtype, int32_t device_type, int32_t device_index,
                  ep_tensor *out) {
    return produce(out, [&] {
        return call<ops::full>(symbolic(sizes, rank), number(value), scalar_type(dtype), std::nullopt,
                               device(device_type, device_index), std::nullopt);
    });
}

ep_status ep_arange(int64_t start, int64_t end, int32_t device_type, int32_t device_index, ep_tensor *out) {
    return produce(out, [&] {
        return call<ops::arange_start>(c10::Scalar(start), c10::Scalar(end), c10::ScalarType::Long, std::nullopt,
                                       device(device_type, device_index), std::nullopt);
    });
}

ep_status ep_from_blob(void *data, const int64_t *sizes, int32_t rank, int32_t dtype, ep_tensor *out) {
    return guard([&] {
        require(out != nullptr, "the result pointer is NULL");
        require(data != nullptr, "the data pointer is NULL");
        *out = adopt(wrap(data, sizes, rank, dtype));
    });
}

ep_status ep_rank(ep_tensor t, int32_t *out) {
    return read(out, [&] { return static_cast<int32_t>(rank_of(ref(t))); });
}

ep_status ep_sizes(ep_tensor t, int64_t *out) {
    return guard([&] {
        const int64_t rank = rank_of(ref(t));
        require(out != nullptr || rank == 0, "the result pointer is NULL");
        std::copy_n(sizes_of(ref(t)), rank, out);
    });
}

ep_status ep_dtype(ep_tensor t, int32_t *out) {
    return read(out, [&] { return dtype_of(ref(t)); });
}

ep_status ep_device(ep_tensor t, int32_t *type, int32_t *index) {
    return guard([&] {
        require(type != nullptr && index != nullptr, "the result pointer is NULL");
        *index = device_index_of(ref(t));
        *type = device_type_of(ref(t));
    });
}

ep_status ep_is_contiguous(ep_tensor t, int32_t *out) {
    return read(out, [&] { return is_contiguous(ref(t)) ? 1 : 0; });
}

ep_status ep_data_ptr(ep_tensor t, void **out) {
    return read(out, [&] { return data_of(ref(t)); });
}

ep_status ep_copy_to_host(ep_tensor t, void *dst, int64_t bytes) {
    return guard([&] {
        const at::Tensor &source = ref(t);
        const int32_t dtype = dtype_of(source);
        require(element_size(dtype) > 0, "unknown dtype");
        require(bytes == numel_of(source) * element_size(dtype), "the host memory has not the tensor's size");
        if (bytes == 0) {
            return;
        }
        require(dst != nullptr, "the host memory is NULL");
        if (device_type_of(source) == 0 && is_contiguous(source)) {
            std::memcpy(dst, data_of(source), static_cast<size_t>(bytes));
            return;
        }
        NoGrad no_grad;
        const std::unique_ptr<at::Tensor> target(wrap(dst, sizes_of(source), static_cast<int32_t>(rank_of(source)), dtype));
        call<ops::copy_>(*target, source, false);
    });
}

ep_status ep_to_dtype(ep_tensor t, int32_t dtype, ep_tensor *out) {
    return produce(out, [&] { return call<ops::to_dtype>(ref(t), scalar_type(dtype), false, false, std::nullopt); });
}

ep_status ep_to_device(ep_tensor t, int32_t device_type, int32_t device_index, ep_tensor *out) {
    return produce(out, [&] {
        /* Without waiting for what the GPU still has to do: pageable host memory may change as soon as the copy returns. */
        const bool upload = device_type_of(ref(t)) == 0 && device_type == static_cast<int32_t>(c10::DeviceType::CUDA);
        return call<ops::to_device>(ref(t), device(device_type, device_index), scalar_type(dtype_of(ref(t))), upload, false,
                                    std::nullopt);
    });
}

ep_status ep_contiguous(ep_tensor t, ep_tensor *out) {
    return produce(out, [&] { return call<ops::contiguous>(ref(t), c10::MemoryFormat::Contiguous); });
}

ep_status ep_clone(ep_tensor t, ep_tensor *out) {
    return produce(out, [&] { return call<ops::clone>(ref(t), std::nullopt); });
}
