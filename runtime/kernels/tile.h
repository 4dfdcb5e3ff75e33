/* tile.h - packing and tiles in the vectors of a CPU level; PAIR says whether a lane is one f32 or two bf16. */
#ifndef MLRT__TILE_H
#define MLRT__TILE_H

#include "kernels/blocks.h"
#include "kernels/lanes.h"

#ifndef PAIR
#    define PAIR 1
#endif

MLRT__INLINE mlrt__lanes load_left(const float *p, int64_t left) {
    return left >= MLRT__LANES ? mlrt__load(p) : left > 0 ? mlrt__load_part(p, left) : (mlrt__lanes){0};
}

/* Lanes k, k + 1, ... of one row (column); x is its first element, depth elements are there. */
MLRT__INLINE mlrt__lanes along_depth(const float *x, int64_t k, int64_t depth) {
#if PAIR == 2
    const mlrt__lanes low = load_left(x + 2 * k, depth - 2 * k);
    const mlrt__lanes high = load_left(x + 2 * k + MLRT__LANES, depth - 2 * k - MLRT__LANES);
    return (mlrt__lanes)_mm512_cvtne2ps_pbh((__m512)high, (__m512)low);
#else
    return load_left(x + k, depth - k);
#endif
}

/* Lane k of rows (columns) at x and after it, of which `left` are there. */
MLRT__INLINE mlrt__lanes along_outer(const float *x, int64_t stride, int64_t k, int64_t depth, int64_t left) {
#if PAIR == 2
    const __m512i zip = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6, 21,
                                         5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
    const mlrt__lanes low = 2 * k < depth ? load_left(x + 2 * k * stride, left) : (mlrt__lanes){0};
    const mlrt__lanes high = 2 * k + 1 < depth ? load_left(x + (2 * k + 1) * stride, left) : (mlrt__lanes){0};
    return (mlrt__lanes)_mm512_permutexvar_epi16(zip, (__m512i)_mm512_cvtne2ps_pbh((__m512)high, (__m512)low));
#else
    return k < depth ? load_left(x + k * stride, left) : (mlrt__lanes){0};
#endif
}

/* The square of lanes at row `o` and lane `k`: vector i holds row o + i, or with `across` lane k + i. What is read next,
 * `ahead` rows or a square of lanes further, is fetched. */
MLRT__INLINE void load_square(mlrt__side s, int64_t o, int64_t outers, int64_t k, int64_t depth, bool across,
                              int64_t ahead, mlrt__lanes v[MLRT__LANES]) {
    const bool by_depth = s.depth == 1;
#pragma GCC unroll 16
    for (int i = 0; i < MLRT__LANES; i++)
        if (by_depth) {
            const float *row = s.data + (o + i) * s.outer;
            __builtin_prefetch(row + ahead * s.outer + PAIR * k);
            if (PAIR == 2) __builtin_prefetch(row + ahead * s.outer + PAIR * k + MLRT__LANES);
            v[i] = o + i < outers ? along_depth(row, k, depth) : (mlrt__lanes){0};
        } else {
            __builtin_prefetch(s.data + o + PAIR * (k + i + MLRT__LANES) * s.depth);
            if (PAIR == 2) __builtin_prefetch(s.data + o + (PAIR * (k + i + MLRT__LANES) + 1) * s.depth);
            v[i] = along_outer(s.data + o, s.depth, k + i, depth, outers - o);
        }
    if (by_depth == across) mlrt__transpose_square(v);
}

/* The part of a panel [lanes, width] that begins at lane k: rows (columns) first .. end - 1. */
MLRT__INLINE void pack_part(mlrt__side s, int64_t first, int64_t end, int64_t k, int64_t depth, int64_t lanes,
                            float *panel, int64_t width) {
    for (int64_t o = 0; o < width; o += MLRT__LANES) {
        mlrt__lanes v[MLRT__LANES];
        load_square(s, first + o, end, k, depth, true, width, v);
#pragma GCC unroll 16
        for (int i = 0; i < MLRT__LANES; i++)
            if (k + i < lanes) mlrt__store_some(panel + (k + i) * width + o, v[i], width - o);
    }
}

/* Panels of `width` rows (columns), [lanes, width] each, in the order in which the operand lies in memory. */
MLRT__INLINE void pack_panels(mlrt__side s, int64_t outers, int64_t depth, int64_t lanes, float *to, int64_t width) {
    const int64_t deep = s.depth == 1 ? lanes : MLRT__LANES;
    for (int64_t begin = 0; begin < lanes; begin += deep)
        for (int64_t first = 0; first < outers; first += width) {
            const int64_t end = outers < first + width ? outers : first + width;
            for (int64_t k = begin; k < begin + deep && k < lanes; k += MLRT__LANES)
                pack_part(s, first, end, k, depth, lanes, to + first * lanes, width);
        }
}

/* Two vectors of a row of results: added to what is there, and ended. */
MLRT__INLINE void put(const mlrt__tile_job *t, int r, int v, mlrt__lanes sum) {
    const int64_t at = v * MLRT__LANES, left = t->columns - at;
    float *y = t->y + r * t->y_row + at;
    if (left <= 0) return;
    if (t->add) sum += mlrt__load_some(y, left);
    if (t->ending && t->ending->bias) sum += mlrt__load_some(t->ending->bias + at, left);
    if (t->ending && t->ending->relu) sum = mlrt__relu_lanes(sum);
    mlrt__store_some(y, sum, left);
}

MLRT__INLINE mlrt__lanes multiply_add(mlrt__lanes sum, const float *a, mlrt__lanes b) {
#if PAIR == 2
    return (mlrt__lanes)_mm512_dpbf16_ps((__m512)sum, (__m512bh)_mm512_set1_ps(*a), (__m512bh)b);
#else
    return sum + *a * b;
#endif
}

enum { TILE_ROWS = MLRT__LANES == 16 ? 12 : 6, TILE_COLUMNS = 2 * MLRT__LANES };
enum { AHEAD = 8 }; /* lanes of k that b is fetched ahead */

static void run_tile(const mlrt__tile_job *t) {
    mlrt__lanes sum[TILE_ROWS][2] = {0};
    const float *a = t->a, *b = t->b;
#pragma GCC unroll 12
    for (int r = 0; r < TILE_ROWS; r++)
        if (r < t->rows) __builtin_prefetch(t->y + r * t->y_row, 1), __builtin_prefetch(t->y + r * t->y_row + 16, 1);
    for (int64_t k = 0; k < t->lanes; k++, a += TILE_ROWS, b += 2 * MLRT__LANES) {
        const mlrt__lanes x = mlrt__load(b), z = mlrt__load(b + MLRT__LANES);
        __builtin_prefetch(b + 2 * AHEAD * MLRT__LANES);
        if (MLRT__LANES == 16) __builtin_prefetch(b + (2 * AHEAD + 1) * MLRT__LANES);
#pragma GCC unroll 12
        for (int r = 0; r < TILE_ROWS; r++) {
            sum[r][0] = multiply_add(sum[r][0], a + r, x);
            sum[r][1] = multiply_add(sum[r][1], a + r, z);
        }
    }
#pragma GCC unroll 12
    for (int r = 0; r < TILE_ROWS; r++)
        if (r < t->rows) put(t, r, 0, sum[r][0]), put(t, r, 1, sum[r][1]);
}

#endif
