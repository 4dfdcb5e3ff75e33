/* derivative.c - gradients of what a fixture built, by mlrt_grad and by finite differences. */
#include "derivative.h"
#include <math.h>
#include <string.h>

enum { SEED = 7 };

static derivative_part *add(derivative_part *list, int32_t *count, const char *name, mlrt_node *node) {
    if (*count == DERIVATIVE_MOST) {
        mlrt_graph_fail(mlrt_node_graph(node), MLRT_RANGE, "more than %d variables in one test", DERIVATIVE_MOST);
        return &list[0];
    }
    derivative_part *p = &list[(*count)++];
    *p = (derivative_part){name, node, mlrt_count(node), NULL};
    return p;
}

/* Normal numbers, or integers below the field's bound, in the field's own dtype. */
static void draw(fixture *f, derivative_part *p, const fixture_spec *spec) {
    const uint64_t stream = mlrt_stream(p->name);
    const int64_t below = spec ? spec->vocabulary.size : 0;
    p->value = mlrt__arena_alloc(&f->arena, sizeof(float) * (size_t)p->count);
    for (int64_t i = 0; i < p->count; i++) {
        const uint64_t at = (uint64_t)i;
        const int32_t n = below ? (int32_t)mlrt_random_below(SEED, stream, at, (uint64_t)below) : 0;
        if (spec && spec->dtype == MLRT_I32)
            memcpy(&p->value[i], &n, sizeof n);
        else
            p->value[i] = below ? (float)n : (float)mlrt_random_gauss(SEED, stream, at);
    }
}

static void add_field(derivative *d, const char *name, mlrt_node *node, const fixture_spec *spec) {
    draw(d->f, add(d->field, &d->fields, name, node), spec);
}

static void add_variables(derivative *d) {
    fixture *f = d->f;
    for (int32_t i = 0; i < f->inputs; i++) {
        add_field(d, f->x[i]->name, f->x[i], &f->spec[i]);
        if (f->spec[i].vocabulary.size) continue;
        add(d->variable, &d->variables, f->x[i]->name, f->x[i])->value = d->field[d->fields - 1].value;
    }
    for (int32_t i = 0; i < f->params.count; i++) {
        const mlrt__param *p = f->params.param[i];
        if (p->trained)
            add(d->variable, &d->variables, p->name, mlrt__parameter(f->graph, p->name, p->shape, p->init, true));
    }
}

/* s = the sum over parts of weight times part; the parts make way for their number. */
static mlrt_node *weighted_sum(derivative *d, int32_t order) {
    fixture *f = d->f;
    mlrt_node *s = mlrt_scalar(f->graph, 0);
    for (int32_t i = 0; i < d->parts; i++) {
        const char *name = mlrt__arena_printf(&f->arena, "weight %d of order %d", i, order);
        mlrt_node *w = mlrt__graph_input(f->graph, name, MLRT_F32, *mlrt_node_shape(d->part[i].node), NULL);
        add_field(d, name, w, NULL);
        d->part[i].value = d->field[d->fields - 1].value;
        s = mlrt_add(s, mlrt_sum(mlrt_mul(w, d->part[i].node), MLRT_ALL_AXES, false));
    }
    return s;
}

bool derivative_new(derivative *d, fixture *f, int32_t order) {
    mlrt_node *x[DERIVATIVE_MOST], *dx[DERIVATIVE_MOST];
    mlrt__want want[2 * DERIVATIVE_MOST];
    *d = (derivative){.f = f};
    if (f->err.status != MLRT_OK) return false;
    add_variables(d);
    for (int32_t i = 0; i < d->variables; i++) x[i] = d->variable[i].node;
    add(d->part, &d->parts, "y", f->y);
    for (int32_t k = 1; k <= order; k++) {
        if (k > 1) {
            d->parts = 0;
            for (int32_t i = 0; i < d->variables; i++) add(d->part, &d->parts, d->variable[i].name, dx[i]);
        }
        mlrt_grad(weighted_sum(d, k), x, d->variables, dx);
    }
    f->err = f->graph->error;
    for (int32_t i = 0; i < d->variables; i++) want[i] = (mlrt__want){dx[i], NULL};
    for (int32_t i = 0; i < d->parts; i++) want[d->variables + i] = (mlrt__want){d->part[i].node, NULL};
    if (!fixture_compile(f, want, d->variables + d->parts)) return false;
    for (int32_t i = 0; i < d->variables; i++)
        if (!d->variable[i].value) d->variable[i].value = fixture_param(f, d->variable[i].name);
    return true;
}

double derivative_value(derivative *d) {
    double s = 0;
    for (int32_t i = 0; i < d->fields; i++) fixture_fill(d->f, d->field[i].name, d->field[i].value);
    if (!fixture_run(d->f)) return NAN;
    for (int32_t i = 0; i < d->parts; i++) {
        const float *part = derivative_part_value(d, i);
        for (int64_t k = 0; k < d->part[i].count; k++) s += (double)part[k] * (double)d->part[i].value[k];
    }
    return s;
}

const float *derivative_of(const derivative *d, int32_t variable) { return fixture_result(d->f, variable); }

const float *derivative_part_value(const derivative *d, int32_t part) {
    return fixture_result(d->f, d->variables + part);
}

/* The same random numbers each time. */
static double first_step(derivative *d) {
    d->f->step = 0;
    return derivative_value(d);
}

/* f'(x) from f at x +- h and x +- 2 h, the error of order h^4: a step large enough for f32. */
static double difference(derivative *d, float *x) {
    const float at = *x, h = 1.0f / 32;
    double f[4];
    for (int32_t i = 0; i < 4; i++) {
        *x = at + h * (float)(int32_t[]){-2, -1, 1, 2}[i];
        f[i] = first_step(d);
    }
    *x = at;
    return (f[0] - 8 * f[1] + 8 * f[2] - f[3]) / (12 * (double)h);
}

double derivative_check(derivative *d) {
    enum { SAMPLES = 24 };
    double worst = 0, largest = 1;
    for (int32_t i = 0; i < d->variables; i++) {
        const derivative_part *v = &d->variable[i];
        for (int64_t k = 0; k < v->count; k += 1 + v->count / SAMPLES) {
            const double want = difference(d, &v->value[k]);
            first_step(d);
            const double got = (double)derivative_of(d, i)[k], miss = fabs(got - want);
            largest = fmax(largest, fabs(want));
            worst = miss <= worst ? worst : miss; /* NaN stays */
        }
    }
    return worst / largest;
}
