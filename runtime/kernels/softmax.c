/* softmax.c - softmax and its logarithm along the last axis. */
#include "kernels/softmax.h"
#include "kernels/team.h"

static int64_t width_of(const mlrt_call *c) { return c->out.shape.dim[c->out.shape.rank - 1]; }

static void softmax_rows(const mlrt_call *c, int64_t first, int64_t last) {
    const int64_t n = width_of(c);
    for (int64_t r = first; r < last; r++) {
        float *y = (float *)c->out.data + r * n;
        const mlrt__exp_sum e = mlrt__exp_row((const float *)c->in[0].data + r * n, NULL, 1, y, n);
        mlrt__scale_row(y, 1 / e.sum, n);
    }
}

static void log_softmax_rows(const mlrt_call *c, int64_t first, int64_t last) {
    const int64_t n = width_of(c);
    for (int64_t r = first; r < last; r++) {
        const float *x = (const float *)c->in[0].data + r * n;
        float *y = (float *)c->out.data + r * n;
        const mlrt__exp_sum e = mlrt__exp_row(x, NULL, 1, NULL, n);
        const float log_sum = mlrt__log(e.sum);
#pragma omp simd
        for (int64_t i = 0; i < n; i++) y[i] = (x[i] - e.max) - log_sum;
    }
}

static void run(const mlrt_call *c, mlrt__part *rows) {
    const int64_t count = mlrt_shape_count(&c->out.shape);
    if (count > 0) mlrt__share(c, count / width_of(c), 20 * (double)count, rows);
}

static void run_softmax(const mlrt_call *c) { run(c, softmax_rows); }
static void run_log_softmax(const mlrt_call *c) { run(c, log_softmax_rows); }

const mlrt__kernel MLRT_KERNELS(softmax)[] = {
    {"softmax", .run = run_softmax},
    {"log_softmax", .run = run_log_softmax},
    {0},
};
