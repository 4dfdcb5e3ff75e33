/* optimize.c - from gradients to new parameters.
 *
 * The buffer is cut into chunks of a fixed size: threads share them out, and sums over them are added in order, so the
 * number of threads changes nothing. */
#include "train/optimize.h"
#include "base/float_mode.h"
#include "base/text.h"
#include "program/program.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK = 8192 };

static int64_t chunks(int64_t count) { return (count + CHUNK - 1) / CHUNK; }
static size_t chunk_size(int64_t count, int64_t c) {
    return (size_t)(count - c * CHUNK < CHUNK ? count - c * CHUNK : CHUNK);
}

/* ---- groups ---- */

static int32_t group_of(const mlrt__optimizer *o, const char *name) {
    for (int32_t g = 1; g < o->groups; g++)
        if (mlrt__matches(o->group[g].pattern, name)) return g;
    return 0;
}

mlrt_status mlrt__optimizer_assign(const mlrt__optimizer *o, mlrt__params *params, mlrt_error *err) {
    for (int32_t i = 0; i < params->count; i++) params->param[i]->group = group_of(o, params->param[i]->name);
    for (int32_t g = 1; g < o->groups; g++) {
        bool used = false;
        for (int32_t i = 0; i < params->count; i++) used = used || params->param[i]->group == g;
        if (used) continue;
        mlrt_fail(err, MLRT_NAME, "no parameter matches the group '%s'", o->group[g].pattern);
        mlrt_at(err, "%s", o->group[g].optimizer->object.where);
        return params->count ? mlrt_hint(err, "the first one is '%s'", params->param[0]->name) : err->status;
    }
    return MLRT_OK;
}

static float learning_rate(const mlrt_optimizer *o) {
    for (const mlrt_prop *p = o->object.cls->props; p && p->name; p++)
        if (strcmp(p->name, "lr") == 0 && p->type == MLRT_PROP_TYPE_F32)
            return *(const float *)((const char *)o->object.props + p->offset);
    return 1;
}

mlrt_status mlrt__optimizer_bind(mlrt__optimizer *o, const mlrt__params *params, mlrt_error *err) {
    o->size = mlrt__params_trained(params);
    for (int32_t g = 0; g < o->groups; g++) mlrt__params_group(params, g, &o->group[g].from, &o->group[g].to);
    for (int32_t g = 0; g < o->groups; g++) o->group[g].lr = learning_rate(o->group[g].optimizer);
    o->slots = ((const mlrt_optimizer_class *)o->group[0].optimizer->object.cls)->slots;
    for (int32_t s = 0; s < o->slots; s++)
        if (!(o->slot[s] = mlrt__alloc_large(sizeof(float) * (size_t)o->size)))
            return mlrt_fail(err, MLRT_MEMORY, "out of memory for the optimizer's slots");
    return MLRT_OK;
}

void mlrt__optimizer_free(mlrt__optimizer *o) {
    for (int32_t s = 0; s < o->slots; s++) mlrt__free_large(o->slot[s]);
    o->slots = 0;
}

/* ---- the step ---- */

double mlrt__schedule_factor(const mlrt__optimizer *o, int64_t t) {
    if (!o->schedule) return 1;
    return ((const mlrt_schedule_class *)o->schedule->object.cls)->factor(o->schedule, t, o->total);
}

/* In four sums at a time, of which none waits for another. */
MLRT_VECTORISED static double squares_f32(const float *x, size_t count) {
    enum { PART = 1024, TOGETHER = 4 * PART };
    double sum = 0;
    for (; count >= TOGETHER; count -= TOGETHER, x += TOGETHER) {
        float a = 0, b = 0, c = 0, d = 0;
#pragma omp simd reduction(+ : a, b, c, d)
        for (size_t i = 0; i < PART; i++) {
            a += x[i] * x[i];
            b += x[PART + i] * x[PART + i];
            c += x[2 * PART + i] * x[2 * PART + i];
            d += x[3 * PART + i] * x[3 * PART + i];
        }
        sum += (double)(a + b) + (double)(c + d);
    }
    float rest = 0;
#pragma omp simd reduction(+ : rest)
    for (size_t i = 0; i < count; i++) rest += x[i] * x[i];
    return sum + (double)rest;
}

MLRT_VECTORISED static double squares_f64(const float *x, size_t count) {
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (size_t i = 0; i < count; i++) sum += (double)x[i] * (double)x[i];
    return sum;
}

/* In f32, twice as many at a time, unless squares leave its range. */
static double sum_of_squares(const float *x, size_t count) {
    const double sum = squares_f32(x, count);
    return sum > 1e-20 && sum < 1e30 ? sum : squares_f64(x, count);
}

MLRT_VECTORISED static void scale(float *x, size_t count, float factor) {
#pragma omp simd
    for (size_t i = 0; i < count; i++) x[i] *= factor;
}

enum { PARTS = 256 };

typedef struct squares {
    const float *grad;
    int64_t count, first; /* chunk of part[0] */
    double part[PARTS];
} squares;

static void norm_chunk(void *context, int64_t c) {
    squares *n = context;
    n->part[c] = sum_of_squares(n->grad + (n->first + c) * CHUNK, chunk_size(n->count, n->first + c));
}

double mlrt__gradient_norm(const float *grad, int64_t count) {
    squares n = {.grad = grad, .count = count};
    double sum = 0;
    const mlrt__float_mode mode = mlrt__flush_denormals();
    for (; n.first < chunks(count); n.first += PARTS) {
        const int64_t left = chunks(count) - n.first, parts = left < PARTS ? left : PARTS;
        mlrt__each(parts, (double)parts * CHUNK, norm_chunk, &n);
        for (int64_t c = 0; c < parts; c++) sum += n.part[c];
    }
    mlrt__set_float_mode(mode);
    return sqrt(sum);
}

typedef struct step {
    const mlrt__optimizer *o;
    const mlrt__group *group;
    float *params, *grad;
    float shrink, lr;
    int64_t t;
} step;

static void step_chunk(void *context, int64_t c) {
    const step *s = context;
    const mlrt__group *g = s->group;
    const int64_t at = g->from + c * CHUNK;
    mlrt_range range = {.param = s->params + at, .grad = s->grad + at, .lr = s->lr, .t = s->t};
    range.count = chunk_size(g->to - g->from, c);
    for (int32_t k = 0; k < s->o->slots; k++) range.slot[k] = s->o->slot[k] + at;
    if (s->shrink < 1) scale(s->grad + at, range.count, s->shrink);
    ((const mlrt_optimizer_class *)g->optimizer->object.cls)->step(g->optimizer, &range);
}

void mlrt__optimizer_step(const mlrt__optimizer *o, float *params, float *grad, double norm, int64_t t) {
    const float factor = (float)mlrt__schedule_factor(o, t);
    step s = {.o = o, .params = params, .grad = grad, .t = t};
    s.shrink = o->clip > 0 && norm > o->clip ? (float)(o->clip / norm) : 1;
    const mlrt__float_mode mode = mlrt__flush_denormals();
    for (int32_t i = 0; i < o->groups; i++) {
        const mlrt__group *g = s.group = &o->group[i];
        s.lr = g->lr * factor;
        mlrt__each(chunks(g->to - g->from), (double)(g->to - g->from), step_chunk, &s);
    }
    mlrt__set_float_mode(mode);
}
