/* ceiling.c - how fast this machine does a matrix product alone. */
#include "kernels/ceiling.h"
#include "base/arena.h"
#include "base/text.h"
#include "kernels/blocks.h"
#include "kernels/onednn.h"
#include <math.h>
#include <stdlib.h>

/* A product that can be run: by oneDNN, or by our own kernel. */
typedef struct runner {
    mlrt__dnnl *call;
    const mlrt__kernel *kernel; /* or this one with a call of its own */
    mlrt_call own;
    double best; /* seconds */
    mlrt_error err;
} runner;

/* What a program would do: the op's kernel on a node of its own. */
typedef struct own_node {
    mlrt_tensor in[2];
    mlrt_node a, b, node, *operand[2];
    mlrt__matmul_attr attr;
} own_node;

struct mlrt__yardstick {
    void *a, *b, *y;  /* memory that all ways share */
    runner own, dnnl; /* ours, and oneDNN's fastest way; .best is infinite when there is none */
    own_node node;
};

/* ---- timing ---- */

static void run_dnnl(runner *w) { mlrt__dnnl_repeat(w->call, &w->err); }
static void run_own(runner *w) { w->kernel->run(&w->own); }

static double seconds_of(runner *w, int64_t runs) {
    void (*const run)(runner *) = w->kernel ? run_own : run_dnnl;
    const double start = mlrt__now();
    for (int64_t i = 0; i < runs; i++) run(w);
    return mlrt__now() - start;
}

/* The best of some windows: a product is as fast as when nothing disturbs it. Short ones are run for some milliseconds; a
 * way that is clearly slower than `best` is given up. */
static double best_of(runner *w, double best) {
    enum { WINDOWS = 4 };
    static const double window = 2e-3, hope = 1.15;
    const double first = seconds_of(w, 1);
    const int64_t runs = first < window ? (int64_t)(window / (first + 1e-7)) + 1 : 1;
    double least = runs == 1 ? first : INFINITY;
    for (int32_t i = runs == 1; i < WINDOWS && (i == 0 || least < hope * best); i++)
        least = fmin(least, seconds_of(w, runs) / (double)runs);
    return least;
}

/* ---- ways of doing a product ---- */

typedef struct way {
    bool a_transposed, b_transposed, a_any, b_any, y_any;
    mlrt_dtype y;
} way;

static const way ways[] = {
    {.y = MLRT_F32},
    {.b_transposed = true, .y = MLRT_F32},
    {.a_transposed = true, .y = MLRT_F32},
    {.b_any = true, .y = MLRT_F32},
    {.a_any = true, .b_any = true, .y_any = true, .y = MLRT_F32},
    {.b_transposed = true, .y = MLRT_BF16},
    {.b_any = true, .y = MLRT_BF16},
    {.a_any = true, .b_any = true, .y_any = true, .y = MLRT_BF16},
};

static mlrt__dnnl_view view(const mlrt__product *p, mlrt_dtype dtype, int64_t rows, int64_t columns, bool transposed,
                            bool any) {
    const int64_t row = transposed ? 1 : columns, column = transposed ? rows : 1;
    mlrt__dnnl_view v = {dtype, 2, {rows, columns}, {row, column}, any};
    if (p->batch > 1) v = (mlrt__dnnl_view){dtype, 3, {p->batch, rows, columns}, {rows * columns, row, column}, any};
    return v;
}

static void release(runner *w) {
    mlrt__dnnl_free(w->call);
    if (w->kernel) w->kernel->release(&w->own);
    mlrt__free_large(w->own.scratch);
}

/* oneDNN may refuse a way. */
static void try_dnnl(mlrt__yardstick *y, const mlrt__product *p, const way *w, mlrt_dtype dtype, int32_t threads) {
    runner one = {.best = INFINITY};
    const mlrt__dnnl_view a = view(p, dtype, p->m, p->k, w->a_transposed, w->a_any),
                          b = view(p, dtype, p->k, p->n, w->b_transposed, w->b_any),
                          c = view(p, w->y, p->m, p->n, false, w->y_any);
    void *data[] = {y->a, y->b, y->y};
    if (mlrt__dnnl_matmul(&a, &b, NULL, &c, threads, &one.call, &one.err) == MLRT_OK &&
        mlrt__dnnl_run(one.call, data, &one.err) == MLRT_OK)
        one.best = best_of(&one, fmin(y->own.best, y->dnnl.best));
    if (one.best < y->dnnl.best) {
        release(&y->dnnl);
        y->dnnl = one;
    } else
        release(&one);
}

