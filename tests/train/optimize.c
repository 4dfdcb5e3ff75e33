/* optimize.c - from gradients to new parameters: groups, norm, clipping, schedules. */
#include "train/optimize.h"
#include "kernels/kernel.h"
#include "tap.h"
#include "tiny.h"

enum { LARGE = 2000003 };

/* ---- groups ---- */

static void add_param(mlrt_graph *g, const char *name, int64_t size, bool trained) {
    mlrt__parameter(g, name, MLRT_SHAPE_OF(size), MLRT_ZEROS, trained);
}

static bool inside(const mlrt__group *g, const mlrt__params *p, const char *name) {
    const mlrt__param *q = p->param[mlrt__params_find(p, name)];
    return q->offset >= g->from && q->offset + mlrt_shape_count(&q->shape) <= g->to;
}

static void test_groups(tiny *t) {
    mlrt__params params = {0};
    mlrt_graph *g = mlrt__graph_new(&params, true);
    mlrt_error err = {0};
    add_param(g, "decoder.out.bias", 3, true);
    add_param(g, "encoder.weight", 20, true);
    add_param(g, "decoder.weight", 30, true);
    add_param(g, "encoder.running_mean", 4, false);
    mlrt__group group[] = {{.optimizer = (mlrt_optimizer *)tiny_object(t, MLRT_KIND_OPTIMIZER, "adam", "lr = 0.5")},
                           {.pattern = "decoder.*",
                            .optimizer = (mlrt_optimizer *)tiny_object(t, MLRT_KIND_OPTIMIZER, "adam", "lr = 0.25")}};
    mlrt__optimizer o = {.group = group, .groups = 2};

    ok(mlrt__optimizer_assign(&o, &params, &err) == MLRT_OK, "parameters are given to groups");
    mlrt__params_layout(&params);
    ok(mlrt__optimizer_bind(&o, &params, &err) == MLRT_OK, "and groups to ranges");
    ok(inside(&group[1], &params, "decoder.weight") && inside(&group[1], &params, "decoder.out.bias"),
       "a pattern takes what it matches, through dots");
    ok(inside(&group[0], &params, "encoder.weight"), "group 0 takes the rest");
    ok(group[0].to <= group[1].from || group[1].to <= group[0].from, "ranges do not overlap");
    is_close((double)group[0].lr, 0.5, 0, "each has its learning rate");
    is_close((double)group[1].lr, 0.25, 0, "from its own properties");
    is_int(o.slots, 2, "Adam has two slots");
    is_int(o.size, mlrt__params_trained(&params), "a slot covers what is trained, and no kept buffer");
    mlrt__optimizer_free(&o);

    group[1].pattern = "decode.*";
    is_int(mlrt__optimizer_assign(&o, &params, &err), MLRT_NAME, "a pattern that matches nothing is refused");
    is_str(tiny_error(&err), "no parameter matches the group 'decode.*' (the first one is 'decoder.out.bias')",
           "with an example of a name");
    mlrt__graph_free(g);
    mlrt__params_free(&params);
}

/* ---- steps on one flat parameter ---- */

typedef struct flat {
    mlrt__params params;
    mlrt__group group;
    mlrt__optimizer optimizer;
    float *param, *grad;
} flat;

static flat flat_open(tiny *t, int64_t size, const char *optimizer, const char *properties) {
    flat f = {.group = {.optimizer = (mlrt_optimizer *)tiny_object(t, MLRT_KIND_OPTIMIZER, optimizer, properties)}};
    mlrt_graph *g = mlrt__graph_new(&f.params, true);
    add_param(g, "p", size, true);
    mlrt__graph_free(g);
    mlrt__params_layout(&f.params);
    f.optimizer = (mlrt__optimizer){.group = &f.group, .groups = 1, .total = 100};
    mlrt__optimizer_bind(&f.optimizer, &f.params, NULL);
    f.param = mlrt__alloc_large(sizeof(float) * (size_t)mlrt__params_size(&f.params));
    f.grad = mlrt__alloc_large(sizeof(float) * (size_t)mlrt__params_size(&f.params));
    return f;
}

static void flat_close(flat *f) {
    mlrt__optimizer_free(&f->optimizer);
    mlrt__free_large(f->param);
    mlrt__free_large(f->grad);
    mlrt__params_free(&f->params);
}

static void flat_step(flat *f, int64_t t) {
    f->optimizer.group = &f->group; /* f may have been copied */
    const double norm = mlrt__gradient_norm(f->grad, f->optimizer.size);
    mlrt__optimizer_step(&f->optimizer, f->param, f->grad, norm, t);
}

