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

/* A vector of lanes along k from x on, where `left` elements are. */
MLRT__INLINE mlrt__lanes along_depth(const float *x, int64_t left) {
#if PAIR == 2
    const mlrt__lanes low = load_left(x, left), high = load_left(x + MLRT__LANES, left - MLRT__LANES);
    return (mlrt__lanes)_mm512_cvtne2ps_pbh((__m512)high, (__m512)low);
#else
    return load_left(x, left);
#endif
}

/* One lane of the rows (columns) from x on, of which `rows` are there; `left` elements are there along k. */
MLRT__INLINE mlrt__lanes along_outer(const float *x, int64_t stride, int64_t left, int64_t rows) {
    const mlrt__lanes low = left > 0 ? load_left(x, rows) : (mlrt__lanes){0};
#if PAIR == 2
    const __m512i zip = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6, 21,
                                         5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
    const mlrt__lanes high = left > 1 ? load_left(x + stride, rows) : (mlrt__lanes){0};
    return (mlrt__lanes)_mm512_permutexvar_epi16(zip, (__m512i)_mm512_cvtne2ps_pbh((__m512)high, (__m512)low));
#else
    (void)stride;
    return low;
#endif
}

/* The square of lanes at row `o` and lane `k`: vector i holds row o + i, or with `across` lane k + i; zeros beyond the
 * last row and lane.  */
MLRT__INLINE void load_square(mlrt__side s, bool by_depth, int64_t o, int64_t outers, int64_t k, int64_t depth,
                              bool across, mlrt__lanes v[MLRT__LANES]) {
    const bool whole = o + MLRT__LANES <= outers && PAIR * (k + MLRT__LANES) <= depth;
    const int64_t rows = whole ? MLRT__LANES : outers - o, left = whole ? PAIR * MLRT__LANES : depth - PAIR * k;
    const float *x = by_depth ? s.data + o * s.outer + PAIR * k : s.data + o + PAIR * k * s.depth;
    if (whole) {
#pragma GCC unroll 16
        for (int i = 0; i < MLRT__LANES; i++)
            v[i] = by_depth ? along_depth(x + i * s.outer, PAIR * MLRT__LANES)
                            : along_outer(x + PAIR * i * s.depth, s.depth, 2, MLRT__LANES);
    } else {
#pragma GCC unroll 16
        for (int i = 0; i < MLRT__LANES; i++)
            v[i] = by_depth ? (i < rows ? along_depth(x + i * s.outer, left) : (mlrt__lanes){0})
                            : along_outer(x + PAIR * i * s.depth, s.depth, left - PAIR * i, rows);
    }
    if (by_depth == across) mlrt__transpose_square(v);
}

/* What lies along k is transposed, square by square. */
MLRT__INLINE void pack_deep(mlrt__side s, int64_t outers, int64_t depth, int64_t lanes, float *to, int64_t width) {
    for (int64_t first = 0; first < outers; first += width)
        for (int64_t o = 0; o < width; o += MLRT__LANES)
            for (int64_t k = 0; k < lanes; k += MLRT__LANES) {
                mlrt__lanes v[MLRT__LANES];
                load_square(s, true, first + o, outers, k, depth, true, v);
#pragma GCC unroll 16
                for (int i = 0; i < MLRT__LANES; i++)
                    if (k + i < lanes) mlrt__store_some(to + first * lanes + (k + i) * width + o, v[i], width - o);
            }
}

/* What lies along the panels' width is copied, a few rows at a time: they are read as they lie in memory, and few enough
 * to stay in cache when their distance is a power of two. */
MLRT__INLINE void pack_wide(mlrt__side s, int64_t outers, int64_t depth, int64_t lanes, float *to, int64_t width) {
    enum { DEEP = 16 / PAIR };
    for (int64_t begin = 0; begin < lanes; begin += DEEP)
        for (int64_t first = 0; first < outers; first += width) {
            const bool whole = first + (width + MLRT__LANES - 1) / MLRT__LANES * MLRT__LANES <= outers;
            for (int64_t k = begin; k < begin + DEEP && k < lanes; k++)
                for (int64_t o = 0; o < width; o += MLRT__LANES) {
                    const float *x = s.data + first + o + PAIR * k * s.depth;
                    const int64_t rows = whole ? MLRT__LANES : outers - first - o, left = depth - PAIR * k;
                    mlrt__store_some(to + first * lanes + k * width + o, along_outer(x, s.depth, left, rows),
                                     width - o);
                }
        }
}

/* Panels of `width` rows (columns), [lanes, width] each. */
MLRT__INLINE void pack_panels(mlrt__side s, int64_t outers, int64_t depth, int64_t lanes, float *to, int64_t width) {
    if (s.depth == 1)
        pack_deep(s, outers, depth, lanes, to, width);
    else
        pack_wide(s, outers, depth, lanes, to, width);
}

/* Two vectors of a row of results: added to what is there, and ended. */
MLRT__INLINE void put(const mlrt__tile_job *t, int r, int v, mlrt__lanes sum) {
    const int64_t at = v * MLRT__LANES, left = t->columns - at;
    float *y = t->y + r * t->y_row + at;
    if (left <= 0) return;
    if (t->start) sum += mlrt__load_some(t->start + r * t->y_row + at, left);
    if (t->ending && t->ending->bias) sum += mlrt__load_some(t->ending->bias + at, left);
    if (t->ending && t->ending->relu) sum = mlrt__relu_lanes(sum);
    if (t->ending && t->ending->mask) {
        const mlrt__lanes mask = mlrt__load_some(t->ending->mask + r * t->y_row + at, left);
        sum = mlrt__where(mask > 0, sum);
    }
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
