/* optimizer.c - every optimizer against PyTorch: ten steps with given gradients; and what each promises of ranges. */
#include "fixture.h"
#include "golden/golden.h"
#include "plugins/core/core.h"
#include "tap.h"

enum { MOST = 64 };

static const double tolerance = 1e-5;

/* Parameters, slots and gradient of a small problem, with some room behind that nobody may touch. */
typedef struct problem {
    float param[MOST], slot[MLRT_MAX_SLOTS][MOST], grad[MOST];
} problem;

/* One step over [0, count) in ranges of `size`. */
static void step(const mlrt_optimizer *o, problem *p, size_t count, size_t size, float lr, int64_t t) {
    for (size_t at = 0; at < count; at += size) {
        mlrt_range r = {.param = p->param + at, .grad = p->grad + at, .lr = lr, .t = t};
        r.count = count - at < size ? count - at : size;
        for (int32_t s = 0; s < MLRT_MAX_SLOTS; s++) r.slot[s] = p->slot[s] + at;
        ((const mlrt_optimizer_class *)o->object.cls)->step(o, &r);
    }
}

static float learning_rate(const mlrt_optimizer *o) {
    for (const mlrt_prop *p = o->object.cls->props; p->name; p++)
        if (strcmp(p->name, "lr") == 0) return *(const float *)((const char *)o->object.props + p->offset);
    return NAN;
}

static double run_case(const mlrt_class *cls, const mlrt_case *c, const char *name, mlrt__safetensors *file) {
    const mlrt_tensor p0 = golden_tensor(file, name, "p0"), g = golden_tensor(file, name, "g");
    const mlrt_tensor y = golden_tensor(file, name, "y");
    if (!ok(p0.data && g.data && y.data, "%s: golden values", name)) return 0;
    const int64_t steps = y.shape.dim[0], count = y.shape.dim[1];
    const size_t bytes = sizeof(float) * (size_t)count;
    fixture f = {0};
    const mlrt_optimizer *o = (const mlrt_optimizer *)fixture_object(&f, cls, c->props);
    problem one = {0}, many = {0};
    double worst = 0;
    memcpy(one.param, p0.data, bytes);
    memcpy(many.param, p0.data, bytes);
    for (int64_t t = 1; t <= steps; t++) {
        memcpy(one.grad, (const float *)g.data + (t - 1) * count, bytes);
        memcpy(many.grad, one.grad, bytes);
        step(o, &one, (size_t)count, (size_t)count, learning_rate(o), t);
        step(o, &many, (size_t)count, 16, learning_rate(o), t);
        worst = fmax(worst, golden_error(one.param, (const float *)y.data + (t - 1) * count, count, 1));
    }
    ok(worst <= tolerance, "%s { %s } takes PyTorch's steps", cls->name, c->props);
    if (worst > tolerance) diag("off by %g %s", worst, fixture_error(&f));
    ok(memcmp(&one, &many, sizeof one) == 0, "%s { %s }: the same bits in ranges of 16", cls->name, c->props);
    bool untouched = true;
    for (int64_t i = count; i < MOST; i++) untouched = untouched && one.param[i] == 0 && one.slot[0][i] == 0;
    ok(untouched, "%s { %s }: nothing behind the range is touched", cls->name, c->props);
    fixture_free(&f);
    return worst;
}

static void check_nan(const mlrt_class *cls) {
    fixture f = {0};
    const mlrt_optimizer *o = (const mlrt_optimizer *)fixture_object(&f, cls, "");
    problem p = {.param = {1, 1}, .grad = {NAN, 0}};
    step(o, &p, 2, 2, 0.1f, 1);
    ok(isnan(p.param[0]) && !isnan(p.param[1]), "%s: a gradient that is not a number stays in its own parameter",
       cls->name);
    fixture_free(&f);
}

static double run_class(const mlrt_class *cls, mlrt__safetensors *file) {
    char name[128], text[1024];
    double worst = 0;
    if (!ok(cls->cases && cls->cases[0].torch, "%s has a case", cls->name)) return 0;
    for (int32_t i = 0; cls->cases[i].torch; i++) {
        snprintf(name, sizeof name, "%s.%d", cls->name, i);
        is_str(mlrt__safetensors_metadata(file, name), golden_text(&cls->cases[i], text, sizeof text),
               "%s: the golden file knows this case", name);
        worst = fmax(worst, run_case(cls, &cls->cases[i], name, file));
    }
    check_nan(cls);
    return worst;
}

/* Divisors of all sizes that roots have; in half units of the last place. */
static void test_reciprocal(void) {
    enum { COUNT = 1 << 20 };
    double worst = 0;
    for (int32_t i = 0; i < COUNT; i++) {
        const float d = (float)exp2(140 * mlrt_random_f64(1, 1, (uint64_t)i) - 70);
        worst = fmax(worst, fabs((double)core_reciprocal(d) * (double)d - 1) / 0x1p-24);
    }
    ok(worst < 3, "reciprocals are within 1.5 ulp: %.2f half units", worst);
    ok(isnan(core_reciprocal(NAN)), "of what is not a number, too");
}

int main(void) {
    test_reciprocal();
    const mlrt__registry *r = fixture_registry();
    mlrt__safetensors file;
    double worst = 0;
    golden_open(&file, "optimizer");
    for (int32_t i = 0; i < r->entries; i++)
        if (r->entry[i].cls->kind == MLRT_KIND_OPTIMIZER && strcmp(r->entry[i].from->plugin->name, "core") == 0)
            worst = fmax(worst, run_class(r->entry[i].cls, &file));
    mlrt__safetensors_close(&file);
    diag("largest relative error: %.2g", worst);
    return done_testing();
}
