/* gradient.c - the gradients of every smooth case against finite differences, first and second derivatives. */
#include "derivative.h"
#include "tap.h"

static const double tolerance = 2e-3; /* what f32 allows differences */

static void check_first(const mlrt_class *cls, const mlrt_case *c, double *worst) {
    fixture f = {0};
    derivative d;
    double error = INFINITY;
    fixture_build(&f, cls, c->props, c->inputs, true);
    if (derivative_new(&d, &f, 1)) error = derivative_check(&d);
    ok(error <= tolerance, "%s { %s }: gradients are slopes", cls->name, c->props);
    if (!(error <= tolerance)) diag("off by %g %s", error, fixture_error(&f));
    *worst = fmax(*worst, error);
    fixture_free(&f);
}

/* A second derivative is right, or refused in so many words: returns whether there is one. */
static bool check_second(const mlrt_class *cls, const mlrt_case *c, double *worst) {
    fixture f = {0};
    derivative d;
    fixture_build(&f, cls, c->props, c->inputs, true);
    const bool there = derivative_new(&d, &f, 2);
    if (there) {
        const double error = derivative_check(&d);
        ok(error <= tolerance, "%s { %s }: second derivatives are slopes of the first", cls->name, c->props);
        if (!(error <= tolerance)) diag("off by %g %s", error, fixture_error(&f));
        *worst = fmax(*worst, error);
    } else {
        has_str(fixture_error(&f), "no second derivative", "%s { %s }: says that it has no second derivative",
                cls->name, c->props);
    }
    fixture_free(&f);
    return there;
}

static bool in(const char *name, const char *const *list) {
    while (*list && strcmp(*list, name) != 0) list++;
    return *list != NULL;
}

int main(void) {
    /* What losses with derivatives in them are made of. */
    static const char *const twice[] = {"gelu",     "linear", "sigmoid",         "silu", "softmax",
                                        "softplus", "tanh",   "bce_with_logits", "mse",  NULL};
    const mlrt__registry *r = fixture_registry();
    double first = 0, second = 0;
    for (int32_t i = 0; i < r->entries; i++) {
        const mlrt_class *cls = r->entry[i].cls;
        if ((cls->kind != MLRT_KIND_LAYER && cls->kind != MLRT_KIND_LOSS) || !cls->cases) continue;
        if (strcmp(r->entry[i].from->plugin->name, "core") != 0) continue;
        for (const mlrt_case *c = cls->cases; c->torch; c++) {
            if (c->rough) continue;
            check_first(cls, c, &first);
            const bool there = check_second(cls, c, &second);
            if (in(cls->name, twice)) ok(there, "%s can be differentiated twice", cls->name);
        }
    }
    diag("largest relative difference: %.2g, second derivatives %.2g", first, second);
    return done_testing();
}
