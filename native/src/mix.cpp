/*
 * mix.cpp: the products between edge masks and writer states that are the inner loops of edge pruning.
 *
 * Masks are mostly exactly zero or one: at first nearly all are one, in the end nearly all are zero. So each product runs
 * over lists of the masks that differ from what is commonest for their writer, and where that is one, what they have in
 * common is summed once. Rows of states are megabytes long and often a multiple of the page size apart, which would make
 * them evict each other from every cache; so each block of columns is first packed side by side, then used by all readers
 * while it is in cache.
 */
#include "internal.h"

#include <cstring>
#include <mutex>
#include <vector>

using namespace edgeprune;

namespace {

/* One clone for each x86-64 level, chosen when the library is loaded. */
#if defined(__x86_64__)
#define EP_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define EP_CLONES
#endif

constexpr int64_t LANES = 16;
constexpr int64_t TILE = 4 * LANES;   /* columns held in registers */
constexpr int64_t BLOCK = 8 * TILE;   /* columns packed at a time */

typedef float Vector __attribute__((vector_size(LANES * sizeof(float)), aligned(sizeof(float)), may_alias));

/*
 * For each output row the inputs that reach it, with their factors:
 *   out[o] = start + sum over its terms of factor * in[input]
 * A term may name the extra input `sum_slot`, which is the plain sum of the inputs in `sum`.
 */
struct Lists {
    struct Term {
        int32_t input; /* index into inputs */
        float factor;
    };
    std::vector<int32_t> inputs;  /* the input rows that are used at all */
    std::vector<int32_t> sum;     /* indices into inputs */
    std::vector<int32_t> outputs; /* the output rows that are written */
    std::vector<int32_t> first;   /* terms of outputs[i]: first[i] .. first[i+1]-1 */
    std::vector<Term> terms;

    std::vector<int32_t> slots;

    Lists(int64_t inputs_available, int64_t outputs_expected) : slots(static_cast<size_t>(inputs_available), -1) {
        outputs.reserve(static_cast<size_t>(outputs_expected));
        first.push_back(0);
    }

    int32_t slot(int64_t input) {
        int32_t &s = slots[static_cast<size_t>(input)];
        if (s < 0) {
            s = static_cast<int32_t>(inputs.size());
            inputs.push_back(static_cast<int32_t>(input));
        }
        return s;
    }

    void term(int64_t input, float factor) {
        if (factor != 0) {
            terms.push_back({slot(input), factor});
        }
    }

    /* Ends an output's terms; with the sum of `sum` among them if asked for. */
    void end(int64_t output, bool with_sum, bool even_if_empty) {
        if (with_sum) {
            terms.push_back({SUM, 1});
        }
        if (even_if_empty || static_cast<int32_t>(terms.size()) > first.back()) {
            outputs.push_back(static_cast<int32_t>(output));
            first.push_back(static_cast<int32_t>(terms.size()));
        }
    }

    /* Gives the sum its slot behind the inputs. */
    void finish() {
        for (Term &t : terms) {
            if (t.input == SUM) {
                t.input = static_cast<int32_t>(inputs.size());
            }
        }
    }

    size_t rows() const { return inputs.size() + (sum.empty() ? 0 : 1); }

