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

#if PAIR == 2
/* As many of 16 bf16 numbers as are left. */
MLRT__INLINE __m256i load_narrow(const uint16_t *x, int64_t left) {
    return left >= 16 ? _mm256_loadu_si256((const void *)x)
           : left > 0 ? _mm256_maskz_loadu_epi16(mlrt__lane_mask(left), x)
                      : _mm256_setzero_si256();
}

/* 32 bf16 numbers, the first 16 from x. */
MLRT__INLINE __m512i load_twice(mlrt__side s, const void *x, int64_t left, const void *z, int64_t z_left) {
    if (!s.narrow) return (__m512i)_mm512_cvtne2ps_pbh((__m512)load_left(z, z_left), (__m512)load_left(x, left));
    return _mm512_inserti64x4(_mm512_castsi256_si512(load_narrow(x, left)), load_narrow(z, z_left), 1);
}
#endif

/* Element i of an operand. */
MLRT__INLINE const void *element(mlrt__side s, int64_t i) {
    return (const char *)s.data + i * (int64_t)(s.narrow ? sizeof(uint16_t) : sizeof(float));
}

/* A vector of lanes along k from element i on, where `left` elements are. */
MLRT__INLINE mlrt__lanes along_depth(mlrt__side s, int64_t i, int64_t left) {
#if PAIR == 2
    return (mlrt__lanes)load_twice(s, element(s, i), left, element(s, i + MLRT__LANES), left - MLRT__LANES);
#else
    return load_left(element(s, i), left);
#endif
}

/* One lane of the rows (columns) from element i on, of which `rows` are there; `left` elements are there along k. */
MLRT__INLINE mlrt__lanes along_outer(mlrt__side s, int64_t i, int64_t left, int64_t rows) {
#if PAIR == 2
    const __m512i zip = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6, 21,
                                         5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
    const __m512i pairs =
        load_twice(s, element(s, i), left > 0 ? rows : 0, element(s, i + s.depth), left > 1 ? rows : 0);
    return (mlrt__lanes)_mm512_permutexvar_epi16(zip, pairs);
#else
    return left > 0 ? load_left(element(s, i), rows) : (mlrt__lanes){0};
#endif
}

/* The square of lanes at row `o` and lane `k`: vector i holds row o + i, or with `across` lane k + i; zeros beyond the
 * last row and lane.  */
MLRT__INLINE void load_square(mlrt__side s, bool by_depth, int64_t o, int64_t outers, int64_t k, int64_t depth,
                              bool across, mlrt__lanes v[MLRT__LANES]) {
    const bool whole = o + MLRT__LANES <= outers && PAIR * (k + MLRT__LANES) <= depth;
    const int64_t rows = whole ? MLRT__LANES : outers - o, left = whole ? PAIR * MLRT__LANES : depth - PAIR * k;
    const int64_t at = by_depth ? o * s.outer + PAIR * k : o + PAIR * k * s.depth;
    if (whole) {
#pragma GCC unroll 16
        for (int i = 0; i < MLRT__LANES; i++)
            v[i] = by_depth ? along_depth(s, at + i * s.outer, PAIR * MLRT__LANES)
                            : along_outer(s, at + PAIR * i * s.depth, PAIR, MLRT__LANES);
    } else {
#pragma GCC unroll 16
        for (int i = 0; i < MLRT__LANES; i++)
            v[i] = by_depth ? (i < rows ? along_depth(s, at + i * s.outer, left) : (mlrt__lanes){0})
                            : along_outer(s, at + PAIR * i * s.depth, left - PAIR * i, rows);
    }
    if (by_depth == across) mlrt__transpose_square(v);
}

/* Elements that will be packed soon, into the second-level cache: the processor does not see by itself that so many short
 * rows go on elsewhere. */
MLRT__INLINE void fetch(mlrt__side s, int64_t first, int64_t step, int count) {
#pragma GCC unroll 16
    for (int i = 0; i < count; i++) __builtin_prefetch(element(s, first + i * step), 0, 2);
}

/* What lies along k is transposed, square by square, while the next panel's rows are fetched: as many as a square has, also
 * where a panel has fewer, for a clipped loop is slower than what it saves. */
MLRT__INLINE void pack_deep(mlrt__side s, int64_t outers, int64_t depth, int64_t lanes, float *to, int64_t width) {
    for (int64_t first = 0; first < outers; first += width)
        for (int64_t o = 0; o < width; o += MLRT__LANES)
            for (int64_t k = 0; k < lanes; k += MLRT__LANES) {
                mlrt__lanes v[MLRT__LANES];
                fetch(s, (first + width + o) * s.outer + PAIR * k, s.outer, MLRT__LANES);
                load_square(s, true, first + o, outers, k, depth, true, v);
#pragma GCC unroll 16
                for (int i = 0; i < MLRT__LANES; i++)
                    if (k + i < lanes) mlrt__store_some(to + first * lanes + (k + i) * width + o, v[i], width - o);
            }
}

