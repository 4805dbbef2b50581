/*
 * smoke.cpp: the shim without Java, for machines that are emulated or have none: smoke SHIM LIBRARY... opens libtorch's libraries,
 * dependencies first, then the shim, and prints what the audit and the self-test say, and the bits of the mixing kernels' results as
 * one number each, which is the same on every processor. Exit code 1 where something is missing or wrong.
 */
#include "edgeprune_shim.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <vector>

namespace {

[[noreturn]] void fail(const char *what, const char *why) {
    std::printf("%s: %s\n", what, why == nullptr ? "unknown" : why);
    std::exit(1);
}

void *shim = nullptr;

template <class Function> Function *find(Function *, const char *name) {
    void *address = dlsym(shim, name);
    if (address == nullptr) {
        fail(name, dlerror());
    }
    return reinterpret_cast<Function *>(address);
}
#define SHIM(FUNCTION) find(&FUNCTION, #FUNCTION)

void check(ep_status status, const char *what) {
    if (status != EP_OK) {
        fail(what, SHIM(ep_last_error)());
    }
}

/* The same numbers everywhere: exact multiples of 2^-16 in [-1, 1), or in [0, 1] with many zeros and ones for masks. */
class Numbers {
  public:
    float next() {
        state_ = state_ * 6364136223846793005u + 1442695040888963407u;
        return static_cast<float>(static_cast<int32_t>(state_ >> 47)) / 65536.0F - 1.0F;
    }
    float mask() {
        const float f = next() * 2;
        return f < 0 ? 0.0F : f > 1 ? 1.0F : f;
    }

  private:
    uint64_t state_ = 20240624;
};

constexpr int64_t WRITERS = 37;
constexpr int64_t READERS = 29;
constexpr int64_t TOKENS = 5;
constexpr int64_t HIDDEN = 107; /* no multiple of a vector */

struct Matrix {
    std::vector<float> values;
    ep_tensor tensor = nullptr;

    explicit Matrix(std::vector<int64_t> shape) {
        size_t count = 1;
        for (const int64_t size : shape) {
            count *= static_cast<size_t>(size);
        }
        values.resize(count);
        check(SHIM(ep_from_blob)(values.data(), shape.data(), static_cast<int32_t>(shape.size()), EP_F32, &tensor), "ep_from_blob");
    }

    void print(const char *name) const {
        uint64_t hash = 14695981039346656037u;
        for (const float value : values) {
            uint32_t bits = 0;
            std::memcpy(&bits, &value, sizeof(bits));
            hash = (hash ^ bits) * 1099511628211u;
        }
        std::printf("bits %s %016llx\n", name, static_cast<unsigned long long>(hash));
    }
};

void mixing() {
    Numbers numbers;
    Matrix masks({READERS, WRITERS});
    Matrix states({WRITERS, TOKENS, HIDDEN});
    Matrix base({TOKENS, HIDDEN});
    Matrix out({READERS, TOKENS, HIDDEN});
    Matrix grad_states({WRITERS, TOKENS, HIDDEN});
    Matrix grad_masks({READERS, WRITERS});
    for (float &value : masks.values) {
        value = numbers.mask();
    }
    for (Matrix *matrix : {&states, &base}) {
        for (float &value : matrix->values) {
            value = numbers.next();
        }
    }
    check(SHIM(ep_mix)(out.tensor, base.tensor, masks.tensor, states.tensor), "ep_mix");
    check(SHIM(ep_mix_grad_states)(grad_states.tensor, masks.tensor, out.tensor), "ep_mix_grad_states");
    check(SHIM(ep_mix_grad_masks)(grad_masks.tensor, masks.tensor, out.tensor, states.tensor), "ep_mix_grad_masks");
    out.print("mix");
    grad_states.print("grad_states");
    grad_masks.print("grad_masks");
}

} // namespace

int main(int count, char **arguments) {
    if (count < 3) {
        fail("usage", "smoke SHIM LIBRARY...");
    }
    for (int i = 2; i < count; i++) {
        if (dlopen(arguments[i], RTLD_NOW | RTLD_GLOBAL) == nullptr) {
            fail(arguments[i], dlerror());
        }
    }
    shim = dlopen(arguments[1], RTLD_NOW);
    if (shim == nullptr) {
        fail(arguments[1], dlerror());
    }
    const int32_t missing = SHIM(ep_audit_missing)();
    std::printf("%d of %d functions\n", SHIM(ep_audit_total)() - missing, SHIM(ep_audit_total)());
    if (missing > 0) {
        fail("missing", SHIM(ep_audit_missing_name)(0));
    }
    check(SHIM(ep_self_test)(), "self-test");
    std::printf("self-test passed\n");
    std::printf("kernels: %s\n", SHIM(ep_mix_instruction_set)());
    mixing();
    return 0;
}
