/*
 * mix_kernels_body.h: the kernels of one instruction set. mix_kernels.cpp includes it in a namespace of its own for each, with
 * EP_TARGET, the functions' target attribute, and there
 *   struct Vector                     16 floats: load, store, broadcast, zero, add, fma(a, b, c) = a b + c, total
 *   constexpr int64_t MIX_OUTPUTS     outputs, and vectors of each, that fit into the registers together
 *   constexpr int64_t MIX_VECTORS
 *   constexpr int64_t DOT_ROWS        rows of both sides of dot products that fit
 *   constexpr int64_t DOT_PAIRS       right rows beside one left row
 */

#define EP_INLINE EP_TARGET inline __attribute__((always_inline))

EP_INLINE void copy_row(float *target, const float *source, int64_t width) {
    int64_t c = 0;
    for (; c + LANES <= width; c += LANES) {
        Vector::load(source + c).store(target + c);
    }
    for (; c < width; c++) {
        target[c] = source[c];
    }
    for (; c % TILE != 0; c++) {
        target[c] = 0;
    }
}

/* One output's tile, continued by its terms. */
EP_INLINE void mix_one(float *out, const float *start, const float *tile, const Term *term, const Term *end) {
    constexpr int64_t vectors = TILE / LANES;
    Vector sum[vectors];
    for (int64_t v = 0; v < vectors; v++) {
        sum[v] = start == nullptr ? Vector::zero() : Vector::load(start + v * LANES);
    }
    for (; term != end; term++) {
        const float *x = tile + term->input * TILE;
        const Vector factor = Vector::broadcast(term->factor);
        for (int64_t v = 0; v < vectors; v++) {
            sum[v] = fma(factor, Vector::load(x + v * LANES), sum[v]);
        }
    }
    for (int64_t v = 0; v < vectors; v++) {
        sum[v].store(out + v * LANES);
    }
}

/* The same for several outputs that have the same inputs: each is loaded once for all of them. */
EP_INLINE void mix_several(float *const *out, const float *const *start, const float *tile, const Term *const *terms, int64_t count) {
    for (int64_t column = 0; column < TILE; column += MIX_VECTORS * LANES) {
        Vector sum[MIX_OUTPUTS][MIX_VECTORS];
        for (int64_t o = 0; o < MIX_OUTPUTS; o++) {
            for (int64_t v = 0; v < MIX_VECTORS; v++) {
                sum[o][v] = start[o] == nullptr ? Vector::zero() : Vector::load(start[o] + column + v * LANES);
            }
        }
        for (int64_t t = 0; t < count; t++) {
            const float *x = tile + terms[0][t].input * TILE + column;
            Vector in[MIX_VECTORS];
            for (int64_t v = 0; v < MIX_VECTORS; v++) {
                in[v] = Vector::load(x + v * LANES);
            }
            for (int64_t o = 0; o < MIX_OUTPUTS; o++) {
                const Vector factor = Vector::broadcast(terms[o][t].factor);
                for (int64_t v = 0; v < MIX_VECTORS; v++) {
                    sum[o][v] = fma(factor, in[v], sum[o][v]);
                }
            }
        }
        for (int64_t o = 0; o < MIX_OUTPUTS; o++) {
            for (int64_t v = 0; v < MIX_VECTORS; v++) {
                sum[o][v].store(out[o] + column + v * LANES);
            }
        }
    }
}

/* How many outputs from `first` on have the same inputs in a panel, as far as they fit into the registers: MIX_OUTPUTS or 1. */
EP_INLINE int64_t together(const MixTask &task, int64_t panel, int64_t first) {
    if (first + MIX_OUTPUTS > task.output_count) {
        return 1;
    }
    const uint8_t *same = task.same + panel * task.output_count + first;
    for (int64_t o = 1; o < MIX_OUTPUTS; o++) {
        if (same[o] == 0) {
            return 1;
        }
    }
    return MIX_OUTPUTS;
}

/* The row that output i starts from at a column; null for zero. */
EP_INLINE const float *start_of(const MixTask &task, int64_t i, int64_t column) {
    return task.base != nullptr  ? task.base + column
           : task.accumulate ? task.out + task.outputs[i] * task.columns + column
                             : nullptr;
}

