/*
 * mix.cpp: the products between edge masks and writer states that are the inner loops of edge pruning.
 *
 * Masks are mostly exactly zero or one: at first nearly all are one, in the end nearly all are zero. So each product runs
 * over lists of the masks that differ from what is commonest for their writer, and where that is one, what they have in
 * common is summed once. This file makes the lists; mix_kernels.h computes with them, a block of columns at a time. Rows of states
 * are megabytes long and often a multiple of the page size apart, which would make them evict each other from every cache; so
 * each block of columns is first packed side by side, then used by all readers while it is in cache.
 */
#include "internal.h"
#include "mix_kernels.h"

#include <algorithm>
#include <atomic>
#include <vector>

using namespace edgeprune;
using namespace edgeprune::mixing;

namespace {

/* Uses of a row, on average, from which on packing it pays (measured). */
constexpr double USES_WORTH_PACKING_FOR_MIX = 1.25;
constexpr double USES_WORTH_PACKING_FOR_DOTS = 3;

bool uses_at_least(double least, size_t uses, size_t rows) { return static_cast<double>(uses) >= least * static_cast<double>(rows); }

std::atomic<const Kernels *> chosen{nullptr};

const Kernels &kernels() {
    const Kernels *now = chosen.load(std::memory_order_relaxed);
    if (now == nullptr) {
        now = kernels_for(InstructionSet::BEST);
        chosen.store(now, std::memory_order_relaxed);
    }
    return *now;
}

/* The thread's memory for packed rows, at the beginning of a cache line; kept for its next product. */
float *scratch(size_t floats) {
    constexpr size_t line = 64 / sizeof(float);
    thread_local std::vector<float> memory;
    if (memory.size() < floats + line) {
        memory.resize(floats + line);
    }
    const size_t over = reinterpret_cast<uintptr_t>(memory.data()) / sizeof(float) % line;
    return memory.data() + (line - over) % line;
}

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

/* The lists of a MixTask. */
class MixPlan {
  public:
    /*
     * out[o] += sum over i of (factor(o, i) + (sums(o) and adds(i) ? 1 : 0)) in[i]. An output without a term is left out, unless
     * `all_outputs`.
     */
    template <class Factor, class Sums, class Adds>
    MixPlan(int64_t outputs, int64_t inputs, bool all_outputs, const Factor &factor, const Sums &sums, const Adds &adds) {
        std::vector<int32_t> slots(static_cast<size_t>(inputs), -1);
        bool any_sum = false;
        for (int64_t o = 0; o < outputs; o++) {
            any_sum = any_sum || sums(o);
            for (int64_t i = 0; i < inputs; i++) {
                if (factor(o, i) != 0) {
                    slots[static_cast<size_t>(i)] = 0;
                }
            }
        }
        for (int64_t i = 0; i < inputs; i++) {
            const bool added = any_sum && adds(i);
            if (added || slots[static_cast<size_t>(i)] == 0) {
                slots[static_cast<size_t>(i)] = static_cast<int32_t>(inputs_.size());
                inputs_.push_back(static_cast<int32_t>(i));
            }
            if (added) {
                sum_.push_back(slots[static_cast<size_t>(i)]);
            }
        }
        const int32_t sum_slot = static_cast<int32_t>(inputs_.size());
        std::vector<int32_t> first{0};
        for (int64_t o = 0; o < outputs; o++) {
            for (int64_t i = 0; i < inputs; i++) {
                if (factor(o, i) != 0) {
                    terms_.push_back({slots[static_cast<size_t>(i)], factor(o, i)});
                }
            }
            if (!sum_.empty() && sums(o)) {
                terms_.push_back({sum_slot, 1});
            }
            if (all_outputs || static_cast<int32_t>(terms_.size()) > first.back()) {
                outputs_.push_back(static_cast<int32_t>(o));
                first.push_back(static_cast<int32_t>(terms_.size()));
            }
        }
        bound(first);
    }