/* What lies along the panels' width is copied, a few rows at a time: they are read as they lie in memory, and few enough
 * to stay in cache when their distance is a power of two, while the next few are fetched. */
MLRT__INLINE void pack_wide(mlrt__side s, int64_t outers, int64_t depth, int64_t lanes, float *to, int64_t width) {
    enum { DEEP = 16 / PAIR };
    for (int64_t begin = 0; begin < lanes; begin += DEEP)
        for (int64_t first = 0; first < outers; first += width) {
            const bool whole = first + (width + MLRT__LANES - 1) / MLRT__LANES * MLRT__LANES <= outers;
            for (int64_t k = begin; k < begin + DEEP && k < lanes; k++)
                for (int64_t o = 0; o < width; o += MLRT__LANES) {
                    fetch(s, first + o + PAIR * (k + DEEP) * s.depth, s.depth, PAIR);
                    const int64_t rows = whole ? MLRT__LANES : outers - first - o, left = depth - PAIR * k;
                    mlrt__store_some(to + first * lanes + k * width + o,
                                     along_outer(s, first + o + PAIR * k * s.depth, left, rows), width - o);
                }
        }
}

/* The same operand, for a copy of the code for each kind of number. */
MLRT__INLINE mlrt__side kind_of(mlrt__side s, bool narrow) {
    s.narrow = PAIR == 2 && narrow;
    return s;
}

MLRT__INLINE void pack_kind(mlrt__side s, int64_t outers, int64_t depth, int64_t lanes, float *to, int64_t width) {
    if (s.depth == 1)
        pack_deep(s, outers, depth, lanes, to, width);
    else
        pack_wide(s, outers, depth, lanes, to, width);
}

/* Panels of `width` rows (columns), [lanes, width] each. */
MLRT__INLINE void pack_panels(mlrt__side s, int64_t outers, int64_t depth, int64_t lanes, float *to, int64_t width) {
    if (PAIR == 2 && s.narrow)
        pack_kind(kind_of(s, true), outers, depth, lanes, to, width);
    else
        pack_kind(kind_of(s, false), outers, depth, lanes, to, width);
}

/* As many of n > 0 numbers from element i on as there are lanes; beside f32 products none are narrow. */
MLRT__INLINE mlrt__lanes load_numbers(const void *x, bool narrow, int64_t i, int64_t n) {
    (void)narrow;
#if PAIR == 2
    if (narrow) return mlrt__load_bf16((const uint16_t *)x + i, n);
#endif
    return mlrt__load_some((const float *)x + i, n);
}

MLRT__INLINE void store_numbers(void *y, bool narrow, int64_t i, mlrt__lanes v, int64_t n) {
    (void)narrow;
#if PAIR == 2
    if (narrow) {
        _mm256_mask_storeu_epi16((uint16_t *)y + i, mlrt__lane_mask(n), (__m256i)_mm512_cvtneps_pbh((__m512)v));
        return;
    }
#endif
    mlrt__store_some((float *)y + i, v, n);
}

/* ---- the end of a tile ---- */

/* What is done to a sum, for code without questions. */
enum { START = 1, BIAS = 2, RELU = 4, MASK = 8, NARROW = 16 };

MLRT__INLINE int kind_of_end(const mlrt__tile_job *t) {
    const mlrt__ending *e = t->ending;
    const int added = (t->start ? START : 0) | (t->narrow_y ? NARROW : 0);
    return e ? added | (e->bias ? BIAS : 0) | (e->relu ? RELU : 0) | (e->mask ? MASK : 0) : added;
}

/* Vector v of row r, of which `left` numbers are there: added to what is there, ended, and stored. */
MLRT__INLINE void put(const mlrt__tile_job *t, int r, int v, mlrt__lanes sum, int64_t left, int kind) {
    const int64_t first = v * MLRT__LANES, at = r * t->y_row + first;
    const mlrt__ending *e = t->ending;
    if (kind & START) sum += mlrt__load_some(t->start + at, left);
    if (kind & BIAS) sum += mlrt__load_some(e->bias + first, left);
    if (kind & RELU) sum = mlrt__relu_lanes(sum);
    if (kind & MASK) sum = mlrt__where(load_numbers(e->mask, e->narrow_mask, at, left) > 0, sum);
    store_numbers(t->y, kind & NARROW, at, sum, left);
}

/* A vector of a tile that may not be whole. */
MLRT__INLINE void put_part(const mlrt__tile_job *t, int r, int v, mlrt__lanes sum) {
    const int64_t left = t->columns - v * MLRT__LANES;
    if (left > 0) put(t, r, v, sum, left, kind_of_end(t));
}

