/* params.c - the one buffer of parameters: who lies where, and with which values it begins. */
#include "base/random.h"
#include "kernels/linalg.h"
#include "program/program.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- layout ---- */

enum { ALIGN = 16 }; /* elements: a cache line */

static int64_t rounded(int64_t n) { return (n + ALIGN - 1) / ALIGN * ALIGN; }

static int32_t most_groups(const mlrt__params *p) {
    int32_t most = 0;
    for (int32_t i = 0; i < p->count; i++)
        if (p->param[i]->group > most) most = p->param[i]->group;
    return most;
}

static int64_t place(mlrt__params *p, bool trained, int32_t group, int64_t at) {
    for (int32_t i = 0; i < p->count; i++) {
        mlrt__param *q = p->param[i];
        if (q->trained != trained || (trained && q->group != group)) continue;
        q->offset = at;
        at += rounded(mlrt_shape_count(&q->shape));
    }
    return at;
}

void mlrt__params_layout(mlrt__params *p) {
    int64_t at = 0;
    for (int32_t g = 0; g <= most_groups(p); g++) at = place(p, true, g, at);
    place(p, false, 0, at);
    p->closed = true;
}

void mlrt__params_group(const mlrt__params *p, int32_t group, int64_t *from, int64_t *to) {
    *from = *to = 0;
    bool any = false;
    for (int32_t i = 0; i < p->count; i++) {
        const mlrt__param *q = p->param[i];
        const int64_t end = q->offset + rounded(mlrt_shape_count(&q->shape));
        if (!q->trained || q->group != group) continue;
        if (!any || q->offset < *from) *from = q->offset;
        if (!any || end > *to) *to = end;
        any = true;
    }
}

static int64_t extent(const mlrt__params *p, bool trained_only) {
    int64_t end = 0;
    for (int32_t i = 0; i < p->count; i++) {
        const mlrt__param *q = p->param[i];
        const int64_t e = q->offset + rounded(mlrt_shape_count(&q->shape));
        if ((q->trained || !trained_only) && e > end) end = e;
    }
    return end;
}

int64_t mlrt__params_trained(const mlrt__params *p) { return extent(p, true); }
int64_t mlrt__params_size(const mlrt__params *p) { return extent(p, false); }

int64_t mlrt__params_count(const mlrt__params *p) {
    int64_t count = 0;
    for (int32_t i = 0; i < p->count; i++)
        if (p->param[i]->trained) count += mlrt_shape_count(&p->param[i]->shape);
    return count;
}

/* ---- initial values ---- */

typedef struct draw {
    uint64_t seed, stream;
    int64_t count;
    float *out;
} draw;

static void constant(draw d, double value) {
    for (int64_t i = 0; i < d.count; i++) d.out[i] = (float)value;
}
static void uniform(draw d, double low, double high) {
#pragma omp parallel for if (mlrt__worth_threads((double)d.count)) num_threads(mlrt__threads())
    for (int64_t i = 0; i < d.count; i += 2) {
        double u[2];
        mlrt__random_pair(d.seed, d.stream, (uint64_t)i / 2, u);
        d.out[i] = (float)(low + (high - low) * u[0]);
        if (i + 1 < d.count) d.out[i + 1] = (float)(low + (high - low) * u[1]);
    }
}
static void normal(draw d, double mean, double std) {
#pragma omp parallel for if (mlrt__worth_threads((double)d.count)) num_threads(mlrt__threads())
    for (int64_t i = 0; i < d.count; i++)
        d.out[i] = (float)(mean + std * mlrt_random_gauss(d.seed, d.stream, (uint64_t)i));
}

/* Fan of a weight [out, in, ...]; a vector counts as [n, 1]. */
static void fans(const mlrt_shape *s, double *in, double *out) {
    double rest = 1;
    for (int32_t i = 2; i < s->rank; i++) rest *= (double)s->dim[i];
    *out = (s->rank > 0 ? (double)s->dim[0] : 1) * rest;
    *in = (s->rank > 1 ? (double)s->dim[1] : 1) * rest;
}

/* Orthonormal columns of a tall matrix [length, vectors] of normal numbers: Q of its QR factorisation, with the signs that
 * make R's diagonal positive, so that every orthonormal set is equally likely. Then those columns, or rows when there are
 * fewer of these. */
static mlrt_status orthogonal(draw d, const mlrt_shape *s, mlrt_error *err) {
    const int64_t rows = s->rank > 0 ? s->dim[0] : 1, cols = d.count / rows;
    const bool tall = rows > cols;
    const int64_t length = tall ? rows : cols, vectors = tall ? cols : rows;
    double *a = mlrt__alloc_large(sizeof *a * (size_t)(2 * d.count + vectors * vectors));
    if (!a) return mlrt_fail(err, MLRT_MEMORY, "out of memory");
    double *q = a + d.count, *r = q + d.count;
    for (int64_t i = 0; i < d.count; i++) a[i] = mlrt_random_gauss(d.seed, d.stream, (uint64_t)i);
    const mlrt_status status = mlrt__qr(a, length, vectors, q, r, err);
    for (int64_t i = 0; i < length && status == MLRT_OK; i++)
        for (int64_t v = 0; v < vectors; v++) {
            const double x = r[v * vectors + v] < 0 ? -q[i * vectors + v] : q[i * vectors + v];
            d.out[tall ? i * cols + v : v * cols + i] = (float)x;
        }
    mlrt__free_large(a);
    return status;
}

static mlrt_status init_one(const mlrt__param *p, uint64_t seed, float *out, mlrt_error *err) {
    const draw d = {seed, mlrt_stream(p->name), mlrt_shape_count(&p->shape), out};
    double in, to;
    fans(&p->shape, &in, &to);
    switch (p->init.kind) {
    case MLRT_INIT_CONSTANT: constant(d, (double)p->init.a); break;
    case MLRT_INIT_UNIFORM: uniform(d, (double)p->init.a, (double)p->init.b); break;
    case MLRT_INIT_NORMAL: normal(d, (double)p->init.a, (double)p->init.b); break;
    case MLRT_INIT_XAVIER_UNIFORM: uniform(d, -sqrt(6 / (in + to)), sqrt(6 / (in + to))); break;
    case MLRT_INIT_XAVIER_NORMAL: normal(d, 0, sqrt(2 / (in + to))); break;
    case MLRT_INIT_KAIMING_UNIFORM: uniform(d, -sqrt(6 / in), sqrt(6 / in)); break;
    case MLRT_INIT_KAIMING_NORMAL: normal(d, 0, sqrt(2 / in)); break;
    case MLRT_INIT_FAN_IN: {
        const double n = p->init.a > 0 ? (double)p->init.a : in;
        uniform(d, -1 / sqrt(n), 1 / sqrt(n));
        break;
    }
    case MLRT_INIT_ORTHOGONAL:
        if (orthogonal(d, &p->shape, err) != MLRT_OK) return err->status;
        break;
    default: return mlrt_fail(err, MLRT_ARGUMENT, "parameter '%s' has an unknown initialiser", p->name);
    }
    const float scale = p->init.scale != 0 ? p->init.scale : 1;
    for (int64_t i = 0; scale != 1 && i < d.count; i++) out[i] *= scale;
    return MLRT_OK;
}

mlrt_status mlrt__params_init(const mlrt__params *p, uint64_t seed, float *buffer, mlrt_error *err) {
    for (int32_t i = 0; i < p->count; i++)
        if (init_one(p->param[i], seed, buffer + p->param[i]->offset, err) != MLRT_OK) return err->status;
    return MLRT_OK;
}