    MixTask task(float *out, const float *base, bool accumulate, const float *in, int64_t columns) const {
        return {.out = out,
                .base = base,
                .in = in,
                .columns = columns,
                .accumulate = accumulate,
                .pack = !sum_.empty() || uses_at_least(USES_WORTH_PACKING_FOR_MIX, terms_.size(), inputs_.size()),
                .inputs = inputs_.data(),
                .input_count = static_cast<int32_t>(inputs_.size()),
                .sum = sum_.data(),
                .sum_count = static_cast<int32_t>(sum_.size()),
                .outputs = outputs_.data(),
                .output_count = static_cast<int32_t>(outputs_.size()),
                .bounds = bounds_.data(),
                .same = same_.data(),
                .panels = panels_,
                .panel_rows = panel_rows_,
                .terms = terms_.data()};
    }

  private:
    /* Panels of equal size, and where each output's terms of each panel begin. */
    void bound(const std::vector<int32_t> &first) {
        const int32_t inputs = static_cast<int32_t>(inputs_.size());
        panels_ = std::max(1, static_cast<int32_t>((inputs + PANEL - 1) / PANEL));
        panel_rows_ = (inputs + panels_ - 1) / panels_;
        const size_t outputs = outputs_.size();
        bounds_.resize(outputs * static_cast<size_t>(panels_ + 1));
        for (size_t o = 0; o < outputs; o++) {
            int32_t term = first[o];
            for (int32_t panel = 0; panel <= panels_; panel++) {
                while (term < first[o + 1] && (panel == panels_ || terms_[static_cast<size_t>(term)].input < panel * panel_rows_)) {
                    term++;
                }
                bounds_[static_cast<size_t>(panel) * outputs + o] = term;
            }
        }
        same_.resize(outputs * static_cast<size_t>(panels_));
        for (size_t panel = 0; panel < static_cast<size_t>(panels_); panel++) {
            for (size_t o = 1; o < outputs; o++) {
                same_[panel * outputs + o] = have_same_inputs(panel * outputs + o - 1, panel * outputs + o, outputs) ? 1 : 0;
            }
        }
    }

    bool have_same_inputs(size_t one, size_t other, size_t outputs) const {
        const auto begin = terms_.begin();
        return std::equal(begin + bounds_[one], begin + bounds_[one + outputs], begin + bounds_[other], begin + bounds_[other + outputs],
                          [](const Term &a, const Term &b) { return a.input == b.input; });
    }

    std::vector<int32_t> inputs_, sum_, outputs_, bounds_;
    std::vector<uint8_t> same_;
    std::vector<Term> terms_;
    int32_t panels_ = 0, panel_rows_ = 0;
};

void mix(const MixTask &task) {
    const int64_t blocks = (task.columns + BLOCK - 1) / BLOCK;
    parallel_for(0, blocks, 1, [&](int64_t from, int64_t to) {
        float *memory = scratch(MixTask::scratch_floats);
        for (int64_t b = from; b < to; b++) {
            kernels().mix(task, memory, b * BLOCK, std::min(BLOCK, task.columns - b * BLOCK));
        }
    });
}

/* The lists of a DotsTask: the products of reader rows with a range of writer rows where `wanted`. */
class DotsPlan {
  public:
    template <class Wanted> DotsPlan(int64_t readers, const int32_t *writers, int32_t writer_count, const Wanted &wanted) {
        rights_.assign(writers, writers + writer_count);
        for (int64_t r = 0; r < readers; r++) {
            if (std::any_of(rights_.begin(), rights_.end(), [&](int32_t w) { return wanted(r, w); })) {
                lefts_.push_back(static_cast<int32_t>(r));
            }
        }
        const auto wants = [&](int32_t left, int32_t right) {
            return wanted(lefts_[static_cast<size_t>(left)], rights_[static_cast<size_t>(right)]);
        };
        const int32_t left_count = static_cast<int32_t>(lefts_.size());
        dense_first_.push_back(0);
        for (int32_t left = 0; left < left_count; left += static_cast<int32_t>(GROUP)) {
            const bool whole = left + GROUP <= left_count;
            const int32_t end = whole ? left + static_cast<int32_t>(GROUP) : left_count;
            std::vector<bool> in_dense(rights_.size(), false);
            for (int32_t right = 0; whole && right < writer_count; right++) {
                int64_t count = 0;
                for (int32_t l = left; l < end; l++) {
                    count += wants(l, right) ? 1 : 0;
                }
                /* From two of four on, all four together cost less than going one by one. */
                if (count >= GROUP / 2) {
                    in_dense[static_cast<size_t>(right)] = true;
                    dense_.push_back(right);
                }
            }
            if (whole) {
                dense_first_.push_back(static_cast<int32_t>(dense_.size()));
            }
            for (int32_t l = left; l < end; l++) {
                for (int32_t right = 0; right < writer_count; right++) {
                    if (wants(l, right) && !in_dense[static_cast<size_t>(right)]) {
                        pairs_.push_back({l, right});
                    }
                }
            }
        }
    }

