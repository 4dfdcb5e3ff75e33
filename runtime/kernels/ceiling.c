/* ceiling.c - how fast this machine does a matrix product alone. */
#include "kernels/ceiling.h"
#include "base/arena.h"
#include "base/text.h"
#include "kernels/onednn.h"
#include <math.h>

/* ---- timing ---- */

/* One product, run again and again. */
typedef struct runner {
    void (*run)(struct runner *r);
    mlrt__dnnl *call;
    mlrt_error *err;
    const mlrt__kernel *kernel; /* or this one with a call of its own */
    mlrt_call own;
} runner;

static void run_dnnl(runner *r) { mlrt__dnnl_repeat(r->call, r->err); }
static void run_own(runner *r) { r->kernel->run(&r->own); }

static double seconds_of(runner *r, int64_t runs) {
    const double start = mlrt__now();
    for (int64_t i = 0; i < runs; i++) r->run(r);
    return (mlrt__now() - start) / (double)runs;
}

/* The best of some windows: a product is as fast as when nothing disturbs it. Short ones are run for some milliseconds; a
 * way that is clearly slower than `best` is given up. */
static double best_of(runner *r, double best) {
    enum { WINDOWS = 4 };
    static const double window = 2e-3, hope = 1.15;
    const double first = seconds_of(r, 1);
    const int64_t runs = first < window ? (int64_t)(window / (first + 1e-7)) + 1 : 1;
    double least = runs == 1 ? first : seconds_of(r, runs);
    for (int32_t i = 1; i < WINDOWS && least < hope * best; i++) least = fmin(least, seconds_of(r, runs));
    return fmin(least, best);
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

typedef struct buffers {
    void *a, *b, *y;
} buffers;

static mlrt__dnnl_view view(const mlrt__product *p, mlrt_dtype dtype, int64_t rows, int64_t columns, bool transposed,
                            bool any) {
    const int64_t row = transposed ? 1 : columns, column = transposed ? rows : 1;
    mlrt__dnnl_view v = {dtype, 2, {rows, columns}, {row, column}, any};
    if (p->batch > 1) v = (mlrt__dnnl_view){dtype, 3, {p->batch, rows, columns}, {rows * columns, row, column}, any};
    return v;
}

/* The best time so far, or that of oneDNN, which may refuse a way. */
static double try_dnnl(const mlrt__product *p, const way *w, mlrt_dtype dtype, int32_t threads, const buffers *at,
                       double best) {
    mlrt_error err = {0};
    runner r = {.run = run_dnnl, .err = &err};
    const mlrt__dnnl_view a = view(p, dtype, p->m, p->k, w->a_transposed, w->a_any),
                          b = view(p, dtype, p->k, p->n, w->b_transposed, w->b_any),
                          y = view(p, w->y, p->m, p->n, false, w->y_any);
    void *data[] = {at->a, at->b, at->y};
    if (mlrt__dnnl_matmul(&a, &b, NULL, &y, threads, &r.call, &err) == MLRT_OK &&
        mlrt__dnnl_run(r.call, data, &err) == MLRT_OK)
        best = best_of(&r, best);
    mlrt__dnnl_free(r.call);
    return best;
}

/* What a program would do: the op's kernel on a node of its own. */
static double try_own(const mlrt__product *p, mlrt_dtype dtype, const buffers *at) {
    const mlrt__kernel *kernel = mlrt__kernel_find("matmul");
    const mlrt__matmul_attr attr = {.bf16 = dtype == MLRT_BF16};
    const mlrt_tensor in[] = {{MLRT_F32, MLRT_SHAPE_OF(p->batch, p->m, p->k), at->a},
                              {MLRT_F32, MLRT_SHAPE_OF(p->batch, p->k, p->n), at->b}};
    mlrt_node a = {.shape = in[0].shape}, b = {.shape = in[1].shape}, *operand[] = {&a, &b};
    const mlrt_node node = {.op = &mlrt__op_matmul,
                            .in = operand,
                            .inputs = 2,
                            .shape = MLRT_SHAPE_OF(p->batch, p->m, p->n),
                            .attr = &attr};
    mlrt_error err = {0};
    runner r = {.run = run_own, .kernel = kernel};
    r.own = (mlrt_call){.node = &node, .in = in, .inputs = 2, .out = {MLRT_F32, node.shape, at->y}, .err = &err};
    double best = INFINITY;
    const size_t scratch = kernel->scratch ? kernel->scratch(&node, mlrt__threads()) : 0;
    r.own.scratch = mlrt__alloc_large(scratch);
    if (r.own.scratch && kernel->prepare(&r.own, &err) == MLRT_OK) best = best_of(&r, INFINITY);
    kernel->release(&r.own);
    mlrt__free_large(r.own.scratch);
    return best;
}

/* ---- the best ---- */

/* A small product may be faster on one thread. */
static double best_time(const mlrt__product *p, mlrt_dtype dtype, int32_t threads, const buffers *at) {
    static const double small = 256 * 256 * 256;
    const bool alone = threads > 1 && (double)p->m * (double)p->n * (double)p->k <= small;
    double best = try_own(p, dtype, at);
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        if (ways[i].y == MLRT_BF16 && dtype != MLRT_BF16) continue;
        best = try_dnnl(p, &ways[i], dtype, threads, at, best);
        if (alone) best = try_dnnl(p, &ways[i], dtype, 1, at, best);
    }
    return best;
}

/* Numbers near one in either dtype, with both signs: the power that a product takes depends on its numbers. */
static bool fill(void **data, int64_t count) {
    uint32_t *x = *data = mlrt__alloc_large(sizeof(float) * (size_t)count);
    for (int64_t i = 0; x && i < count; i++) x[i] = 0x3f803f80u ^ ((uint32_t)i * 2654435761u & 0x803f803fu);
    return x;
}

mlrt_status mlrt__product_seconds(const mlrt__product *p, mlrt_dtype dtype, int32_t threads, double *seconds,
                                  mlrt_error *err) {
    buffers at = {0};
    *seconds = INFINITY;
    const bool filled = fill(&at.a, p->batch * p->m * p->k) && fill(&at.b, p->batch * p->k * p->n) &&
                        fill(&at.y, p->batch * p->m * p->n);
    if (filled) *seconds = best_time(p, dtype, threads, &at);
    mlrt__free_large(at.a);
    mlrt__free_large(at.b);
    mlrt__free_large(at.y);
    if (!filled) return mlrt_fail(err, MLRT_MEMORY, "out of memory");
    return isfinite(*seconds) ? MLRT_OK
                              : mlrt_fail(err, MLRT_UNSUPPORTED, "oneDNN multiplies no %s numbers on this machine",
                                          mlrt_dtype_name(dtype));
}
