/* reduce.c - sum and maximum over neighbouring axes, and where the maximum is.
 *
 * Of [outer, n, inner], n is cut into chunks and inner into blocks whose sizes depend on the shape alone, so any number
 * of threads gives the same bits. A chunk is reduced in f32 with many independent partial results, chunks are then
 * joined in f64: the error grows with the length of a chunk and not with n. A maximum keeps NaN.
 */
#include "kernels/axis.h"
#include "kernels/lanes.h"
#include "kernels/team.h"
#include "kernels/vmath.h"

enum {
    BLOCK = 512, /* columns at a time */
    LANES = 64,  /* partial results, when there are fewer columns */
    DEPTH = 128, /* elements that go into one partial result */
    SHORT = 256, /* a contiguous row up to this is not worth so many */
};

/* A constant wherever it is inlined. */
typedef enum operation { SUM, MAX } operation;

static inline float start(operation op) { return op == SUM ? 0.0f : -MLRT__INF; }

/* The maximum chooses by a mask, because the compiler makes jumps of many conditions in a row. */
static inline float join(operation op, float a, float b) {
    if (op == SUM) return a + b;
    const int32_t mask = -((b > a) | (b != b));
    return mlrt__from_bits((mlrt__bits(b) & mask) | (mlrt__bits(a) & ~mask));
}

static inline double join_f64(operation op, double a, double b) {
    if (op == SUM) return a + b;
    return ((b > a) | (b != b)) ? b : a;
}

typedef struct plan {
    mlrt__around x;
    int64_t group;         /* rows taken side by side, to fill the lanes */
    int64_t chunk, chunks; /* rows in a chunk, chunks in n */
    int64_t blocks;        /* blocks in inner */
} plan;

static plan plan_of(const mlrt_shape *shape, const mlrt__axis_attr *attr) {
    plan p = {.x = mlrt__around_axis(shape, attr->axis, attr->option), .group = 1};
    if (p.x.inner > 0 && p.x.inner < LANES) p.group = LANES / p.x.inner;
    if (p.group > p.x.n && p.x.n > 0) p.group = p.x.n;
    p.chunk = DEPTH * p.group;
    p.chunks = p.x.n > p.chunk ? (p.x.n + p.chunk - 1) / p.chunk : 1;
    p.blocks = (p.x.inner + BLOCK - 1) / BLOCK;
    return p;
}

static plan plan_of_call(const mlrt_call *c) { return plan_of(&c->in[0].shape, c->attr); }

static size_t scratch(const mlrt_node *n, int32_t threads) {
    (void)threads;
    const plan p = plan_of(&n->in[0]->shape, n->attr);
    return p.chunks > 1 ? sizeof(float) * (size_t)(p.x.outer * p.chunks * p.x.inner) : 0;
}

static double work(const plan *p) { return (double)p->x.outer * (double)p->x.n * (double)p->x.inner; }

static inline mlrt__lanes join_lanes(operation op, mlrt__lanes a, mlrt__lanes b) {
    return op == SUM ? a + b : mlrt__select((b > a) | (b != b), b, a);
}

/* n elements, and in the other lanes what changes nothing. */
static inline mlrt__lanes load_or_start(operation op, const float *x, int64_t n) {
    return mlrt__select(mlrt__live(n), mlrt__load_part(x, n), (mlrt__lanes){0} + start(op));
}

/* A short contiguous row. Joining the two halves of the lanes, interleaved, log2(lanes) times leaves all in each. */
static inline float reduce_row(operation op, const float *x, int64_t n) {
    mlrt__lanes acc = n < MLRT__LANES ? load_or_start(op, x, n) : mlrt__load(x);
    int64_t i = MLRT__LANES;
    for (; i + MLRT__LANES <= n; i += MLRT__LANES) acc = join_lanes(op, acc, mlrt__load(x + i));
    if (i < n) acc = join_lanes(op, acc, load_or_start(op, x + i, n - i));
    for (int lanes = MLRT__LANES; lanes > 1; lanes /= 2)
        acc = join_lanes(op, MLRT__ZIP_LOW(acc, acc), MLRT__ZIP_HIGH(acc, acc));
    return acc[0];
}

/* What is reduced: f32 numbers, or bf16 ones. */
typedef struct numbers {
    const void *data;
    bool narrow; /* a constant wherever it is inlined */
} numbers;

static inline numbers numbers_at(numbers x, int64_t i) {
    return (numbers){(const char *)x.data + i * (int64_t)(x.narrow ? sizeof(uint16_t) : sizeof(float)), x.narrow};
}

