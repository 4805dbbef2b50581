/* autograd.cpp: gradients and grad mode. */
#include "internal.h"

using namespace edgeprune;

ep_status ep_set_requires_grad(ep_tensor t, int32_t requires_grad) {
    return guard([&] { call<ops::requires_grad_>(ref(t), requires_grad != 0); });
}

ep_status ep_requires_grad(ep_tensor t, int32_t *out) {
    return guard([&] {
        EP_REQUIRE_PRESENT(c10::TensorImpl::requires_grad);
        require(out != nullptr, "the result pointer is NULL");
        *out = ref(t).unsafeGetTensorImpl()->requires_grad() ? 1 : 0;
    });
}

ep_status ep_detach(ep_tensor t, ep_tensor *out) {
    return produce(out, [&] { return call<ops::detach>(ref(t)); });
}

ep_status ep_set_grad_mode(int32_t enabled, int32_t *previous) {
    return guard([&] {
        EP_REQUIRE_PRESENT(c10::GradMode::is_enabled);
        EP_REQUIRE_PRESENT(c10::GradMode::set_enabled);
        require(previous != nullptr, "the result pointer is NULL");
        *previous = c10::GradMode::is_enabled() ? 1 : 0;
        c10::GradMode::set_enabled(enabled != 0);
    });
}

ep_status ep_grad(const ep_tensor *outputs, const ep_tensor *grad_outputs, int32_t output_count, const ep_tensor *inputs,
                  int32_t input_count, int32_t retain_graph, int32_t create_graph, int32_t allow_unused, ep_tensor *grads) {
    return guard([&] {
        EP_REQUIRE_PRESENT(torch::autograd::grad);
        require(grads != nullptr, "the result pointer is NULL");
        std::vector<at::Tensor> given;
        if (grad_outputs != nullptr) {
            given.reserve(static_cast<size_t>(std::max(output_count, 0)));
            for (int32_t i = 0; i < output_count; i++) {
                given.push_back(grad_outputs[i] == nullptr ? at::Tensor() : ref(grad_outputs[i]));
            }
        }
        adopt_all(torch::autograd::grad(tensors(outputs, output_count), tensors(inputs, input_count), given,
                                        std::optional<bool>(retain_graph != 0), create_graph != 0, allow_unused != 0),
                  grads);
    });
}