/* Continues an output by COUNT of its terms, one after the other. */
template <int64_t COUNT>
EP_INLINE void add_terms(const MixTask &task, float *output, const Term *term, int64_t column, int64_t width) {
    const float *x[COUNT];
    Vector factor[COUNT];
    for (int64_t t = 0; t < COUNT; t++) {
        x[t] = task.in + task.inputs[term[t].input] * task.columns + column;
        factor[t] = Vector::broadcast(term[t].factor);
    }
    int64_t c = 0;
    for (; c + LANES <= width; c += LANES) {
        Vector sum = Vector::load(output + c);
        for (int64_t t = 0; t < COUNT; t++) {
            sum = fma(factor[t], Vector::load(x[t] + c), sum);
        }
        sum.store(output + c);
    }
    for (int64_t t = 0; c < width && t < COUNT; t++) {
        float rest[LANES] = {};
        for (int64_t lane = 0; c + lane < width; lane++) {
            rest[lane] = x[t][c + lane];
        }
        fma(factor[t], Vector::load(rest), Vector::load(output + c)).store(output + c);
    }
}

/* Inputs that are used once or twice go straight from memory into one output after the other. */
EP_INLINE void mix_directly(const MixTask &task, float *scratch, int64_t column, int64_t width) {
    for (int64_t i = 0; i < task.output_count; i++) {
        const float *start = start_of(task, i, column);
        if (start != nullptr) {
            copy_row(scratch, start, width);
        } else {
            for (int64_t c = 0; c < width; c += LANES) {
                Vector::zero().store(scratch + c);
            }
        }
        const Term *term = task.terms + task.bounds[i];
        const Term *end = task.terms + task.bounds[static_cast<int64_t>(task.panels) * task.output_count + i];
        for (; end - term >= STREAMS; term += STREAMS) {
            add_terms<STREAMS>(task, scratch, term, column, width);
        }
        for (; term != end; term++) {
            add_terms<1>(task, scratch, term, column, width);
        }
        float *out = task.out + task.outputs[i] * task.columns + column;
        int64_t c = 0;
        for (; c + LANES <= width; c += LANES) {
            Vector::load(scratch + c).store(out + c);
        }
        for (; c < width; c++) {
            out[c] = scratch[c];
        }
    }
}

/* Adds the rows of this panel that the sum names, tile by tile; `next` is the first of them not yet added. */
EP_INLINE void add_up(const MixTask &task, float *sum, const float *packed, int64_t rows, int64_t first, int64_t tiles, int32_t *next) {
    int32_t end = *next;
    while (end < task.sum_count && task.sum[end] < first + rows) {
        end++;
    }
    for (int64_t tile = 0; tile < tiles; tile++) {
        for (int64_t c = tile * TILE; c < (tile + 1) * TILE; c += LANES) {
            Vector total = Vector::load(sum + c);
            for (int32_t s = *next; s < end; s++) {
                total = add(total, Vector::load(packed + (tile * (rows + 1) + task.sum[s] - first) * TILE + c - tile * TILE));
            }
            total.store(sum + c);
        }
    }
    *next = end;
}

/* A tile of outputs i .. i + count - 1, whose first column is `column`, and which may be wider than the rest of the row. */
EP_INLINE void mix_outputs(const MixTask &task, int64_t panel, int64_t i, int64_t count, const float *tile, int64_t column, int64_t rest) {
    const int32_t *begin = task.bounds + panel * task.output_count + i;
    const int32_t *end = begin + task.output_count;
    float *out[MIX_OUTPUTS];
    const float *start[MIX_OUTPUTS];
    const Term *terms[MIX_OUTPUTS];
    float padded[MIX_OUTPUTS][TILE];
    for (int64_t o = 0; o < count; o++) {
        out[o] = task.out + task.outputs[i + o] * task.columns + column;
        start[o] = panel > 0 ? out[o] : start_of(task, i + o, column);
        terms[o] = task.terms + begin[o];
        if (rest < TILE) {
            if (start[o] != nullptr) {
                copy_row(padded[o], start[o], rest);
                start[o] = padded[o];
            }
            out[o] = padded[o];
        }
    }
    if (count == 1) {
        mix_one(out[0], start[0], tile, terms[0], task.terms + end[0]);
    } else {
        mix_several(out, start, tile, terms, end[0] - begin[0]);
    }
    for (int64_t o = 0; rest < TILE && o < count; o++) {
        for (int64_t c = 0; c < rest; c++) {
            task.out[task.outputs[i + o] * task.columns + column + c] = padded[o][c];
        }
    }
}

