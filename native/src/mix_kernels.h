/*
 * mix_kernels.h: the vectorised parts of mix.cpp, once for each instruction set; the best that the processor has is chosen at run
 * time. They need no libtorch. All of them give the same bits: every element of a result is one chain of fused multiply-adds in an
 * order that is written down here and does not depend on the width of a vector, so a run may move between machines.
 */
#ifndef EDGEPRUNE_MIX_KERNELS_H
#define EDGEPRUNE_MIX_KERNELS_H

#include <cstddef>
#include <cstdint>

namespace edgeprune::mixing {

constexpr int64_t LANES = 16;        /* columns of one logical vector */
constexpr int64_t TILE = 4 * LANES;  /* columns of one output held in registers */
constexpr int64_t BLOCK = 8 * TILE;  /* columns that one call of a kernel handles at most */
constexpr int64_t PANEL = 80;        /* at most so many rows of a tile are used together: 20 KB, which stay in the first-level cache */
constexpr int64_t RIGHTS = 128;      /* at most so many right rows of dot products: with BLOCK columns of each, 256 KB */
constexpr int64_t STREAMS = 4;       /* rows that are read from memory side by side, to have several cache misses under way */
constexpr int64_t GROUP = 4;         /* rows of one side of a block of dot products */

struct Term {
    int32_t input; /* index into MixTask::inputs, or their number for the sum */
    float factor;
};

/*
 * out[o] = start + sum over its terms of factor * in[input], the terms in the order of their inputs, the sum last:
 *   result = fma(factor_n, in_n, ... fma(factor_1, in_1, start))
 * The inputs are used in panels of panel_rows <= PANEL rows; bounds[p * outputs + i] is the first term of output i in panel p or later.
 */
struct MixTask {
    float *out;        /* rows of `columns` floats, as in */
    const float *base; /* one row that every output starts from; null: zero, or out itself where `accumulate` */
    const float *in;
    int64_t columns;
    bool accumulate;
    bool pack; /* inputs are used so often that they are copied side by side first */
    const int32_t *inputs;
    int32_t input_count;
    const int32_t *sum; /* indices into inputs, ascending: these rows are added up once, for the terms that name the sum */
    int32_t sum_count;
    const int32_t *outputs;
    int32_t output_count;
    const int32_t *bounds;
    const uint8_t *same; /* same[p * outputs + i]: in panel p, output i has the inputs of output i - 1 */
    int32_t panels;
    int32_t panel_rows;
    const Term *terms;

    static constexpr size_t scratch_floats = static_cast<size_t>((PANEL + 2) * BLOCK);
};

/* A pair of rows whose dot product is wanted: indices into DotsTask::lefts and rights. */
struct Pair {
    int32_t left, right;
};

/*
 * Dot products of rows. For a block of columns each is, with lane j of 16 summing the columns c with c % 16 == j in ascending order
 * by fused multiply-adds, halved four times: lanes j and j + 8 are added, then j and j + 4, j and j + 1 of pairs, and the last two.
 */
struct DotsTask {
    const float *left, *right; /* rows of `columns` floats */
    int64_t columns;
    bool pack; /* whether right rows are copied side by side first */
    const int32_t *lefts;
    int32_t left_count;
    const int32_t *rights;
    int32_t right_count;
    /* For group g of GROUP left rows: all products with dense[dense_first[g]] .. dense[dense_first[g + 1] - 1] are made ... */
    const int32_t *dense;
    const int32_t *dense_first;
    /* ... and those of single pairs. */
    const Pair *pairs;
    int32_t pair_count;

    int32_t groups() const { return left_count / static_cast<int32_t>(GROUP); }
    size_t scratch_floats() const { return (static_cast<size_t>(left_count) + static_cast<size_t>(right_count)) * BLOCK; }
};

struct Kernels {
    const char *name;
    /* Columns [column, column + width) of all outputs; width <= BLOCK, scratch aligned to 64 bytes. */
    void (*mix)(const MixTask &task, float *scratch, int64_t column, int64_t width);
    /* Adds the dot products over these columns, width <= BLOCK, to sums[left * right_count + right]; other entries may get anything. */
    void (*dots)(const DotsTask &task, double *sums, float *scratch, int64_t column, int64_t width);
};

enum class InstructionSet : int32_t { BEST = 0, PORTABLE = 1, AVX2 = 2, AVX512 = 3 };

/* Null where this processor, or this build, has not got it. */
const Kernels *kernels_for(InstructionSet set);

} // namespace edgeprune::mixing

#endif
