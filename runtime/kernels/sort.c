/* sort.c - stable ascending order along an axis, NaN last; of pairs at once; and running sums. */
#include "kernels/axis.h"
#include "kernels/team.h"
#include "kernels/vmath.h"
#include <string.h>

enum { FEW = 48, DIGIT = 256, DIGITS = 4, COLUMNS = 16 };

/* ---- argsort ---- */

/* A key in the upper half whose order as a number is that of x, both zeros alike and every NaN the last; the place of x
 * in the lower half, which makes any sort a stable one. */
static inline uint64_t item_of(float x, int64_t place) {
    const uint32_t bits = (uint32_t)mlrt__bits(x + 0.0f);
    const uint32_t key = x != x ? UINT32_MAX : bits & 0x80000000u ? ~bits : bits | 0x80000000u;
    return (uint64_t)key << 32 | (uint64_t)place;
}

static void sort_few(uint64_t *item, int64_t n) {
    for (int64_t i = 1; i < n; i++) {
        const uint64_t moved = item[i];
        int64_t k = i;
        for (; k > 0 && item[k - 1] > moved; k--) item[k] = item[k - 1];
        item[k] = moved;
    }
}

/* By one digit of the key after the other, the lowest first; a digit that all share is passed over. Returns where the
 * result is: `item` or `other`. */
static uint64_t *sort_many(uint64_t *item, uint64_t *other, int64_t n) {
    int64_t start[DIGITS][DIGIT] = {0};
    for (int64_t i = 0; i < n; i++)
        for (int d = 0; d < DIGITS; d++) start[d][item[i] >> (32 + 8 * d) & 0xff]++;
    for (int d = 0; d < DIGITS; d++) {
        if (start[d][item[0] >> (32 + 8 * d) & 0xff] == n) continue;
        for (int64_t digit = 0, at = 0, count; digit < DIGIT; digit++, at += count) {
            count = start[d][digit];
            start[d][digit] = at;
        }
        for (int64_t i = 0; i < n; i++) other[start[d][item[i] >> (32 + 8 * d) & 0xff]++] = item[i];
        uint64_t *swap = item;
        item = other, other = swap;
    }
    return item;
}

static mlrt__around around(const mlrt_call *c) {
    return mlrt__around_axis(&c->out.shape, ((const mlrt__axis_attr *)c->attr)->axis, 1);
}

static void argsort_columns(const mlrt_call *c, int64_t first, int64_t last) {
    const mlrt__around a = around(c);
    uint64_t *const item = (uint64_t *)c->scratch + 2 * a.n * omp_get_thread_num();
    for (int64_t column = first; column < last; column++) {
        const int64_t at = column / a.inner * a.n * a.inner + column % a.inner;
        const float *x = (const float *)c->in[0].data + at;
        int32_t *y = (int32_t *)c->out.data + at;
        uint64_t *sorted = item;
        for (int64_t k = 0; k < a.n; k++) item[k] = item_of(x[k * a.inner], k);
        if (a.n > FEW)
            sorted = sort_many(item, item + a.n, a.n);
        else
            sort_few(item, a.n);
        for (int64_t k = 0; k < a.n; k++) y[k * a.inner] = (int32_t)(uint32_t)sorted[k];
    }
}

static size_t argsort_scratch(const mlrt_node *n, int32_t threads) {
    const int64_t size = n->shape.dim[((const mlrt__axis_attr *)n->attr)->axis];
    return sizeof(uint64_t) * 2 * (size_t)size * (size_t)threads;
}

static void run_argsort(const mlrt_call *c) {
    const mlrt__around a = around(c);
    if (a.n > 0) mlrt__share(c, a.outer * a.inner, 20 * (double)mlrt_shape_count(&c->out.shape), argsort_columns);
}

/* ---- pairs: items are pairs, or rows of them when they are not neighbours ---- */

static inline bool descends(float a, float b) { return (a > b) | ((a != a) & (b == b)); }

static void order_neighbours(const mlrt_call *c, int64_t first, int64_t last) {
    const float *u = c->in[0].data, *x = c->in[1].data;
    float *y = c->out.data;
#pragma omp simd
    for (int64_t i = first; i < last; i++) {
        const float u0 = u[2 * i], u1 = u[2 * i + 1];
        const bool swap = descends(x[2 * i], x[2 * i + 1]);
        y[2 * i] = swap ? u1 : u0;
        y[2 * i + 1] = swap ? u0 : u1;
    }
}

static void order_rows(const mlrt_call *c, int64_t first, int64_t last) {
    const int64_t inner = around(c).inner;
    for (int64_t item = first; item < last; item++) {
        const float *u = (const float *)c->in[0].data + 2 * item * inner;
        const float *x = (const float *)c->in[1].data + 2 * item * inner;
        float *y = (float *)c->out.data + 2 * item * inner;
#pragma omp simd
        for (int64_t i = 0; i < inner; i++) {
            const float u0 = u[i], u1 = u[inner + i];
            const bool swap = descends(x[i], x[inner + i]);
            y[i] = swap ? u1 : u0;
            y[inner + i] = swap ? u0 : u1;
        }
    }
}

static void run_order_pairs(const mlrt_call *c) {
    const mlrt__around a = around(c);
    mlrt__share(c, a.outer, (double)mlrt_shape_count(&c->out.shape), a.inner == 1 ? order_neighbours : order_rows);
}

/* ---- cumsum, in f64: items are (outer, group of columns) ---- */

static void cumsum_row(const float *x, float *y, int64_t n, int64_t step) {
    double sum = 0;
    for (int64_t k = 0; k < n; k++, x += step, y += step) *y = (float)(sum += (double)*x);
}

static void cumsum_items(const mlrt_call *c, int64_t first, int64_t last) {
    const mlrt__around a = around(c);
    const int64_t groups = (a.inner + COLUMNS - 1) / COLUMNS;
    const bool reverse = ((const mlrt__axis_attr *)c->attr)->option;
    for (int64_t item = first; item < last; item++) {
        const int64_t start = item % groups * COLUMNS;
        const int64_t width = a.inner - start < COLUMNS ? a.inner - start : COLUMNS;
        const int64_t step = reverse ? -a.inner : a.inner;
        const int64_t at = item / groups * a.n * a.inner + start + (reverse ? (a.n - 1) * a.inner : 0);
        const float *x = (const float *)c->in[0].data + at;
        float *y = (float *)c->out.data + at;
        double sum[COLUMNS] = {0};
        if (width == 1) {
            cumsum_row(x, y, a.n, step);
            continue;
        }
        for (int64_t k = 0; k < a.n; k++, x += step, y += step) {
#pragma omp simd
            for (int64_t i = 0; i < width; i++) y[i] = (float)(sum[i] += (double)x[i]);
        }
    }
}

static void run_cumsum(const mlrt_call *c) {
    const mlrt__around a = around(c);
    mlrt__share(c, a.outer * ((a.inner + COLUMNS - 1) / COLUMNS), 4 * (double)mlrt_shape_count(&c->out.shape),
                cumsum_items);
}

const mlrt__kernel MLRT_KERNELS(sort)[] = {
    {"argsort", .scratch = argsort_scratch, .run = run_argsort},
    {"cumsum", .run = run_cumsum},
    {"order_pairs", .run = run_order_pairs},
    {0},
};
