/* index.c - elements looked up by number, and added where a number says.
 *
 * Additions to one place are made in the order of the index by one thread, whatever the number of threads: those split
 * the columns. An index outside the range is an error; it reads zeros and adds to nothing.
 */
#include "kernels/axis.h"
#include "kernels/team.h"
#include <string.h>

enum { COLUMNS = 16 }; /* the fewest that a thread gets: a cache line of f32 */

static inline bool inside(int32_t at, int64_t size) { return (at >= 0) & (at < size); }

/* Before the team starts, so that it is always the first wrong index that is told. */
static void check(const mlrt_call *c, const mlrt_tensor *index, int64_t size) {
    const int32_t *at = index->data;
    const int64_t count = mlrt_shape_count(&index->shape);
    int32_t wrong = 0;
#pragma omp simd reduction(| : wrong)
    for (int64_t i = 0; i < count; i++) wrong |= !inside(at[i], size);
    if (!wrong) return;
    int64_t i = 0;
    while (inside(at[i], size)) i++;
    mlrt_fail(c->err, MLRT_RANGE, "index %d is outside 0 .. %ld", at[i], (long)size - 1);
}

static int64_t column_items(int64_t columns) { return (columns + COLUMNS - 1) / COLUMNS; }
static int64_t at_most(int64_t a, int64_t b) { return a < b ? a : b; }

/* Single elements, one by one: gathering vectors is no faster. */
#define LOOK_UP(bits)                                                                                                  \
    static void look_up_##bits(uint##bits##_t *y, const uint##bits##_t *x, const int32_t *index, int64_t count,        \
                               int64_t size) {                                                                         \
        for (int64_t k = 0; k < count; k++) y[k] = inside(index[k], size) ? x[index[k]] : 0;                           \
    }
LOOK_UP(8)
LOOK_UP(16)
LOOK_UP(32)

/* ---- rows of a table ---- */

#define GATHER(bits)                                                                                                   \
    static void gather_##bits(const mlrt_call *c, int64_t first, int64_t last) {                                       \
        const mlrt__around table = mlrt__around_axis(&c->in[0].shape, 0, 1);                                           \
        const uint##bits##_t *x = c->in[0].data;                                                                       \
        const int32_t *index = c->in[1].data;                                                                          \
        uint##bits##_t *y = (uint##bits##_t *)c->out.data + first * table.inner;                                       \
        if (table.inner == 1) {                                                                                        \
            look_up_##bits(y, x, index + first, last - first, table.n);                                                \
            return;                                                                                                    \
        }                                                                                                              \
        for (int64_t k = first; k < last; k++, y += table.inner) {                                                     \
            const int64_t at = inside(index[k], table.n) ? index[k] * table.inner : -1;                                \
            if (at < 0)                                                                                                \
                memset(y, 0, sizeof *y *(size_t)table.inner);                                                          \
            else                                                                                                       \
                _Pragma("omp simd") for (int64_t i = 0; i < table.inner; i++) y[i] = x[at + i];                        \
        }                                                                                                              \
    }
GATHER(8)
GATHER(16)
GATHER(32)

static void run_gather(const mlrt_call *c) {
    static mlrt__part *const by_size[] = {[1] = gather_8, [2] = gather_16, [4] = gather_32};
    check(c, &c->in[1], c->in[0].shape.dim[0]);
    mlrt__share(c, mlrt_shape_count(&c->in[1].shape), (double)mlrt_shape_count(&c->out.shape),
                by_size[mlrt_dtype_size(c->out.dtype)]);
}

/* Items are groups of columns. */
static void scatter_columns(const mlrt_call *c, int64_t first, int64_t last) {
    const mlrt__around out = mlrt__around_axis(&c->out.shape, 0, 1);
    const int64_t start = first * COLUMNS, width = at_most(last * COLUMNS, out.inner) - start;
    const int64_t count = mlrt_shape_count(&c->in[0].shape);
    const int32_t *index = c->in[0].data;
    const float *x = (const float *)c->in[1].data + start;
    float *y = (float *)c->out.data + start;
    if (first == last) return;
    for (int64_t r = 0; r < out.n; r++) memset(y + r * out.inner, 0, sizeof *y * (size_t)width);
    for (int64_t k = 0; k < count; k++) {
        if (!inside(index[k], out.n)) continue;
        float *to = y + index[k] * out.inner;
        const float *from = x + k * out.inner;
#pragma omp simd
        for (int64_t i = 0; i < width; i++) to[i] += from[i];
    }
}

static void run_scatter_add(const mlrt_call *c) {
    const mlrt__around out = mlrt__around_axis(&c->out.shape, 0, 1);
    check(c, &c->in[0], out.n);
    mlrt__share(c, column_items(out.inner), (double)mlrt_shape_count(&c->in[1].shape), scatter_columns);
}

/* ---- rows without padding ---- */