/* Has the outputs that come after i .. i + count - 1 fetched from memory, soon enough for them to be there. */
EP_INLINE void fetch_ahead(const MixTask &task, int64_t i, int64_t count, int64_t from, int64_t to) {
    constexpr int64_t ahead = 8;
    const int64_t end = i + ahead + count < task.output_count ? i + ahead + count : task.output_count;
    for (int64_t o = i + ahead; o < end; o++) {
        for (int64_t c = from; c < to; c += LANES) {
            __builtin_prefetch(task.out + task.outputs[o] * task.columns + c, 1);
        }
    }
}

/* NOLINTNEXTLINE(misc-definitions-in-headers): included once for each namespace */
EP_TARGET static void mix(const MixTask &task, float *scratch, int64_t column, int64_t width) {
    if (!task.pack) {
        mix_directly(task, scratch, column, width);
        return;
    }
    const int64_t tiles = (width + TILE - 1) / TILE;
    float *packed = scratch;
    float *sum = scratch + (PANEL + 1) * BLOCK;
    for (int64_t c = 0; c < BLOCK; c += LANES) {
        Vector::zero().store(sum + c);
    }
    int32_t next = 0;
    for (int64_t panel = 0; panel < task.panels; panel++) {
        const int64_t first = panel * task.panel_rows;
        const int64_t rows = task.input_count - first < task.panel_rows ? task.input_count - first : task.panel_rows;
        /* TILE columns of all rows, then the next; one row more for the sum. */
        for (int64_t row = 0; row < rows; row += STREAMS) {
            const int64_t end = row + STREAMS < rows ? row + STREAMS : rows;
            for (int64_t tile = 0; tile < tiles; tile++) {
                const int64_t rest = width - tile * TILE;
                for (int64_t r = row; r < end; r++) {
                    copy_row(packed + (tile * (rows + 1) + r) * TILE,
                             task.in + task.inputs[first + r] * task.columns + column + tile * TILE, rest < TILE ? rest : TILE);
                }
            }
        }
        if (task.sum_count > 0) {
            add_up(task, sum, packed, rows, first, tiles, &next);
            for (int64_t tile = 0; tile < tiles; tile++) {
                copy_row(packed + (tile * (rows + 1) + rows) * TILE, sum + tile * TILE, TILE);
            }
        }
        /* As many tiles of an output follow each other as leave the packed rows in the first-level cache. */
        const int64_t span = PANEL / (rows > 0 ? rows : 1);
        for (int64_t from = 0; from < tiles; from += span) {
            const int64_t to = from + span < tiles ? from + span : tiles;
            for (int64_t i = 0, count = 0; i < task.output_count; i += count) {
                count = together(task, panel, i);
                if (panel == 0) {
                    fetch_ahead(task, i, count, column + from * TILE, column + to * TILE);
                }
                for (int64_t tile = from; tile < to; tile++) {
                    mix_outputs(task, panel, i, count, packed + (tile * (rows + 1) - first) * TILE, column + tile * TILE,
                                width - tile * TILE);
                }
            }
        }
    }
}

template <int64_t LEFTS, int64_t RIGHTS>
EP_INLINE void dot_block(double *sums, int64_t stride, const float *const *left, const float *const *right, int64_t width) {
    Vector sum[LEFTS][RIGHTS];
    for (int64_t l = 0; l < LEFTS; l++) {
        for (int64_t r = 0; r < RIGHTS; r++) {
            sum[l][r] = Vector::zero();
        }
    }
    for (int64_t c = 0; c < width; c += LANES) {
        Vector x[RIGHTS];
        for (int64_t r = 0; r < RIGHTS; r++) {
            x[r] = Vector::load(right[r] + c);
        }
        for (int64_t l = 0; l < LEFTS; l++) {
            const Vector g = Vector::load(left[l] + c);
            for (int64_t r = 0; r < RIGHTS; r++) {
                sum[l][r] = fma(g, x[r], sum[l][r]);
            }
        }
    }
    for (int64_t l = 0; l < LEFTS; l++) {
        for (int64_t r = 0; r < RIGHTS; r++) {
            sums[l * stride + r] = static_cast<double>(total(sum[l][r]));
        }
    }
}