MLRT__INLINE void fetch_rows(const mlrt__tile_job *t, const void *x, bool narrow, int columns) {
    for (int r = 0; x && r < t->rows; r++)
        for (int v = 0; v < columns; v += 16)
            __builtin_prefetch((const char *)x + (r * t->y_row + v) * (narrow ? 2 : 4), 0, 2);
}

/* What the end of a tile reads and writes, while its products are under way. */
MLRT__INLINE void fetch_results(const mlrt__tile_job *t, int columns) {
    fetch_rows(t, t->y, t->narrow_y, columns);
    if (t->start != t->y) fetch_rows(t, t->start, false, columns);
    if (t->ending) fetch_rows(t, t->ending->mask, t->ending->narrow_mask, columns);
}

/* The ends that there are, for the cases of a switch. */
/* clang-format off */
#define EACH_END_F32(X) X(0) X(START) X(BIAS) X(BIAS | START) X(BIAS | RELU) X(BIAS | RELU | START) X(MASK)
#if PAIR == 2
#    define EACH_END(X) EACH_END_F32(X) X(NARROW) X(BIAS | NARROW) X(BIAS | RELU | NARROW) X(MASK | NARROW)
#else
#    define EACH_END(X) EACH_END_F32(X)
#endif
/* clang-format on */

/* ---- tiles in vectors ---- */

MLRT__INLINE mlrt__lanes multiply_add(mlrt__lanes sum, const float *a, mlrt__lanes b) {
#if PAIR == 2
    return (mlrt__lanes)_mm512_dpbf16_ps((__m512)sum, (__m512bh)_mm512_set1_ps(*a), (__m512bh)b);
#else
    return sum + *a * b;
#endif
}

/* A tile; the rows by which the last one of a panel may have fewer; lanes of k in a block. */
enum { TILE_ROWS = MLRT__LANES == 16 ? 12 : 6, TILE_COLUMNS = 2 * MLRT__LANES, TILE_PART = TILE_ROWS / 3 };
enum { TILE_LANES = 1024 };
enum { AHEAD = 8 }; /* lanes of k that b is fetched ahead */

MLRT__INLINE void multiply(const mlrt__tile_job *t, int rows, int vectors, mlrt__lanes sum[][2]) {
    const float *a = t->a, *b = t->b;
    for (int64_t k = 0; k < t->lanes; k++, a += TILE_ROWS, b += TILE_COLUMNS) {
        mlrt__lanes x[2];
#pragma GCC unroll 2
        for (int v = 0; v < vectors; v++) {
            x[v] = mlrt__load(b + v * MLRT__LANES);
            if (MLRT__LANES == 16 || v == 0) __builtin_prefetch(b + AHEAD * TILE_COLUMNS + v * MLRT__LANES);
        }
#pragma GCC unroll 12
        for (int r = 0; r < rows; r++)
#pragma GCC unroll 2
            for (int v = 0; v < vectors; v++) sum[r][v] = multiply_add(sum[r][v], a + r, x[v]);
    }
}

MLRT__INLINE void end_whole_rows(const mlrt__tile_job *t, mlrt__lanes sum[][2], int kind) {
#pragma GCC unroll 12
    for (int r = 0; r < TILE_ROWS; r++)
        put(t, r, 0, sum[r][0], MLRT__LANES, kind), put(t, r, 1, sum[r][1], MLRT__LANES, kind);
}

#define WHOLE_ROWS(kind)                                                                                               \
case kind: end_whole_rows(t, sum, kind); return;

/* So many rows, the last of which may not be there; of one vector where that holds all columns. */
MLRT__INLINE void run_rows(const mlrt__tile_job *t, int rows) {
    mlrt__lanes sum[TILE_ROWS][2] = {0};
    if (t->columns > MLRT__LANES)
        multiply(t, rows, 2, sum);
    else
        multiply(t, rows, 1, sum);
    if (rows == TILE_ROWS && t->rows == TILE_ROWS && t->columns == TILE_COLUMNS) switch (kind_of_end(t)) {
            EACH_END(WHOLE_ROWS)
        }
#pragma GCC unroll 12
    for (int r = 0; r < rows; r++)
        if (r < t->rows) put_part(t, r, 0, sum[r][0]), put_part(t, r, 1, sum[r][1]);
}

static void run_tile(const mlrt__tile_job *t) {
    fetch_results(t, TILE_COLUMNS);
    if (t->rows > 2 * TILE_PART)
        run_rows(t, TILE_ROWS);
    else if (t->rows > TILE_PART)
        run_rows(t, 2 * TILE_PART);
    else
        run_rows(t, TILE_PART);
}

#endif
