/* golden.c - every layer and loss against PyTorch: outputs and all gradients, case by case from the classes themselves. */
#include "golden/golden.h"
#include "derivative.h"
#include "plugin/kinds.h"
#include "tap.h"

static const double tolerance = 1e-4;

/* Golden numbers into a field or parameter; false when they are missing or of another size. */
static bool copy(mlrt__safetensors *file, const char *name, const char *key, float *into, int64_t count) {
    const mlrt_tensor t = golden_tensor(file, name, key);
    if (!t.data || mlrt_shape_count(&t.shape) != count) return ok(false, "%s: golden values of %s", name, key);
    memcpy(into, t.data, mlrt_tensor_bytes(&t));
    return true;
}

static const char *key_of(char *buffer, size_t size, const char *prefix, const char *variable) {
    const bool input = variable[0] == 'x' && variable[1] >= '0' && variable[1] <= '9';
    snprintf(buffer, size, "%s%s%s", prefix, input ? "" : "p.", variable);
    return buffer;
}

static bool load(derivative *d, mlrt__safetensors *file, const char *name) {
    char key[256];
    bool fine = copy(file, name, "w", d->part[0].value, d->part[0].count);
    for (int32_t i = 0; i < d->f->inputs; i++)
        fine = copy(file, name, d->field[i].name, d->field[i].value, d->field[i].count) && fine;
    for (int32_t i = 0; i < d->variables; i++)
        fine = copy(file, name, key_of(key, sizeof key, "", d->variable[i].name), d->variable[i].value,
                    d->variable[i].count) &&
               fine;
    return fine;
}

/* PyTorch's gradients, in the order of the variables; the largest magnitude among them. */
static double find_gradients(const derivative *d, mlrt__safetensors *file, const char *name, const float **want) {
    char key[256];
    double largest = 0;
    for (int32_t i = 0; i < d->variables; i++) {
        want[i] = golden_tensor(file, name, key_of(key, sizeof key, "d", d->variable[i].name)).data;
        largest = fmax(largest, golden_largest(want[i], d->variable[i].count));
    }
    return largest;
}

/* A gradient that is zero by mathematics (of the key's bias in attention) is measured by the others. */
static double compare(const derivative *d, mlrt__safetensors *file, const char *name, double *forward) {
    const float *want[DERIVATIVE_MOST];
    const mlrt_tensor y = golden_tensor(file, name, "y");
    const double least = 1e-2 * find_gradients(d, file, name, want);
    double worst = 0;
    *forward = golden_error(derivative_part_value(d, 0), y.data, d->part[0].count, 1e-2);
    for (int32_t i = 0; i < d->variables; i++) {
        const double error = golden_error(derivative_of(d, i), want[i], d->variable[i].count, least);
        if (error > tolerance) diag("%s: the gradient of %s is off by %g", name, d->variable[i].name, error);
        worst = fmax(worst, error);
    }
    return worst;
}

static double run_case(const mlrt_class *cls, const mlrt_case *c, int32_t index, mlrt__safetensors *file) {
    char name[128], text[1024];
    fixture f = {0};
    derivative d;
    double forward = INFINITY, backward = INFINITY;
    snprintf(name, sizeof name, "%s.%d", cls->name, index);
    if (!is_str(mlrt__safetensors_metadata(file, name), golden_text(c, text, sizeof text),
                "%s: the golden file knows this case", name)) {
        diag("run tests/golden/make_golden.py");
        return 0;
    }
    fixture_build(&f, cls, c->props, c->inputs, true);
    if (derivative_new(&d, &f, 1) && load(&d, file, name)) {
        derivative_value(&d);
        if (f.err.status == MLRT_OK) backward = compare(&d, file, name, &forward);
    }
    ok(forward <= tolerance, "%s { %s } gives what PyTorch gives", cls->name, c->props);
    ok(backward <= tolerance, "%s { %s } has PyTorch's gradients", cls->name, c->props);
    if (f.err.status != MLRT_OK) diag("%s", fixture_error(&f));
    fixture_free(&f);
    return fmax(forward, backward);
}

static double run_class(const mlrt_class *cls, mlrt__safetensors *file) {
    double worst = 0;
    if (!ok(cls->cases && cls->cases[0].torch, "%s has a case", cls->name)) return 0;
    for (int32_t i = 0; cls->cases[i].torch; i++) worst = fmax(worst, run_case(cls, &cls->cases[i], i, file));
    return worst;
}

int main(void) {
    const mlrt__registry *r = fixture_registry();
    double worst = 0;
    for (mlrt_kind kind = MLRT_KIND_LAYER; kind <= MLRT_KIND_LOSS; kind++) {
        mlrt__safetensors file;
        golden_open(&file, mlrt__kinds[kind].name);
        for (int32_t i = 0; i < r->entries; i++)
            if (r->entry[i].cls->kind == kind && strcmp(r->entry[i].from->plugin->name, "core") == 0)
                worst = fmax(worst, run_class(r->entry[i].cls, &file));
        mlrt__safetensors_close(&file);
    }
    diag("largest relative error: %.2g", worst);
    return done_testing();
}