/* The listed rows' columns [column, column + width), BLOCK apart. */
EP_INLINE void copy_rows(float *target, const float *rows, int64_t columns, const int32_t *list, int64_t count, int64_t column,
                         int64_t width) {
    for (int64_t row = 0; row < count; row += STREAMS) {
        const int64_t end = row + STREAMS < count ? row + STREAMS : count;
        for (int64_t c = 0; c < width; c += TILE) {
            for (int64_t r = row; r < end; r++) {
                copy_row(target + r * BLOCK + c, rows + list[r] * columns + column + c, width - c < TILE ? width - c : TILE);
            }
        }
    }
}

/* NOLINTNEXTLINE(misc-definitions-in-headers): included once for each namespace */
EP_TARGET static void dots(const DotsTask &task, double *sums, float *scratch, int64_t column, int64_t width) {
    const int64_t padded = (width + LANES - 1) / LANES * LANES;
    const bool pack = task.pack || padded != width;
    float *lefts = scratch;
    float *rights = scratch + task.left_count * BLOCK;
    copy_rows(lefts, task.left, task.columns, task.lefts, task.left_count, column, width);
    if (pack) {
        copy_rows(rights, task.right, task.columns, task.rights, task.right_count, column, width);
    }
    const auto right_row = [&](int32_t r) EP_TARGET {
        return pack ? rights + r * BLOCK : task.right + task.rights[r] * task.columns + column;
    };
    for (int32_t g = 0; g < task.groups(); g++) {
        for (int32_t d = task.dense_first[g]; d < task.dense_first[g + 1]; d += DOT_ROWS) {
            const int32_t left_over = task.dense_first[g + 1] - d;
            const float *right[DOT_ROWS];
            for (int32_t r = 0; r < DOT_ROWS; r++) { /* the last one again where there are too few */
                right[r] = right_row(task.dense[d + (r < left_over ? r : left_over - 1)]);
            }
            for (int64_t l = g * GROUP; l < (g + 1) * GROUP; l += DOT_ROWS) {
                const float *left[DOT_ROWS];
                for (int64_t i = 0; i < DOT_ROWS; i++) {
                    left[i] = lefts + (l + i) * BLOCK;
                }
                double results[DOT_ROWS * DOT_ROWS];
                dot_block<DOT_ROWS, DOT_ROWS>(results, DOT_ROWS, left, right, padded);
                for (int64_t i = 0; i < DOT_ROWS; i++) {
                    for (int32_t r = 0; r < DOT_ROWS && r < left_over; r++) {
                        sums[(l + i) * task.right_count + task.dense[d + r]] += results[i * DOT_ROWS + r];
                    }
                }
            }
        }
    }
    /* Pairs of one left row follow each other. */
    for (int32_t p = 0; p < task.pair_count;) {
        const float *left = lefts + task.pairs[p].left * BLOCK;
        const float *right[DOT_PAIRS];
        int32_t count = 0;
        while (count < DOT_PAIRS && p + count < task.pair_count && task.pairs[p + count].left == task.pairs[p].left) {
            right[count] = right_row(task.pairs[p + count].right);
            count++;
        }
        double results[DOT_PAIRS];
        if (count > 1) {
            for (int64_t r = count; r < DOT_PAIRS; r++) {
                right[r] = right[count - 1];
            }
            dot_block<1, DOT_PAIRS>(results, DOT_PAIRS, &left, right, padded);
        } else {
            dot_block<1, 1>(results, 1, &left, right, padded);
        }
        for (int32_t r = 0; r < count; r++) {
            sums[static_cast<int64_t>(task.pairs[p + r].left) * task.right_count + task.pairs[p + r].right] += results[r];
        }
        p += count;
    }
}

#undef EP_INLINE