    static constexpr int32_t SUM = -1;
};

/* For each writer whether most of its readers have mask one. Worth its sum only where there are several readers. */
std::vector<bool> mostly_one(const float *masks, int64_t readers, int64_t writers) {
    std::vector<bool> result(static_cast<size_t>(writers), false);
    if (readers < 3) {
        return result;
    }
    std::vector<int32_t> ones(static_cast<size_t>(writers)), zeros(static_cast<size_t>(writers));
    for (int64_t r = 0; r < readers; r++) {
        for (int64_t w = 0; w < writers; w++) {
            ones[static_cast<size_t>(w)] += masks[r * writers + w] == 1;
            zeros[static_cast<size_t>(w)] += masks[r * writers + w] == 0;
        }
    }
    for (size_t w = 0; w < result.size(); w++) {
        result[w] = ones[w] > zeros[w] + 1;
    }
    return result;
}

enum class Start { ZERO, SHARED, ACCUMULATE };

/* out[o][from, from+width) = start + sum over terms of factor * packed[input][0, width), packed rows TILE apart; width <= TILE. */
EP_CLONES void mix_tile(float *out, const float *start, const float *packed, const Lists::Term *term, const Lists::Term *end, int64_t width) {
    if (width == TILE) {
        Vector a0{}, a1{}, a2{}, a3{};
        if (start != nullptr) {
            const Vector *s = reinterpret_cast<const Vector *>(start);
            a0 = s[0], a1 = s[1], a2 = s[2], a3 = s[3];
        }
        for (; term != end; term++) {
            const Vector *x = reinterpret_cast<const Vector *>(packed + term->input * TILE);
            const float f = term->factor;
            a0 += f * x[0], a1 += f * x[1], a2 += f * x[2], a3 += f * x[3];
        }
        Vector *o = reinterpret_cast<Vector *>(out);
        o[0] = a0, o[1] = a1, o[2] = a2, o[3] = a3;
        return;
    }
    for (int64_t c = 0; c < width; c++) {
        float sum = start == nullptr ? 0 : start[c];
        for (const Lists::Term *t = term; t != end; t++) {
            sum += t->factor * packed[t->input * TILE + c];
        }
        out[c] = sum;
    }
}

/* target = sum of the listed rows of a tile. */
EP_CLONES void sum_tile(float *target, const float *tile, const int32_t *row, const int32_t *end) {
    Vector a0{}, a1{}, a2{}, a3{};
    for (; row != end; row++) {
        const Vector *x = reinterpret_cast<const Vector *>(tile + *row * TILE);
        a0 += x[0], a1 += x[1], a2 += x[2], a3 += x[3];
    }
    Vector *o = reinterpret_cast<Vector *>(target);
    o[0] = a0, o[1] = a1, o[2] = a2, o[3] = a3;
}

EP_CLONES float dot(const float *x, const float *y, int64_t width) {
    Vector a0{}, a1{}, a2{}, a3{};
    int64_t c = 0;
    for (; c + TILE <= width; c += TILE) {
        const Vector *p = reinterpret_cast<const Vector *>(x + c);
        const Vector *q = reinterpret_cast<const Vector *>(y + c);
        a0 += p[0] * q[0], a1 += p[1] * q[1], a2 += p[2] * q[2], a3 += p[3] * q[3];
    }
    const Vector v = (a0 + a1) + (a2 + a3);
    float sum = 0;
    for (int64_t lane = 0; lane < LANES; lane++) {
        sum += v[lane];
    }
    for (; c < width; c++) {
        sum += x[c] * y[c];
    }
    return sum;
}

/* Packs columns [column, column + width) of the used rows, TILE columns of all of them at a time, their sum last. */
void pack(float *packed, const Lists &l, const float *in, int64_t columns, int64_t column, int64_t width) {
    const int64_t rows = static_cast<int64_t>(l.rows());
    for (int64_t c = 0; c < width; c += TILE) {
        float *tile = packed + c * rows;
        const size_t bytes = static_cast<size_t>(std::min(TILE, width - c)) * sizeof(float);
        for (size_t i = 0; i < l.inputs.size(); i++) {
            std::memcpy(tile + static_cast<int64_t>(i) * TILE, in + l.inputs[i] * columns + column + c, bytes);
        }
        if (!l.sum.empty()) {
            sum_tile(tile + (rows - 1) * TILE, tile, l.sum.data(), l.sum.data() + l.sum.size());
        }
    }
}

/* out[o] = start + sum over its terms, rows of `columns` floats. */
void mix(float *out, const float *base, Start start, const Lists &l, const float *in, int64_t columns) {
    const int64_t blocks = (columns + BLOCK - 1) / BLOCK;
    const int64_t rows = static_cast<int64_t>(l.rows());
    parallel_for(0, blocks, 1, [&](int64_t from, int64_t to) {
        std::vector<float> packed(static_cast<size_t>(rows * BLOCK));
        for (int64_t b = from; b < to; b++) {
            const int64_t column = b * BLOCK;
            const int64_t width = std::min(BLOCK, columns - column);
            pack(packed.data(), l, in, columns, column, width);
            for (int64_t c = 0; c < width; c += TILE) {
                const float *tile = packed.data() + c * rows;
                for (size_t o = 0; o < l.outputs.size(); o++) {
                    float *target = out + l.outputs[o] * columns + column + c;
                    const float *first = start == Start::ZERO ? nullptr : start == Start::SHARED ? base + column + c : target;
                    mix_tile(target, first, tile, l.terms.data() + l.first[o], l.terms.data() + l.first[o + 1],
                             std::min(TILE, width - c));
                }
            }
        }
    });
}

/* gradients[r][w] = <grad[r], states[w]> for the listed pairs: outputs are readers, inputs writers. */
void dots(float *gradients, int64_t writers, const Lists &l, const float *grad, const float *states, int64_t columns) {
    struct Part {
        int64_t from;
        std::vector<double> sums;
    };
    std::vector<Part> parts;
    std::mutex lock;
    const int64_t blocks = (columns + BLOCK - 1) / BLOCK;
    parallel_for(0, blocks, 1, [&](int64_t from, int64_t to) {
        std::vector<double> sums(l.terms.size());
        std::vector<float> packed(l.inputs.size() * BLOCK);
        for (int64_t b = from; b < to; b++) {
            const int64_t column = b * BLOCK;
            const int64_t width = std::min(BLOCK, columns - column);
            for (size_t i = 0; i < l.inputs.size(); i++) {
                std::memcpy(packed.data() + static_cast<int64_t>(i) * BLOCK, states + l.inputs[i] * columns + column,
                            static_cast<size_t>(width) * sizeof(float));
            }
            for (size_t o = 0; o < l.outputs.size(); o++) {
                const float *row = grad + l.outputs[o] * columns + column;
                for (int32_t t = l.first[o]; t < l.first[o + 1]; t++) {
                    sums[static_cast<size_t>(t)] += dot(row, packed.data() + l.terms[static_cast<size_t>(t)].input * BLOCK, width);
                }
            }
        }
        const std::lock_guard<std::mutex> guard(lock);
        parts.push_back({from, std::move(sums)});
    });
    /* In the order of the columns, so that the result does not depend on which thread was first. */
    std::sort(parts.begin(), parts.end(), [](const Part &a, const Part &b) { return a.from < b.from; });
    for (size_t o = 0; o < l.outputs.size(); o++) {
        for (int32_t t = l.first[o]; t < l.first[o + 1]; t++) {
            double sum = 0;
            for (const Part &part : parts) {
                sum += part.sums[static_cast<size_t>(t)];
            }
            gradients[l.outputs[o] * writers + l.inputs[static_cast<size_t>(l.terms[static_cast<size_t>(t)].input)]] =
                static_cast<float>(sum);
        }
    }
}

/* masks [readers, writers], reader rows [readers, ...], writer rows [at least writers, ...] of equal length. */
struct Shapes {
    int64_t readers, writers, columns;

