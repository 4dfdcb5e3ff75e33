/* loss.c - cross-entropy of softmax(logits): with t the target of a row, eps the smoothing and V classes,
 *     loss = log(sum e^x) - (1 - eps) x_t - eps <x>,    dloss/dx = softmax(x) - (1 - eps) [t] - eps / V
 * averaged over the rows that are not ignored. */
#include "kernels/softmax.h"
#include "kernels/team.h"
#include <string.h>

enum { MAX_CHUNKS = 64 };

typedef struct rows {
    int64_t count, classes, chunks;
    const float *logits;
    const int32_t *target;
    const mlrt__cross_entropy_attr *attr;
} rows;

static rows rows_of(const mlrt_call *c) {
    const mlrt_shape *s = &c->in[0].shape;
    rows r = {.logits = c->in[0].data, .target = c->in[1].data, .attr = c->attr, .classes = s->dim[s->rank - 1]};
    r.count = mlrt_shape_count(&c->in[1].shape);
    r.chunks = r.count < MAX_CHUNKS ? r.count : MAX_CHUNKS;
    return r;
}

static bool counts(const rows *r, int64_t i) { return r->attr->ignore == -1 || r->target[i] != r->attr->ignore; }

/* How many rows count, or -1 after the failure that one has no such class. */
static int64_t check_targets(const mlrt_call *c, const rows *r) {
    int64_t counted = 0;
    for (int64_t i = 0; i < r->count; i++) {
        if (!counts(r, i)) continue;
        counted++;
        if (r->target[i] >= 0 && r->target[i] < r->classes) continue;
        mlrt_fail(c->err, MLRT_RANGE, "cross_entropy: target %lld is %d, expected a class in 0 .. %lld", (long long)i,
                  r->target[i], (long long)r->classes - 1);
        return -1;
    }
    return counted;
}

static double row_loss(const rows *r, int64_t i) {
    const float *x = r->logits + i * r->classes;
    const mlrt__exp_sum e = mlrt__exp_row(x, NULL, 1, NULL, r->classes);
    const double smoothing = r->attr->smoothing, xt = (double)x[r->target[i]];
    double mean = 0;
    if (smoothing != 0) {
        float sum = 0;
#pragma omp simd reduction(+ : sum)
        for (int64_t k = 0; k < r->classes; k++) sum += x[k];
        mean = (double)sum / (double)r->classes;
    }
    return (double)e.max + (double)mlrt__log(e.sum) - (1 - smoothing) * xt - smoothing * mean;
}

/* The sum of each chunk of rows into its place in the scratch memory. */
static void loss_chunks(const mlrt_call *c, int64_t first, int64_t last) {
    const rows r = rows_of(c);
    for (int64_t k = first; k < last; k++) {
        double sum = 0;
        for (int64_t i = r.count * k / r.chunks; i < r.count * (k + 1) / r.chunks; i++)
            if (counts(&r, i)) sum += row_loss(&r, i);
        ((double *)c->scratch)[k] = sum;
    }
}

static double work_of(const mlrt_call *c) { return 20 * (double)mlrt_shape_count(&c->in[0].shape); }

static void run_cross_entropy(const mlrt_call *c) {
    const rows r = rows_of(c);
    const int64_t counted = check_targets(c, &r);
    double sum = counted < 0 ? (double)MLRT__NAN : 0;
    if (counted > 0) {
        mlrt__share(c, r.chunks, work_of(c), loss_chunks);
        for (int64_t k = 0; k < r.chunks; k++) sum += ((const double *)c->scratch)[k];
    }
    *(float *)c->out.data = (float)(counted > 0 ? sum / (double)counted : sum);
}

static size_t loss_scratch(const mlrt_node *n, int32_t threads) {
    (void)n, (void)threads;
    return MAX_CHUNKS * sizeof(double);
}

/* The gradient of a row that counts, times the factor that run left in the scratch memory. */
static void grad_rows(const mlrt_call *c, int64_t first, int64_t last) {
    const rows r = rows_of(c);
    const int64_t n = r.classes;
    const double smoothing = r.attr->smoothing, factor = *(const double *)c->scratch;
    for (int64_t i = first; i < last; i++) {
        float *dx = (float *)c->out.data + i * n;
        if (!counts(&r, i)) {
            memset(dx, 0, sizeof(float) * (size_t)n);
            continue;
        }
        const float scale = (float)factor / mlrt__exp_row(r.logits + i * n, NULL, 1, dx, n).sum;
        const float uniform = (float)(factor * smoothing / (double)n);
#pragma omp simd
        for (int64_t k = 0; k < n; k++) dx[k] = dx[k] * scale - uniform;
        dx[r.target[i]] -= (float)(factor * (1 - smoothing));
    }
}

static void run_cross_entropy_grad(const mlrt_call *c) {
    const rows r = rows_of(c);
    const int64_t counted = check_targets(c, &r);
    if (counted < 0) return;
    *(double *)c->scratch = counted ? (double)*(const float *)c->in[2].data / (double)counted : 0;
    mlrt__share(c, r.count, work_of(c), grad_rows);
}

const mlrt__kernel MLRT_KERNELS(loss)[] = {
    {"cross_entropy", .scratch = loss_scratch, .run = run_cross_entropy},
    {"cross_entropy_grad", .scratch = loss_scratch, .run = run_cross_entropy_grad},
    {0},
};