static void test_clipping(tiny *t) {
    flat f = flat_open(t, 4, "sgd", "lr = 1");
    const float grad[] = {3, -4, 12, 0};
    memcpy(f.grad, grad, sizeof grad);
    is_close(mlrt__gradient_norm(f.grad, 4), 13, 0, "the norm of (3, -4, 12, 0)");
    f.optimizer.clip = 6.5;
    flat_step(&f, 1);
    is_close_all(f.param, (float[]){-1.5f, 2, -6, 0}, 4, 0, "is brought down to the one asked for");
    f.optimizer.clip = 13;
    memcpy(f.grad, grad, sizeof grad);
    flat_step(&f, 2);
    is_close_all(f.param, (float[]){-4.5f, 6, -18, 0}, 4, 0, "a gradient of just that norm is not changed");
    f.optimizer.clip = 0;
    memcpy(f.grad, grad, sizeof grad);
    flat_step(&f, 3);
    is_close_all(f.param, (float[]){-7.5f, 10, -30, 0}, 4, 0, "nor is any without clipping");
    flat_close(&f);
}

static void test_schedule(tiny *t) {
    flat f = flat_open(t, 1, "sgd", "lr = 0.5");
    is_close(mlrt__schedule_factor(&f.optimizer, 7), 1, 0, "without a schedule the factor is 1");
    f.optimizer.schedule = (mlrt_schedule *)tiny_object(t, MLRT_KIND_SCHEDULE, "cosine", "");
    const mlrt_schedule_class *cls = (const mlrt_schedule_class *)f.optimizer.schedule->object.cls;
    double want = 0;
    for (int64_t step = 1; step <= 100; step += 33) {
        const double factor = cls->factor(f.optimizer.schedule, step, 100);
        f.grad[0] = 1;
        flat_step(&f, step);
        want -= (double)(float)(0.5f * (float)factor);
        is_close((double)f.param[0], want, 1e-6, "step %d goes lr * %.4f along the gradient", (int)step, factor);
    }
    flat_close(&f);
}

/* ---- threads, and what is not finite ---- */

static void fill(float *x, int64_t count) {
    for (int64_t i = 0; i < count; i++) x[i] = (float)(mlrt_random_f64(9, 0, (uint64_t)i) - 0.5);
}

static void test_norm(void) {
    float *x = mlrt__alloc_large(sizeof(float) * LARGE);
    fill(x, LARGE);
    double plain = 0, norm[3];
    for (int64_t i = 0; i < LARGE; i++) plain += (double)x[i] * (double)x[i];
    for (int32_t threads = 1; threads <= 2; threads++) {
        mlrt__set_threads(threads);
        norm[threads] = mlrt__gradient_norm(x, LARGE);
    }
    is_close(norm[1] / sqrt(plain), 1, 1e-6, "the norm of many");
    ok(norm[1] == norm[2], "has the same bits with one and two threads");
    x[LARGE - 1] = NAN;
    ok(isnan(mlrt__gradient_norm(x, LARGE)), "is not a number when the last element is none");
    x[LARGE - 1] = 0, x[12345] = -INFINITY;
    ok(isinf(mlrt__gradient_norm(x, LARGE)), "is infinite when one element is");
    for (int64_t i = 0; i < LARGE; i++) x[i] = 1e30f;
    is_close(mlrt__gradient_norm(x, LARGE) / (1e30 * sqrt(LARGE)), 1, 1e-6, "large elements do not overflow");
    for (int64_t i = 0; i < LARGE; i++) x[i] = 1e-30f;
    is_close(mlrt__gradient_norm(x, LARGE) / (1e-30 * sqrt(LARGE)), 1, 1e-6, "small elements do not vanish");
    is_close(mlrt__gradient_norm(x, 0), 0, 0, "the norm of nothing");
    mlrt__free_large(x);
}

static void test_threads(tiny *t) {
    flat f[3];
    for (int32_t threads = 1; threads <= 2; threads++) {
        mlrt__set_threads(threads);
        f[threads] = flat_open(t, LARGE, "adam", "lr = 0.01");
        f[threads].optimizer.clip = 1;
        for (int64_t step = 1; step <= 2; step++) {
            fill(f[threads].grad, LARGE);
            flat_step(&f[threads], step);
        }
    }
    ok(memcmp(f[1].param, f[2].param, sizeof(float) * LARGE) == 0, "a step has the same bits with one and two threads");
    flat_close(&f[1]);
    flat_close(&f[2]);
}

int main(void) {
    tiny t;
    tiny_open(&t, "sgd", "lr = 1");
    test_groups(&t);
    test_clipping(&t);
    test_schedule(&t);
    test_norm();
    test_threads(&t);
    tiny_close(&t);
    return done_testing();
}