    Shapes(ep_tensor masks, ep_tensor reader_rows, ep_tensor writer_rows) {
        require(rank_of(ref(masks)) == 2, "masks must be [readers, writers]");
        readers = sizes_of(ref(masks))[0];
        writers = sizes_of(ref(masks))[1];
        require(rank_of(ref(reader_rows)) >= 2 && rank_of(ref(writer_rows)) >= 2, "rows need at least two dimensions");
        require(sizes_of(ref(reader_rows))[0] == readers, "reader rows and masks disagree about the number of readers");
        require(sizes_of(ref(writer_rows))[0] >= writers, "there are fewer writer rows than masks");
        columns = readers == 0 ? 0 : numel_of(ref(reader_rows)) / readers;
        require(numel_of(ref(writer_rows)) == sizes_of(ref(writer_rows))[0] * columns, "reader and writer rows differ in length");
    }
};

} // namespace

ep_status ep_mix(ep_tensor out, ep_tensor base, ep_tensor masks, ep_tensor states) {
    return guard([&] {
        const Shapes s(masks, out, states);
        const float *z = contiguous_data<float>(masks, "masks");
        const float *shared = base == nullptr ? nullptr : contiguous_data<float>(base, "base");
        require(base == nullptr || numel_of(ref(base)) == s.columns, "base differs in length from a reader's row");
        /* z = common + (z - common), and sum over w of common_w delta_w is the same for every reader */
        const std::vector<bool> common = mostly_one(z, s.readers, s.writers);
        Lists l(s.writers, s.readers);
        for (int64_t w = 0; w < s.writers; w++) {
            if (common[static_cast<size_t>(w)]) {
                l.sum.push_back(l.slot(w));
            }
        }
        for (int64_t r = 0; r < s.readers; r++) {
            for (int64_t w = 0; w < s.writers; w++) {
                l.term(w, z[r * s.writers + w] - (common[static_cast<size_t>(w)] ? 1.0f : 0.0f));
            }
            l.end(r, !l.sum.empty(), true);
        }
        l.finish();
        mix(contiguous_data<float>(out, "out"), shared, shared == nullptr ? Start::ZERO : Start::SHARED, l,
            contiguous_data<float>(states, "states"), s.columns);
    });
}

