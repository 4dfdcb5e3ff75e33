/* transformer.c - the golden transformer: loss, every gradient, ten Adam steps and the decoded answer are PyTorch's. */
#include "fixture.h"
#include "golden/golden.h"
#include "plugin/layer.h"
#include "tap.h"

static const double tolerance = 1e-4;

typedef struct training {
    fixture f;
    float *grad, *slot[2]; /* laid out as the parameters */
    int64_t size;
} training;

static mlrt__safetensors file;

static mlrt_tensor golden(const char *key) { return golden_tensor(&file, "transformer", key); }

static mlrt_tensor golden_of(const char *prefix, const char *param) {
    char key[256];
    snprintf(key, sizeof key, "%s.%s", prefix, param);
    return golden(key);
}

static float *flat(training *t) { return mlrt__arena_alloc(&t->f.arena, sizeof(float) * (size_t)t->size); }

/* Wanted: the loss, and each gradient at its parameter's place in a buffer of its own. */
static bool build(training *t) {
    fixture *f = &t->f;
    mlrt_node *x[128], *dx[128];
    mlrt__want want[129];
    const int32_t count = f->params.count;
    const mlrt_class *loss = fixture_class(MLRT_KIND_LOSS, "cross_entropy");
    f->y = mlrt__loss_build(f->graph, (mlrt_loss *)fixture_object(f, loss, "ignore = pad"), f->y, f->x[1]);
    for (int32_t i = 0; i < count; i++) {
        const mlrt__param *p = f->params.param[i];
        x[i] = mlrt__parameter(f->graph, p->name, p->shape, p->init, true);
    }
    mlrt_grad(f->y, x, count, dx);
    mlrt__params_layout(&f->params);
    t->size = mlrt__params_size(&f->params);
    t->grad = flat(t), t->slot[0] = flat(t), t->slot[1] = flat(t);
    want[0] = (mlrt__want){f->y, NULL};
    for (int32_t i = 0; i < count; i++) want[i + 1] = (mlrt__want){dx[i], t->grad + f->params.param[i]->offset};
    return fixture_compile(f, want, count + 1);
}

static bool load(fixture *f) {
    for (int32_t i = 0; i < f->params.count; i++) {
        const char *name = f->params.param[i]->name;
        const mlrt_tensor t = golden_of("p", name);
        if (!t.data || !mlrt_shape_equal(&t.shape, &f->params.param[i]->shape)) return ok(false, "golden %s", name);
        memcpy(fixture_param(f, name), t.data, mlrt_tensor_bytes(&t));
    }
    return true;
}

/* The bias of an attention's key moves all scores of a query alike, so it has no gradient but rounding, and that is what
 * Adam makes its steps of. */
static bool is_idle(const char *param) {
    const char *bias = strstr(param, ".key.bias");
    return bias && !bias[strlen(".key.bias")];
}

/* The largest error of the numbers laid out as the parameters against the golden ones of that prefix. */
static double compare(const training *t, const float *numbers, const char *prefix) {
    double worst = 0, largest = 0;
    for (int32_t i = 0; i < t->f.params.count; i++) {
        const mlrt_tensor want = golden_of(prefix, t->f.params.param[i]->name);
        largest = fmax(largest, golden_largest(want.data, mlrt_shape_count(&want.shape)));
    }
    for (int32_t i = 0; i < t->f.params.count; i++) {
        const mlrt__param *p = t->f.params.param[i];
        const mlrt_tensor want = golden_of(prefix, p->name);
        if (numbers != t->grad && is_idle(p->name)) continue;
        const double error = golden_error(numbers + p->offset, want.data, mlrt_shape_count(&p->shape), 1e-3 * largest);
        if (error > tolerance) diag("%s of %s is off by %g", prefix, p->name, error);
        worst = fmax(worst, error);
    }
    return worst;
}

static double run(fixture *f) {
    fixture_fill(f, "x0", golden("source").data);
    fixture_fill(f, "x1", golden("target").data);
    return fixture_run(f) ? (double)fixture_result(f, 0)[0] : NAN;
}

static void check_training(void) {
    const mlrt_class *cls = fixture_class(MLRT_KIND_LAYER, "seq2seq");
    const mlrt_optimizer_class *adam = (const void *)fixture_class(MLRT_KIND_OPTIMIZER, "adam");
    training t = {0};
    fixture *f = &t.f;
    const mlrt_optimizer *o = (const mlrt_optimizer *)fixture_object(f, &adam->base, "");
    const mlrt_tensor losses = golden("losses");
    fixture_build(f, cls, golden_transformer.props, golden_transformer.inputs, true);
    if (!ok(build(&t) && load(f), "it is built as make_golden.py has it")) diag("%s", fixture_error(f));
    mlrt_range range = {
        .param = f->buffer, .grad = t.grad, .slot = {t.slot[0], t.slot[1]}, .count = (size_t)t.size, .lr = 5e-4f};
    for (int64_t step = 1; f->program && step <= mlrt_shape_count(&losses.shape); step++) {
        const double want = (double)((const float *)losses.data)[step - 1];
        if (!is_close(run(f), want, tolerance, "the loss of step %lld", (long long)step)) diag("%s", fixture_error(f));
        if (step == 1) {
            const double error = compare(&t, t.grad, "dp");
            ok(error <= tolerance, "every gradient");
            diag("largest relative error of a gradient: %.2g", error);
        }
        range.t = step;
        adam->step(o, &range);
    }
    if (f->program) {
        const double error = compare(&t, f->buffer, "after");
        ok(error <= tolerance, "every parameter after ten steps of Adam");
        diag("largest relative error of a parameter: %.2g", error);
    }
    fixture_free(f);
}

static void check_answer(void) {
    fixture f = {0};
    const mlrt_tensor want = golden("answer");
    fixture_build(&f, fixture_class(MLRT_KIND_LAYER, "seq2seq"), golden_transformer.props, golden_transformer.inputs,
                  false);
    const bool ready = fixture_compile(&f, &(mlrt__want){f.y, NULL}, 1) && load(&f);
    if (ready) {
        fixture_fill(&f, "x0", golden("source").data);
        fixture_run(&f);
    }
    const bool ran = ready && f.err.status == MLRT_OK;
    ok(ran && memcmp(fixture_result(&f, 0), want.data, mlrt_tensor_bytes(&want)) == 0, "the answer decoded greedily");
    if (!ran) diag("%s", fixture_error(&f));
    ok(ready && !mlrt__program_input(f.program, "x1").data, "decoding does not read the target");
    fixture_free(&f);
}

int main(void) {
    char text[1024];
    golden_open(&file, "transformer");
    is_str(mlrt__safetensors_metadata(&file, "transformer"), golden_text(&golden_transformer, text, sizeof text),
           "the golden file is of this transformer");
    check_training();
    check_answer();
    mlrt__safetensors_close(&file);
    return done_testing();
}