/* acc[i] joined with x[i], x[i + stride], ... of `rows` rows. */
static inline void accumulate_f32(operation op, float *acc, int64_t width, const float *x, int64_t rows,
                                  int64_t stride) {
    int64_t k = 0;
    for (; k + 8 <= rows; k += 8) {
        const float *r = x + k * stride;
#pragma omp simd
        for (int64_t i = 0; i < width; i++) {
            const float a = join(op, r[i], r[i + stride]), b = join(op, r[i + 2 * stride], r[i + 3 * stride]);
            const float c = join(op, r[i + 4 * stride], r[i + 5 * stride]);
            const float d = join(op, r[i + 6 * stride], r[i + 7 * stride]);
            acc[i] = join(op, acc[i], join(op, join(op, a, b), join(op, c, d)));
        }
    }
    for (; k < rows; k++) {
        const float *r = x + k * stride;
#pragma omp simd
        for (int64_t i = 0; i < width; i++) acc[i] = join(op, acc[i], r[i]);
    }
}

static inline void join_bf16(operation op, float *acc, const uint16_t *x, int64_t left) {
    mlrt__store_some(acc, join_lanes(op, mlrt__load_some(acc, left), mlrt__load_bf16(x, left)), left);
}

/* Four rows at a time, as they lie in memory. */
static inline void accumulate_bf16(operation op, float *acc, int64_t width, const uint16_t *x, int64_t rows,
                                   int64_t stride) {
    enum { ROWS = 4 };
    int64_t k = 0;
    for (; k + ROWS <= rows && width % MLRT__LANES == 0; k += ROWS)
        for (int64_t i = 0; i < width; i += MLRT__LANES) {
            mlrt__lanes v = mlrt__load(acc + i);
#pragma GCC unroll 4
            for (int r = 0; r < ROWS; r++)
                v = join_lanes(op, v, mlrt__load_bf16(x + (k + r) * stride + i, MLRT__LANES));
            mlrt__store(acc + i, v);
        }
    for (; k < rows; k++)
        for (int64_t i = 0; i < width; i += MLRT__LANES) join_bf16(op, acc + i, x + k * stride + i, width - i);
}

static inline void accumulate(operation op, float *acc, int64_t width, numbers x, int64_t rows, int64_t stride) {
    if (x.narrow)
        accumulate_bf16(op, acc, width, x.data, rows, stride);
    else
        accumulate_f32(op, acc, width, x.data, rows, stride);
}

/* One chunk of one block of columns: y[0 .. width-1]. */
static inline void reduce_chunk(operation op, const plan *p, float *y, int64_t width, numbers x, int64_t rows) {
    float acc[BLOCK];
    const int64_t stride = p->group * p->x.inner, whole = rows / p->group, left = rows % p->group;
    int64_t group = p->group;
    for (int64_t i = 0; i < group * width; i++) acc[i] = start(op);
    accumulate(op, acc, group * width, x, whole, stride);
    if (left) accumulate(op, acc, left * width, numbers_at(x, whole * stride), 1, 0);
    for (int64_t half; group > 1; group -= half) {
        half = group / 2;
        const float *upper = acc + (group - half) * width;
#pragma omp simd
        for (int64_t i = 0; i < half * width; i++) acc[i] = join(op, acc[i], upper[i]);
    }
    memcpy(y, acc, sizeof *y * (size_t)width);
}

static int64_t block_width(const plan *p, int64_t block) {
    const int64_t left = p->x.inner - block * BLOCK;
    return left < BLOCK ? left : BLOCK;
}

/* Items are (outer, chunk, block); results go to the output, or to scratch when there are several chunks. */
static inline void reduce_items(operation op, const mlrt_call *c, bool narrow, int64_t first, int64_t last) {
    const plan p = plan_of_call(c);
    const numbers all = {c->in[0].data, narrow};
    float *y = p.chunks > 1 ? c->scratch : c->out.data;
    if (!narrow && p.x.inner == 1 && p.x.n <= SHORT) {
        for (int64_t row = first; row < last; row++)
            y[row] = reduce_row(op, (const float *)c->in[0].data + row * p.x.n, p.x.n);
        return;
    }
    for (int64_t item = first; item < last; item++) {
        const int64_t block = item % p.blocks, chunk = item / p.blocks % p.chunks, outer = item / p.blocks / p.chunks;
        const int64_t row = chunk * p.chunk, rows = p.x.n - row < p.chunk ? p.x.n - row : p.chunk;
        const numbers x = numbers_at(all, (outer * p.x.n + row) * p.x.inner + block * BLOCK);
        float *to = y + (outer * p.chunks + chunk) * p.x.inner + block * BLOCK;
        reduce_chunk(op, &p, to, block_width(&p, block), x, rows);
    }
}