ep_status ep_mix_grad_states(ep_tensor grad_states, ep_tensor masks, ep_tensor grad) {
    return guard([&] {
        const Shapes s(masks, grad, grad_states);
        const float *z = contiguous_data<float>(masks, "masks");
        const std::vector<bool> common = mostly_one(z, s.readers, s.writers);
        Lists l(s.readers, s.writers);
        if (std::find(common.begin(), common.end(), true) != common.end()) {
            for (int64_t r = 0; r < s.readers; r++) {
                l.sum.push_back(l.slot(r));
            }
        }
        for (int64_t w = 0; w < s.writers; w++) {
            const bool one = common[static_cast<size_t>(w)];
            for (int64_t r = 0; r < s.readers; r++) {
                l.term(r, z[r * s.writers + w] - (one ? 1.0f : 0.0f));
            }
            l.end(w, one, false);
        }
        l.finish();
        mix(contiguous_data<float>(grad_states, "grad_states"), nullptr, Start::ACCUMULATE, l, contiguous_data<float>(grad, "grad"),
            s.columns);
    });
}

ep_status ep_mix_grad_masks(ep_tensor grad_masks, ep_tensor masks, ep_tensor grad, ep_tensor states) {
    return guard([&] {
        const Shapes s(masks, grad, states);
        require(numel_of(ref(grad_masks)) == s.readers * s.writers, "grad_masks must be [readers, writers]");
        const float *z = contiguous_data<float>(masks, "masks");
        float *gradients = contiguous_data<float>(grad_masks, "grad_masks");
        std::fill(gradients, gradients + s.readers * s.writers, 0.0f);
        Lists l(s.writers, s.readers);
        for (int64_t r = 0; r < s.readers; r++) {
            for (int64_t w = 0; w < s.writers; w++) {
                const float mask = z[r * s.writers + w];
                l.term(w, mask > 0 && mask < 1 ? 1.0f : 0.0f);
            }
            l.end(r, false, false);
        }
        dots(gradients, s.writers, l, contiguous_data<float>(grad, "grad"), contiguous_data<float>(states, "states"), s.columns);
    });
}
