/* mix_kernels.cpp: the kernels of mix_kernels_body.h for AVX-512, for AVX2, and for any processor. */
#include "mix_kernels.h"

#include <bit>
#include <cmath>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace edgeprune::mixing {
namespace {

#if defined(__x86_64__)

namespace avx512 {
#define EP_TARGET __attribute__((target("avx512f,avx512vl,avx512bw,avx512dq,avx2,fma")))

struct Vector {
    __m512 v;

    EP_TARGET static Vector zero() { return {_mm512_setzero_ps()}; }
    EP_TARGET static Vector broadcast(float f) { return {_mm512_set1_ps(f)}; }
    EP_TARGET static Vector load(const float *p) { return {_mm512_loadu_ps(p)}; }
    EP_TARGET void store(float *p) const { _mm512_storeu_ps(p, v); }
};
EP_TARGET inline Vector add(Vector a, Vector b) { return {_mm512_add_ps(a.v, b.v)}; }
EP_TARGET inline Vector fma(Vector a, Vector b, Vector c) { return {_mm512_fmadd_ps(a.v, b.v, c.v)}; }
EP_TARGET inline float total(Vector a) {
    /* Not by the intrinsics for parts of a register, on whose definitions GCC 12 warns. */
    struct Halves {
        __m256 low, high;
    };
    const Halves halves = std::bit_cast<Halves>(a.v);
    const __m256 eight = _mm256_add_ps(halves.low, halves.high);
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_add_ps(four, _mm_movehdup_ps(four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehl_ps(two, two)));
}
constexpr int64_t MIX_OUTPUTS = 4;
constexpr int64_t MIX_VECTORS = 4;
constexpr int64_t DOT_ROWS = 4;
constexpr int64_t DOT_PAIRS = 8;

#include "mix_kernels_body.h"
#undef EP_TARGET
} // namespace avx512

namespace avx2 {
#define EP_TARGET __attribute__((target("avx2,fma")))

struct Vector {
    __m256 low, high;

    EP_TARGET static Vector zero() { return {_mm256_setzero_ps(), _mm256_setzero_ps()}; }
    EP_TARGET static Vector broadcast(float f) { return {_mm256_set1_ps(f), _mm256_set1_ps(f)}; }
    EP_TARGET static Vector load(const float *p) { return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}; }
    EP_TARGET void store(float *p) const {
        _mm256_storeu_ps(p, low);
        _mm256_storeu_ps(p + 8, high);
    }
};
EP_TARGET inline Vector add(Vector a, Vector b) { return {_mm256_add_ps(a.low, b.low), _mm256_add_ps(a.high, b.high)}; }
EP_TARGET inline Vector fma(Vector a, Vector b, Vector c) {
    return {_mm256_fmadd_ps(a.low, b.low, c.low), _mm256_fmadd_ps(a.high, b.high, c.high)};
}
EP_TARGET inline float total(Vector a) {
    const __m256 eight = _mm256_add_ps(a.low, a.high);
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_add_ps(four, _mm_movehdup_ps(four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehl_ps(two, two)));
}
constexpr int64_t MIX_OUTPUTS = 2;
constexpr int64_t MIX_VECTORS = 2;
constexpr int64_t DOT_ROWS = 2;
constexpr int64_t DOT_PAIRS = 4;

#include "mix_kernels_body.h"
#undef EP_TARGET
} // namespace avx2

#endif

namespace portable {
#define EP_TARGET

/* a b + c, rounded once, as the instruction does it. */
inline float fused(float a, float b, float c) {
#if defined(__FP_FAST_FMAF) || defined(__aarch64__) /* clang has the instruction there, but not always the macro */
    return __builtin_fmaf(a, b, c);
#else
    /*
     * The product is exact in double precision. Of the sum, the error is known exactly too; where there is one, the sum is rounded
     * to odd, after which rounding it again to single precision gives the correctly rounded result (Boldo and Melquiond, 2008).
     */
    const double product = static_cast<double>(a) * b;
    const double sum = product + c;
    const double part = sum - product;
    const double error = (product - (sum - part)) + (c - part);
    int64_t bits = std::bit_cast<int64_t>(sum);
    if (std::isfinite(sum) && error != 0 && bits % 2 == 0) {
        bits += (error > 0) == (sum > 0) ? 1 : -1;
    }
    return static_cast<float>(std::bit_cast<double>(bits));
#endif
}

struct Vector {
    float lane[LANES];

    static Vector zero() { return {}; }
    static Vector broadcast(float f) {
        Vector result;
        for (float &lane : result.lane) {
            lane = f;
        }
        return result;
    }
    static Vector load(const float *p) {
        Vector result;
        for (int64_t i = 0; i < LANES; i++) {
            result.lane[i] = p[i];
        }
        return result;
    }
    void store(float *p) const {
        for (int64_t i = 0; i < LANES; i++) {
            p[i] = lane[i];
        }
    }
};
inline Vector add(const Vector &a, const Vector &b) {
    Vector result;
    for (int64_t i = 0; i < LANES; i++) {
        result.lane[i] = a.lane[i] + b.lane[i];
    }
    return result;
}
inline Vector fma(const Vector &a, const Vector &b, const Vector &c) {
    Vector result;
    for (int64_t i = 0; i < LANES; i++) {
        result.lane[i] = fused(a.lane[i], b.lane[i], c.lane[i]);
    }
    return result;
}
inline float total(const Vector &a) {
    float four[4];
    for (int64_t i = 0; i < 4; i++) {
        four[i] = (a.lane[i] + a.lane[i + 8]) + (a.lane[i + 4] + a.lane[i + 12]);
    }
    return (four[0] + four[1]) + (four[2] + four[3]);
}
constexpr int64_t MIX_OUTPUTS = 2;
constexpr int64_t MIX_VECTORS = 1;
constexpr int64_t DOT_ROWS = 2;
constexpr int64_t DOT_PAIRS = 4;

#include "mix_kernels_body.h"
#undef EP_TARGET
} // namespace portable

} // namespace

const Kernels *kernels_for(InstructionSet set) {
    static const Kernels any{"portable", portable::mix, portable::dots};
#if defined(__x86_64__)
    static const Kernels with_avx2{"AVX2", avx2::mix, avx2::dots};
    static const Kernels with_avx512{"AVX-512", avx512::mix, avx512::dots};
    const bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    const bool has_avx512 = has_avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
                            __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq");
#endif
    switch (set) {
    case InstructionSet::PORTABLE:
        return &any;
#if defined(__x86_64__)
    case InstructionSet::AVX2:
        return has_avx2 ? &with_avx2 : nullptr;
    case InstructionSet::AVX512:
        return has_avx512 ? &with_avx512 : nullptr;
    case InstructionSet::BEST:
        return has_avx512 ? &with_avx512 : has_avx2 ? &with_avx2 : &any;
#else
    case InstructionSet::BEST:
        return &any;
#endif
    default:
        return nullptr;
    }
}

} // namespace edgeprune::mixing
