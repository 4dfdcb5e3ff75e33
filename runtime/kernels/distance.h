/* distance.h - what attention adds for the distance between a key and a query: see mlrt_attention_with in graph.h.
 *
 * Of a block of queries, products with the vectors of all distances that occur in it are [distances, queries], as scores
 * are [keys, queries]. A query meets a distance once, except the two ends, where all keys beyond are. */
#ifndef MLRT__DISTANCE_H
#define MLRT__DISTANCE_H

#include "kernels/attention.h"

/* Key j is clip(j - r + shift, 0, count - 1) from query r of the block, counted from distance `first` on. */
typedef struct reach {
    int64_t first, count, shift;
} reach;

static inline int64_t clip(int64_t x, int64_t most) { return at_least(0, at_most(x, most)); }

/* Of the queries i .. i + rows - 1 and the first n keys. */
static inline reach reach_of(const attention *a, int64_t i, int64_t rows, int64_t n) {
    const int64_t middle = a->distances / 2 - (i + a->most[KEYS] - a->most[QUERIES]), most = a->distances - 1;
    const int64_t first = clip(middle - rows + 1, most), last = clip(middle + n - 1, most);
    return (reach){first, n > 0 ? last - first + 1 : 0, middle - first};
}

/* The most that a block can have. */
static inline int64_t reach_size(const attention *a) { return at_most(a->distances, a->most[KEYS] + BLOCK); }

/* The vectors of a tensor [distances, width] or [distances, heads * width] for one head. */
static inline matrix far_head(const mlrt_tensor *t, int64_t head, int64_t width) {
    const int64_t row = t->shape.dim[1];
    return matrix_of((float *)t->data + (row > width ? head * width : 0), t->shape.dim[0], row, width);
}

/* s [n, lanes] += what g [distances, lanes] has for the distance of each key and query. */
static inline void spread_distances(float *s, const float *g, int64_t n, int64_t lanes, int64_t rows, reach d) {
    const int32_t width = (int32_t)lanes, most = (int32_t)d.count - 1;
    for (int64_t j = 0; j < n; j++) {
        const int32_t from = (int32_t)(j + d.shift);
#pragma omp simd
        for (int32_t r = 0; r < (int32_t)rows; r++) {
            const int32_t x = from - r, low = x < 0 ? 0 : x, at = low > most ? most : low;
            s[j * lanes + r] += g[at * width + r];
        }
    }
}

/* sum [lanes] += s [keys first .. last - 1, lanes] of the keys below (above) the bound of each query. */
static inline void add_beyond(float *sum, const float *s, int64_t first, int64_t last, int64_t lanes, int64_t rows,
                              int64_t bound, bool below) {
    for (int64_t j = first; j < last; j++)
#pragma omp simd
        for (int32_t r = 0; r < (int32_t)rows; r++) {
            const int32_t past = (int32_t)(j - bound) - r;
            sum[r] += (below ? past < 0 : past > 0) ? s[j * lanes + r] : 0.0f;
        }
}

/* The transpose of spread_distances: g [distances, lanes] = the sums of s [n, lanes] over the keys at each distance. */
static inline void collect_distances(const float *s, float *g, int64_t n, int64_t lanes, int64_t rows, reach d) {
    const int32_t width = (int32_t)lanes, most = (int32_t)n - 1;
    for (int64_t k = 0; k < d.count; k++) {
        const int32_t from = (int32_t)(k - d.shift);
#pragma omp simd
        for (int32_t r = 0; r < (int32_t)rows; r++) {
            const int32_t j = from + r, low = j < 0 ? 0 : j, at = low > most ? most : low;
            g[k * lanes + r] = j == at ? s[at * width + r] : 0.0f;
        }
    }
    if (d.count == 0) return;
    const int64_t last = d.count - 1;
    add_beyond(g, s, 0, at_most(n, at_least(0, rows - d.shift)), lanes, rows, -d.shift, true);
    add_beyond(g + last * lanes, s, at_least(0, last - d.shift), n, lanes, rows, last - d.shift, false);
}

#endif