static void try_own(mlrt__yardstick *y, const mlrt__product *p, mlrt_dtype dtype) {
    own_node *o = &y->node;
    runner *w = &y->own;
    o->attr = (mlrt__matmul_attr){.bf16 = dtype == MLRT_BF16};
    o->in[0] = (mlrt_tensor){MLRT_F32, MLRT_SHAPE_OF(p->batch, p->m, p->k), y->a};
    o->in[1] = (mlrt_tensor){MLRT_F32, MLRT_SHAPE_OF(p->batch, p->k, p->n), y->b};
    o->a.shape = o->in[0].shape, o->b.shape = o->in[1].shape;
    o->operand[0] = &o->a, o->operand[1] = &o->b;
    o->node = (mlrt_node){.op = &mlrt__op_matmul,
                          .in = o->operand,
                          .inputs = 2,
                          .shape = MLRT_SHAPE_OF(p->batch, p->m, p->n),
                          .attr = &o->attr};
    const mlrt__format *f = mlrt__product_format(&o->node);
    if (f && f->pair == 2) o->in[0].dtype = o->in[1].dtype = o->a.dtype = o->b.dtype = MLRT_BF16;
    w->kernel = mlrt__kernel_find("matmul");
    w->own = (mlrt_call){.node = &o->node, .in = o->in, .inputs = 2, .out = {MLRT_F32, o->node.shape, y->y}};
    w->own.scratch = mlrt__alloc_large(w->kernel->scratch(&o->node, mlrt__threads()));
    if (w->own.scratch && w->kernel->prepare(&w->own, &w->err) == MLRT_OK) w->best = best_of(w, INFINITY);
}

/* ---- the best ---- */

/* A small product may be faster on one thread. */
static void try_all(mlrt__yardstick *y, const mlrt__product *p, mlrt_dtype dtype, int32_t threads) {
    static const double small = 256 * 256 * 256;
    const bool alone = threads > 1 && (double)p->m * (double)p->n * (double)p->k <= small;
    y->own.best = y->dnnl.best = INFINITY;
    try_own(y, p, dtype);
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        if (ways[i].y == MLRT_BF16 && dtype != MLRT_BF16) continue;
        try_dnnl(y, p, &ways[i], dtype, threads);
        if (alone) try_dnnl(y, p, &ways[i], dtype, 1);
    }
}

/* Numbers near one in either dtype, with both signs: the power that a product takes depends on its numbers. */
static bool fill(void **data, int64_t count) {
    uint32_t *x = *data = mlrt__alloc_large(sizeof(float) * (size_t)count);
    for (int64_t i = 0; x && i < count; i++) x[i] = 0x3f803f80u ^ ((uint32_t)i * 2654435761u & 0x803f803fu);
    return x;
}

void mlrt__yardstick_free(mlrt__yardstick *y) {
    if (!y) return;
    release(&y->own);
    release(&y->dnnl);
    mlrt__free_large(y->a);
    mlrt__free_large(y->b);
    mlrt__free_large(y->y);
    free(y);
}

mlrt_status mlrt__yardstick_new(const mlrt__product *p, mlrt_dtype dtype, int32_t threads, mlrt__yardstick **out,
                                mlrt_error *err) {
    mlrt__yardstick *y = *out = calloc(1, sizeof *y);
    const bool filled = y && fill(&y->a, p->batch * p->m * p->k) && fill(&y->b, p->batch * p->k * p->n) &&
                        fill(&y->y, p->batch * p->m * p->n);
    if (!filled) return mlrt_fail(err, MLRT_MEMORY, "out of memory");
    try_all(y, p, dtype, threads);
    return isfinite(mlrt__yardstick_best(y))
               ? MLRT_OK
               : mlrt_fail(err, MLRT_UNSUPPORTED, "unable to multiply %s numbers", mlrt_dtype_name(dtype));
}

double mlrt__yardstick_best(const mlrt__yardstick *y) { return fmin(y->own.best, y->dnnl.best); }

double mlrt__yardstick_seconds(mlrt__yardstick *y, int64_t runs) {
    double seconds = INFINITY;
    if (isfinite(y->own.best)) seconds = seconds_of(&y->own, runs);
    if (y->dnnl.best < 1.5 * y->own.best) seconds = fmin(seconds, seconds_of(&y->dnnl, runs));
    return seconds;
}
