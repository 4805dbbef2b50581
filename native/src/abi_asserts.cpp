/*
 * abi_asserts.cpp: every size, calling convention, constant and signature that the shim relies on. Built twice: here
 * against torch_abi.h's own declarations, and with EDGEPRUNE_GENUINE_HEADERS against libtorch's headers. Both must
 * hold, so the declarations are the real ones. It holds no code.
 */
#include "internal.h"

#include <type_traits>

using namespace edgeprune::abi;

namespace {

/* What the platform's C++ ABI makes of a class type: its size, and whether it is passed by value or by hidden reference. */
template <class T> constexpr bool by_value =
    std::is_trivially_copy_constructible_v<T> && std::is_trivially_move_constructible_v<T> && std::is_trivially_destructible_v<T>;

#define LAYOUT(SIZE, ALIGNMENT, BY_VALUE, ...)                                                                         \
    static_assert(sizeof(__VA_ARGS__) == SIZE, "size of " #__VA_ARGS__);                                               \
    static_assert(alignof(__VA_ARGS__) == ALIGNMENT, "alignment of " #__VA_ARGS__);                                    \
    static_assert(by_value<__VA_ARGS__> == BY_VALUE, "calling convention of " #__VA_ARGS__)

LAYOUT(8, 8, false, at::Tensor);
LAYOUT(8, 8, false, at::Generator);
LAYOUT(8, 8, false, c10::SymInt);
LAYOUT(32, 16, false, c10::Scalar);
LAYOUT(16, 8, true, c10::ArrayRef<int64_t>);
LAYOUT(16, 8, true, c10::ArrayRef<c10::SymInt>);
LAYOUT(16, 8, true, c10::ArrayRef<at::Tensor>);
LAYOUT(24, 8, true, c10::OptionalArrayRef<int64_t>);
LAYOUT(24, 8, true, c10::IListRef<at::Tensor>);
LAYOUT(2, 1, true, c10::Device);
LAYOUT(1, 1, true, c10::DeviceType);
LAYOUT(1, 1, true, c10::ScalarType);
LAYOUT(1, 1, true, c10::Layout);
LAYOUT(1, 1, true, c10::MemoryFormat);
LAYOUT(16, 8, false, std::optional<at::Tensor>);
LAYOUT(16, 8, false, std::optional<at::Generator>);
LAYOUT(16, 8, false, std::optional<c10::SymInt>);
LAYOUT(48, 16, false, std::optional<c10::Scalar>);
LAYOUT(3, 1, true, std::optional<c10::Device>);
LAYOUT(2, 1, true, std::optional<c10::ScalarType>);
LAYOUT(2, 1, true, std::optional<c10::Layout>);
LAYOUT(2, 1, true, std::optional<c10::MemoryFormat>);
LAYOUT(16, 8, false, std::tuple<at::Tensor, at::Tensor>);
LAYOUT(24, 8, false, std::vector<at::Tensor>);
LAYOUT(32, 8, false, c10::DataPtr);
LAYOUT(8, 8, false, c10::Allocator);

#define VALUE(NUMBER, ...) static_assert(static_cast<int>(__VA_ARGS__) == NUMBER, "value of " #__VA_ARGS__)

VALUE(EP_U8, c10::ScalarType::Byte);
VALUE(EP_I32, c10::ScalarType::Int);
VALUE(EP_I64, c10::ScalarType::Long);
VALUE(EP_F16, c10::ScalarType::Half);
VALUE(EP_F32, c10::ScalarType::Float);
VALUE(EP_F64, c10::ScalarType::Double);
VALUE(EP_BOOL, c10::ScalarType::Bool);
VALUE(EP_BF16, c10::ScalarType::BFloat16);
VALUE(0, c10::DeviceType::CPU);
VALUE(1, c10::DeviceType::CUDA);
VALUE(14, c10::DeviceType::Meta);
VALUE(0, c10::Layout::Strided);
VALUE(0, c10::MemoryFormat::Contiguous);

#define SIGNATURE(FUNCTION, ...) static_assert(std::is_same_v<decltype(&FUNCTION), __VA_ARGS__>, "signature of " #FUNCTION)

#define C_FUNCTION(RESULT, NAME, PARAMETERS) SIGNATURE(NAME, RESULT(*) PARAMETERS);
EP_TORCH_C_FUNCTIONS(C_FUNCTION)

#define CPP_FUNCTION(NAMESPACE, RESULT, NAME, PARAMETERS) SIGNATURE(NAMESPACE::NAME, RESULT(*) PARAMETERS);
EP_TORCH_CPP_FUNCTIONS(CPP_FUNCTION)
static_assert(std::is_same_v<DeviceCount, c10::DeviceIndex> || std::is_same_v<DeviceCount, size_t>, "result of torch::cuda::device_count");

#define MEMBER_FUNCTION(NAMESPACE, CLASS, RESULT, NAME, PARAMETERS) SIGNATURE(NAMESPACE::CLASS::NAME, RESULT (NAMESPACE::CLASS::*) PARAMETERS);
EP_TORCH_MEMBERS(MEMBER_FUNCTION)

/* Virtual functions, which have no linker names. */
SIGNATURE(c10::Allocator::allocate, c10::DataPtr (c10::Allocator::*)(size_t));
SIGNATURE(c10::Allocator::is_simple_data_ptr, bool (c10::Allocator::*)(const c10::DataPtr &) const);
SIGNATURE(c10::Allocator::raw_deleter, c10::DeleterFnPtr (c10::Allocator::*)() const);
SIGNATURE(c10::Allocator::copy_data, void (c10::Allocator::*)(void *, const void *, size_t) const);

#define OPERATOR(NAME, RESULT, ARGUMENTS) SIGNATURE(at::_ops::NAME::call, RESULT(*) ARGUMENTS);
EP_TORCH_OPS(OPERATOR)

} // namespace