    DotsTask task(const float *left, const float *right, int64_t columns) const {
        return {.left = left,
                .right = right,
                .columns = columns,
                .pack = uses_at_least(USES_WORTH_PACKING_FOR_DOTS, pairs_.size() + static_cast<size_t>(GROUP) * dense_.size(), rights_.size()),
                .lefts = lefts_.data(),
                .left_count = static_cast<int32_t>(lefts_.size()),
                .rights = rights_.data(),
                .right_count = static_cast<int32_t>(rights_.size()),
                .dense = dense_.data(),
                .dense_first = dense_first_.data(),
                .pairs = pairs_.data(),
                .pair_count = static_cast<int32_t>(pairs_.size())};
    }

  private:
    std::vector<int32_t> lefts_, rights_, dense_, dense_first_;
    std::vector<Pair> pairs_;
};

/*
 * The sums of a DotsTask, [lefts, rights]. Columns are added up in at most 64 parts, and the parts in their order, so the result
 * does not depend on the number of threads.
 */
std::vector<double> dots(const DotsTask &task) {
    const int64_t blocks = (task.columns + BLOCK - 1) / BLOCK;
    const int64_t part_blocks = std::max<int64_t>(8, (blocks + 63) / 64);
    const int64_t parts = std::max<int64_t>(1, (blocks + part_blocks - 1) / part_blocks);
    const size_t size = static_cast<size_t>(task.left_count) * static_cast<size_t>(task.right_count);
    std::vector<double> sums(static_cast<size_t>(parts) * size);
    parallel_for(0, parts, 1, [&](int64_t from, int64_t to) {
        float *memory = scratch(task.scratch_floats());
        for (int64_t b = from * part_blocks; b < std::min(blocks, to * part_blocks); b++) {
            kernels().dots(task, sums.data() + static_cast<size_t>(b / part_blocks) * size, memory, b * BLOCK,
                           std::min(BLOCK, task.columns - b * BLOCK));
        }
    });
    for (size_t part = 1; part < static_cast<size_t>(parts); part++) {
        for (size_t i = 0; i < size; i++) {
            sums[i] += sums[part * size + i];
        }
    }
    return sums;
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

ep_status ep_mix_use(int32_t instruction_set) {
    return guard([&] {
        require(instruction_set >= EP_KERNELS_BEST && instruction_set <= EP_KERNELS_AVX512, "unknown instruction set");
        const Kernels *found = kernels_for(static_cast<InstructionSet>(instruction_set));
        if (found == nullptr) {
            throw Unsupported("this processor does not have that instruction set");
        }
        chosen.store(found, std::memory_order_relaxed);
    });
}

const char *ep_mix_instruction_set(void) { return kernels().name; }

ep_status ep_mix(ep_tensor out, ep_tensor base, ep_tensor masks, ep_tensor states) {
    return guard([&] {
        const Shapes s(masks, out, states);
        const float *z = contiguous_data<float>(masks, "masks");
        const float *shared = base == nullptr ? nullptr : contiguous_data<float>(base, "base");
        require(base == nullptr || numel_of(ref(base)) == s.columns, "base differs in length from a reader's row");
        /* z = common + (z - common), and sum over w of common_w delta_w is the same for every reader */
        const std::vector<bool> common = mostly_one(z, s.readers, s.writers);
        const bool any = std::find(common.begin(), common.end(), true) != common.end();
        const MixPlan plan(
            s.readers, s.writers, true,
            [&](int64_t r, int64_t w) { return z[r * s.writers + w] - (common[static_cast<size_t>(w)] ? 1.0f : 0.0f); },
            [&](int64_t) { return any; }, [&](int64_t w) { return common[static_cast<size_t>(w)]; });
        mix(plan.task(contiguous_data<float>(out, "out"), shared, false, contiguous_data<float>(states, "states"), s.columns));
    });
}

ep_status ep_mix_grad_states(ep_tensor grad_states, ep_tensor masks, ep_tensor grad) {
    return guard([&] {
        const Shapes s(masks, grad, grad_states);
        const float *z = contiguous_data<float>(masks, "masks");
        const std::vector<bool> common = mostly_one(z, s.readers, s.writers);
        const MixPlan plan(
            s.writers, s.readers, false,
            [&](int64_t w, int64_t r) { return z[r * s.writers + w] - (common[static_cast<size_t>(w)] ? 1.0f : 0.0f); },
            [&](int64_t w) { return common[static_cast<size_t>(w)]; }, [](int64_t) { return true; });
        mix(plan.task(contiguous_data<float>(grad_states, "grad_states"), nullptr, true, contiguous_data<float>(grad, "grad"),
                      s.columns));
    });
}

ep_status ep_mix_grad_masks(ep_tensor grad_masks, ep_tensor masks, ep_tensor grad, ep_tensor states) {
    return guard([&] {
        const Shapes s(masks, grad, states);
        require(numel_of(ref(grad_masks)) == s.readers * s.writers, "grad_masks must be [readers, writers]");
        const float *z = contiguous_data<float>(masks, "masks");
        const float *left = contiguous_data<float>(grad, "grad");
        const float *right = contiguous_data<float>(states, "states");
        float *gradients = contiguous_data<float>(grad_masks, "grad_masks");
        std::fill(gradients, gradients + s.readers * s.writers, 0.0f);
        const auto wanted = [&](int64_t r, int64_t w) { return z[r * s.writers + w] > 0 && z[r * s.writers + w] < 1; };
        std::vector<int32_t> used;
        for (int64_t w = 0; w < s.writers; w++) {
            for (int64_t r = 0; r < s.readers; r++) {
                if (wanted(r, w)) {
                    used.push_back(static_cast<int32_t>(w));
                    break;
                }
            }
        }
        for (size_t from = 0; from < used.size(); from += RIGHTS) {
            const int32_t count = static_cast<int32_t>(std::min(used.size() - from, static_cast<size_t>(RIGHTS)));
            const DotsPlan plan(s.readers, used.data() + from, count, wanted);
            const DotsTask task = plan.task(left, right, s.columns);
            const std::vector<double> sums = dots(task);
            for (int32_t l = 0; l < task.left_count; l++) {
                for (int32_t w = 0; w < count; w++) {
                    if (wanted(task.lefts[l], task.rights[w])) {
                        gradients[task.lefts[l] * s.writers + task.rights[w]] =
                            static_cast<float>(sums[static_cast<size_t>(l) * static_cast<size_t>(count) + static_cast<size_t>(w)]);
                    }
                }
            }
        }
    });
}
