/* fused.cpp: what each step does to all masks, in one pass over memory: sampling from the hard concrete distribution, AdamW. */
#include "internal.h"

#include <cmath>

using namespace edgeprune;

namespace {

/* Elements that are worth a thread. */
constexpr int64_t GRAIN = 1 << 15;

/* The elements of `t`, of which there must be `count`. */
float *floats(ep_tensor t, int64_t count, const char *what) {
    float *data = contiguous_data<float>(t, what);
    if (numel_of(ref(t)) != count) {
        throw Invalid(std::string(what) + " have another number of elements");
    }
    return data;
}

} // namespace

ep_status ep_hard_concrete(ep_tensor z, ep_tensor slope, ep_tensor log_alpha, ep_tensor u, double beta, double gamma, double zeta) {
    return guard([&] {
        const int64_t count = numel_of(ref(log_alpha));
        const float *parameters = floats(log_alpha, count, "log_alpha");
        const float *noise = floats(u, count, "noise");
        float *masks = floats(z, count, "masks");
        float *slopes = floats(slope, count, "slopes");
        const auto temperature = static_cast<float>(beta);
        const auto low = static_cast<float>(gamma);
        const auto range = static_cast<float>(zeta - gamma);
        const auto steepest = static_cast<float>((zeta - gamma) / beta);
        parallel_for(0, count, GRAIN, [=](int64_t from, int64_t to) {
            for (int64_t i = from; i < to; i++) {
                const float logit = std::log(noise[i]) - std::log(1 - noise[i]);
                const float s = 1 / (1 + std::exp(-(logit + parameters[i]) / temperature));
                const float stretched = s * range + low;
                const bool inside = stretched >= 0 && stretched <= 1;
                /* in this order, so that NaN stays NaN */
                masks[i] = std::min(std::max(stretched, 0.0F), 1.0F);
                slopes[i] = inside ? steepest * s * (1 - s) : 0;
            }
        });
    });
}

ep_status ep_adamw(ep_tensor parameter, ep_tensor m, ep_tensor v, ep_tensor gradient, double factor, double decay, double beta1,
                   double beta2, double rate, double root, double eps) {
    return guard([&] {
        const int64_t count = numel_of(ref(parameter));
        float *parameters = floats(parameter, count, "parameters");
        float *first = floats(m, count, "first moments");
        float *second = floats(v, count, "second moments");
        const float *gradients = floats(gradient, count, "gradients");
        const auto of_gradient = static_cast<float>(factor);
        const auto of_parameter = static_cast<float>(decay);
        const auto old1 = static_cast<float>(beta1);
        const auto new1 = static_cast<float>(1 - beta1);
        const auto old2 = static_cast<float>(beta2);
        const auto new2 = static_cast<float>(1 - beta2);
        const auto step = static_cast<float>(rate);
        const auto of_root = static_cast<float>(root);
        const auto least = static_cast<float>(eps);
        parallel_for(0, count, GRAIN, [=](int64_t from, int64_t to) {
            for (int64_t i = from; i < to; i++) {
                const float g = of_gradient * gradients[i];
                first[i] = old1 * first[i] + new1 * g;
                second[i] = old2 * second[i] + new2 * g * g;
                parameters[i] = of_parameter * parameters[i] - step * (first[i] / (of_root * std::sqrt(second[i]) + least));
            }
        });
    });
}