static void run_row_starts(const mlrt_call *c) {
    const int64_t batch = c->in[0].shape.dim[0], length = c->in[0].shape.dim[1];
    int32_t *start = c->out.data;
    start[0] = 0;
    for (int64_t b = 0; b < batch; b++) {
        const float *mask = (const float *)c->in[0].data + b * length;
        int64_t n = length;
        while (n > (b == 0) && mask[n - 1] == 0) n--;
        start[b + 1] = start[b] + (int32_t)n;
    }
}

static void run_rows_kept(const mlrt_call *c) {
    const int64_t batch = c->in[0].shape.dim[0] - 1, length = ((const mlrt__kept_attr *)c->attr)->length;
    const int32_t *start = c->in[0].data;
    int32_t *row = c->out.data;
    for (int64_t b = 0; b < batch; b++)
        for (int32_t i = start[b]; i < start[b + 1]; i++) row[i] = (int32_t)(b * length) + i - start[b];
}

/* ---- along an axis: items are (outer, group of columns) ---- */

#define TAKE(bits)                                                                                                     \
    static void take_##bits(const mlrt_call *c, int64_t first, int64_t last) {                                         \
        const int32_t axis = ((const mlrt__axis_attr *)c->attr)->axis;                                                 \
        const mlrt__around in = mlrt__around_axis(&c->in[0].shape, axis, 1);                                           \
        const int64_t n = c->out.shape.dim[axis], groups = column_items(in.inner);                                     \
        for (int64_t item = first; item < last; item++) {                                                              \
            const int64_t outer = item / groups, start = item % groups * COLUMNS;                                      \
            const int64_t width = at_most(in.inner - start, COLUMNS);                                                  \
            const uint##bits##_t *x = (const uint##bits##_t *)c->in[0].data + outer * in.n * in.inner + start;         \
            const int32_t *index = (const int32_t *)c->in[1].data + outer * n * in.inner + start;                      \
            uint##bits##_t *y = (uint##bits##_t *)c->out.data + outer * n * in.inner + start;                          \
            if (in.inner == 1) {                                                                                       \
                look_up_##bits(y, x, index, n, in.n);                                                                  \
                continue;                                                                                              \
            }                                                                                                          \
            for (int64_t k = 0; k < n; k++, index += in.inner, y += in.inner)                                          \
                for (int64_t i = 0; i < width; i++) y[i] = inside(index[i], in.n) ? x[index[i] * in.inner + i] : 0;    \
        }                                                                                                              \
    }
TAKE(8)
TAKE(16)
TAKE(32)

static void run_take_along(const mlrt_call *c) {
    static mlrt__part *const by_size[] = {[1] = take_8, [2] = take_16, [4] = take_32};
    const mlrt__around in = mlrt__around_axis(&c->in[0].shape, ((const mlrt__axis_attr *)c->attr)->axis, 1);
    check(c, &c->in[1], in.n);
    mlrt__share(c, in.outer * column_items(in.inner), (double)mlrt_shape_count(&c->out.shape),
                by_size[mlrt_dtype_size(c->out.dtype)]);
}

static void add_along_items(const mlrt_call *c, int64_t first, int64_t last) {
    const int32_t axis = ((const mlrt__add_along_attr *)c->attr)->axis;
    const mlrt__around out = mlrt__around_axis(&c->out.shape, axis, 1);
    const int64_t n = c->in[0].shape.dim[axis], groups = column_items(out.inner);
    for (int64_t item = first; item < last; item++) {
        const int64_t outer = item / groups, start = item % groups * COLUMNS;
        const int64_t width = at_most(out.inner - start, COLUMNS);
        const int32_t *index = (const int32_t *)c->in[0].data + outer * n * out.inner + start;
        const float *x = (const float *)c->in[1].data + outer * n * out.inner + start;
        float *y = (float *)c->out.data + outer * out.n * out.inner + start;
        for (int64_t r = 0; r < out.n; r++) memset(y + r * out.inner, 0, sizeof *y * (size_t)width);
        for (int64_t k = 0; k < n; k++, index += out.inner, x += out.inner)
            for (int64_t i = 0; i < width; i++)
                if (inside(index[i], out.n)) y[index[i] * out.inner + i] += x[i];
    }
}

static void run_add_along(const mlrt_call *c) {
    const mlrt__around out = mlrt__around_axis(&c->out.shape, ((const mlrt__add_along_attr *)c->attr)->axis, 1);
    check(c, &c->in[0], out.n);
    mlrt__share(c, out.outer * column_items(out.inner), (double)mlrt_shape_count(&c->in[1].shape), add_along_items);
}

const mlrt__kernel MLRT_KERNELS(index)[] = {
    {"gather", .run = run_gather},
    {"scatter_add", .run = run_scatter_add},
    {"row_starts", .run = run_row_starts},
    {"rows_kept", .run = run_rows_kept},
    {"take_along", .run = run_take_along},
    {"add_along", .run = run_add_along},
    {0},
};