/* Items are (outer, block). */
static inline void join_items(operation op, const mlrt_call *c, int64_t first, int64_t last) {
    const plan p = plan_of_call(c);
    for (int64_t item = first; item < last; item++) {
        const int64_t outer = item / p.blocks, block = item % p.blocks, width = block_width(&p, block);
        const float *x = (const float *)c->scratch + outer * p.chunks * p.x.inner + block * BLOCK;
        float *y = (float *)c->out.data + outer * p.x.inner + block * BLOCK;
        double acc[BLOCK];
        for (int64_t i = 0; i < width; i++) acc[i] = (double)start(op);
        for (int64_t chunk = 0; chunk < p.chunks; chunk++, x += p.x.inner)
            for (int64_t i = 0; i < width; i++) acc[i] = join_f64(op, acc[i], (double)x[i]);
        for (int64_t i = 0; i < width; i++) y[i] = (float)acc[i];
    }
}

static void sum_items(const mlrt_call *c, int64_t first, int64_t last) { reduce_items(SUM, c, false, first, last); }
static void narrow_sum_items(const mlrt_call *c, int64_t first, int64_t last) {
    reduce_items(SUM, c, true, first, last);
}
static void sum_chunks(const mlrt_call *c, int64_t first, int64_t last) { join_items(SUM, c, first, last); }
static void max_items(const mlrt_call *c, int64_t first, int64_t last) { reduce_items(MAX, c, false, first, last); }
static void max_chunks(const mlrt_call *c, int64_t first, int64_t last) { join_items(MAX, c, first, last); }

static void reduce(const mlrt_call *c, mlrt__part *items, mlrt__part *chunks) {
    const plan p = plan_of_call(c);
    mlrt__share(c, p.x.outer * p.chunks * p.blocks, work(&p), items);
    if (p.chunks > 1) mlrt__share(c, p.x.outer * p.blocks, work(&p) / (double)p.chunk, chunks);
}

static void run_sum(const mlrt_call *c) {
    reduce(c, c->in[0].dtype == MLRT_BF16 ? narrow_sum_items : sum_items, sum_chunks);
}
static void run_max(const mlrt_call *c) { reduce(c, max_items, max_chunks); }

/* ---- argmax: the first of equals; the first NaN, if there is one ---- */

static int32_t argmax_row(const float *x, int64_t n) {
    float best = -MLRT__INF;
    for (int64_t i = 0; i < n; i += SHORT)
        best = join(MAX, best, reduce_row(MAX, x + i, n - i < SHORT ? n - i : SHORT));
    int64_t i = 0;
    if (best != best)
        while (x[i] == x[i]) i++;
    else
        while (x[i] != best) i++;
    return (int32_t)i;
}

static void argmax_columns(int32_t *y, const float *x, int64_t n, int64_t inner, int64_t width) {
    float best[BLOCK];
    int32_t at[BLOCK] = {0};
    memcpy(best, x, sizeof *best * (size_t)width);
    for (int64_t k = 1; k < n; k++) {
        const float *r = x + k * inner;
#pragma omp simd
        for (int64_t i = 0; i < width; i++) {
            const float v = r[i], b = best[i];
            const int32_t better = (v > b) | ((v != v) & (b == b));
            best[i] = better ? v : b;
            at[i] = better ? (int32_t)k : at[i];
        }
    }
    memcpy(y, at, sizeof *y * (size_t)width);
}

static void argmax_items(const mlrt_call *c, int64_t first, int64_t last) {
    const plan p = plan_of_call(c);
    for (int64_t item = first; item < last; item++) {
        const int64_t outer = item / p.blocks, block = item % p.blocks;
        const float *x = (const float *)c->in[0].data + outer * p.x.n * p.x.inner + block * BLOCK;
        int32_t *y = (int32_t *)c->out.data + outer * p.x.inner + block * BLOCK;
        if (p.x.inner == 1)
            *y = argmax_row(x, p.x.n);
        else
            argmax_columns(y, x, p.x.n, p.x.inner, block_width(&p, block));
    }
}

static void run_argmax(const mlrt_call *c) {
    const plan p = plan_of_call(c);
    mlrt__share(c, p.x.outer * p.blocks, work(&p), argmax_items);
}

static double flops(const mlrt_node *n) { return (double)mlrt_shape_count(&n->in[0]->shape); }

const mlrt__kernel MLRT_KERNELS(reduce)[] = {
    {"sum", .scratch = scratch, .run = run_sum, .flops = flops},
    {"max_reduce", .scratch = scratch, .run = run_max, .flops = flops},
    {"argmax", .run = run_argmax, .flops = flops},
    {0},
};
